"""returned: the user came back after a long time away.

    {returned: order, after: 60 days, within: 14 days}

An event in the rolling window (t - within < event time <= t), or ever, came at least `after` later than the event
before it. The first event ever is no return. An event that turns up late, in between, undoes it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule, earliest
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import check_length, window_words
from stage_models.events import Event
from stage_models.facts import First, Visits
from stage_models.facts.fact import TIME_BIT
from stage_models.terms import Duration, Events
from stage_models.user import NEVER, User


class Returned(Rule):
    """Such an event in the window came that long after the one before it."""

    KEY: ClassVar[str] = "returned"

    returned: Events
    after: Duration = Field(description="how long they were away, at least")
    within: Duration | None = Field(None, description="how long ago the return may be; left out: ever")

    @model_validator(mode="after")
    def _is_possible(self) -> Returned:
        check_length("after", self.after)
        check_length("within", self.within)
        return self

    def sentence(self) -> str:
        window = window_words(self.within, None)
        return f"{events_label(self.returned)}{window}, {self.after} or more after the one before"

    def compile(self, scope: Scope) -> Condition:
        return ReturnedAfter(scope, self)


class ReturnedAfter(Condition):
    """The evaluator's form. A return begins a visit, if visits are `after` apart, that is not the first."""

    def __init__(self, scope: Scope, rule: Returned) -> None:
        super().__init__(scope, rule.sentence())
        self.within_ms = rule.within.ms if rule.within else None
        events = scope.events("returned", rule.returned)
        self.first = scope.fact(First(events))
        self.fact = scope.fact(Visits(events, rule.after.ms, self.within_ms, scope.lateness_ms))
        facts = self.fact.bit | self.first.bit
        self.reads_of(raised_by=facts, lowered_by=TIME_BIT if self.within_ms is not None else 0, also=facts)

    def holds(self, user: User, at: int) -> Answer:
        returned = self._newest(user)
        return returned is not None and (self.within_ms is None or returned > at - self.within_ms)

    def next_change(self, user: User, at: int) -> int:
        returned = self._newest(user)
        if returned is None or self.within_ms is None:
            return NEVER
        return earliest(at, returned + self.within_ms)

    def decided_from(self, user: User, at: int, since: int) -> int:
        returned = self._newest(user)
        if returned is not None and returned - self.fact.gap_ms >= since:
            return at
        if self.within_ms is None:
            return NEVER
        visits: list[list[int]] = user.facts[self.fact.index]
        newest = visits[-1][0] if visits else since - 1
        return max(newest, since - 1) + self.within_ms

    def observe(self, user: User, at: int) -> Observation:
        returned = self._newest(user)
        return Observation(int(self.holds(user, at) is True), 1, [] if returned is None else [returned])

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        return event.occurred_at in instants and self.fact.events.holds(event)

    def _newest(self, user: User) -> int | None:
        """When the user last came back."""
        visits, first = user.facts[self.fact.index], user.facts[self.first.index]
        if not visits or not first or visits[-1][0] <= first[0]:
            return None
        begins: int = visits[-1][0]
        return begins


EXAMPLES = """
{returned: order, after: 60 days, within: 14 days}

time              event            holds
2026-01-05 10:00  Order Completed  no     the first is no return
2026-03-06 10:00  Order Completed  yes    exactly 60 days later
2026-03-20 10:00  -                no
2026-02-01 10:00  Order Completed  no     it came late: there was no such gap
"""
