"""distinct: how many different values a property of these events had.

    {distinct: order, property: category, at_least: 3, within: 28 days}

The values of the events in the rolling window (t - within < event time <= t), or of all time. 1 and 1.0 are one value,
1 and "1" are two. Events without the property are passed over, and so are lists and mappings.

`at_most` over a window is undecided until the user is known for the whole window, unless the bound is broken already.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from stage_models.conditions.counting import CountLately, depth_of
from stage_models.conditions.keys import AtLeast, AtMost, Property
from stage_models.conditions.ranges import check_range, range_words
from stage_models.conditions.rule import Condition, Rule
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import check_window, window_words
from stage_models.facts import Values
from stage_models.terms import Duration, Events


class Distinct(Rule):
    """The number of different values in the window is in the range."""

    KEY: ClassVar[str] = "distinct"

    distinct: Events
    property: Property
    at_least: AtLeast = None
    at_most: AtMost = None
    within: Duration | None = Field(None, description="how far back the window reaches; left out: all time")

    @model_validator(mode="after")
    def _is_possible(self) -> Distinct:
        check_range(self.at_least, self.at_most)
        check_window(self.within, None, self.at_most)
        return self

    def sentence(self) -> str:
        bounds = range_words(self.at_least, self.at_most)
        events = events_label(self.distinct)
        return f"{bounds} different values of {self.property} of {events}{window_words(self.within, None)}"

    def compile(self, scope: Scope) -> Condition:
        bounds = self.at_least, self.at_most
        fact = scope.fact(Values(scope.events("distinct", self.distinct), self.property, depth_of(bounds)))
        return CountLately(scope, self.sentence(), fact, bounds, self.within.ms if self.within else None)


EXAMPLES = """
{distinct: order, property: category, at_least: 3, within: 28 days}

time              event                              holds
2026-01-05 10:00  Order Completed {category: bread}  no
2026-01-06 10:00  Order Completed {category: milk}   no
2026-01-07 10:00  Order Completed {category: milk}   no     the same value
2026-01-08 10:00  Order Completed {category: fruit}  yes
2026-02-02 10:00  -                                  no     bread was 28 days ago
"""
