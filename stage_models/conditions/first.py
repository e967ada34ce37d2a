"""first: the user's first such event ever was of late.

    {first: order, within: 7 days}

Holds from the first event on until exactly `within` after it, and never again. A late event that turns out to be the
first moves it back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule, earliest
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import check_length
from stage_models.events import Event
from stage_models.facts import First as FirstFact
from stage_models.facts.fact import TIME_BIT
from stage_models.terms import Duration, Events
from stage_models.user import NEVER, User


class First(Rule):
    """The first such event lies in the window."""

    KEY: ClassVar[str] = "first"

    first: Events
    within: Duration = Field(description="how long ago it may be")

    @model_validator(mode="after")
    def _is_possible(self) -> First:
        check_length("within", self.within)
        return self

    def sentence(self) -> str:
        return f"the first {events_label(self.first)} ever within {self.within}"

    def compile(self, scope: Scope) -> Condition:
        return FirstWithin(scope, self)


class FirstWithin(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: First) -> None:
        super().__init__(scope, rule.sentence())
        self.within_ms = rule.within.ms
        self.fact = scope.fact(FirstFact(scope.events("first", rule.first)))
        self.index = self.fact.index
        self.reads_of(raised_by=self.fact.bit, lowered_by=TIME_BIT)

    def holds(self, user: User, at: int) -> Answer:
        first = user.facts[self.index]
        return bool(first) and bool(first[0] > at - self.within_ms)

    def next_change(self, user: User, at: int) -> int:
        first = user.facts[self.index]
        return earliest(at, first[0] + self.within_ms) if first else NEVER

    def decided_from(self, user: User, at: int, since: int) -> int:
        first = user.facts[self.index]
        return (first[0] if first else since - 1) + self.within_ms

    def observe(self, user: User, at: int) -> Observation:
        is_new = self.holds(user, at) is True
        return Observation(int(is_new), 1, user.facts[self.index][:1])

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        return event.occurred_at in instants and self.fact.events.holds(event)


EXAMPLES = """
{first: order, within: 7 days}

time              event            holds
2026-01-05 10:00  Order Completed  yes
2026-01-12 10:00  -                no
2026-01-20 10:00  Order Completed  no     not the first
"""
