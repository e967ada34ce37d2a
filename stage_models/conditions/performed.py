"""performed: how often these events happened.

    {performed: pricing, at_least: 2, within: 7 days}
    {performed: order, at_least: 11, at_most: 30, within: 7 days, since: Signed Up}

A rolling window at instant t covers t - within < event time <= t; with `since` it covers within from the
user's first such event on (that event counts too). Without a window all time counts. With `during: {from: 11-20,
to: 12-26}` only events of these local dates count.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, PositiveInt, StrictInt, model_validator

from stage_models.conditions.counting import CountLately, CountSince, depth_of
from stage_models.conditions.ranges import check_range, range_words
from stage_models.conditions.rule import Condition, Rule
from stage_models.conditions.scope import Scope, events_label, narrowed
from stage_models.conditions.windows import anchor_fact, check_window, window_words
from stage_models.facts import Anchored, Newest
from stage_models.terms import DateRange, Duration, Events, Where


class Performed(Rule):
    """The number of events in the window is in the range."""

    KEY: ClassVar[str] = "performed"

    performed: Events
    at_least: PositiveInt | None = None
    at_most: StrictInt | None = Field(None, ge=0)
    within: Duration | None = None
    since: Events | None = None
    where: Where | None = None
    during: DateRange | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Performed:
        if self.bounds[0] is not None or self.at_most is not None:
            check_range(*self.bounds)
        check_window(self.within, self.since, self.at_most)
        return self

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """at_least (1 when neither bound is written) and at_most."""
        if self.at_least is None and self.at_most is None:
            return 1, None
        return self.at_least, self.at_most

    def sentence(self) -> str:
        events = narrowed(events_label(self.performed), self.where, self.during)
        return f"{range_words(*self.bounds)} of {events}{window_words(self.within, self.since)}"

    def compile(self, scope: Scope) -> Condition:
        within_ms = self.within.ms if self.within else None
        events = scope.events("performed", self.performed, self.where, self.during)
        depth = depth_of(self.bounds)
        if self.since is None:
            fact = scope.fact(Newest(events, depth))
            return CountLately(scope, self.sentence(), fact, self.bounds, within_ms)
        anchor = anchor_fact(scope, "since", self.since)
        counted = scope.fact(Anchored(events, anchor, within_ms, scope.lateness_ms, most=depth))
        return CountSince(scope, self.sentence(), counted, self.bounds)
