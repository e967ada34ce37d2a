"""active_days: on how many different local days these events happened.

    {active_days: activity, at_least: 3, within: 7 days}
    {active_days: core, at_most: 1, within: 7 days}

`within: N days` is today and the N - 1 dates before it, in the policy's time zone. It counts by date, never by
multiples of 24 hours, so the answer changes at the first instant of a local date. However often somebody comes on one
day, it is one day.

`at_most` is undecided until the user is known for all of these dates, unless the bound is broken already.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, model_validator

from stage_models.conditions.keys import AtLeast, AtMost
from stage_models.conditions.ranges import (
    check_range,
    is_final,
    judge_open,
    masks,
    range_words,
    ranks,
    threshold,
)
from stage_models.conditions.rule import Answer, Condition, Observation, Rule
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import whole_days
from stage_models.events import Event
from stage_models.facts import Days
from stage_models.facts.fact import FIRST_SEEN_BIT
from stage_models.terms import Duration, Events, mistake
from stage_models.user import NEVER, User


class ActiveDays(Rule):
    """The number of local days with such an event is in the range."""

    KEY: ClassVar[str] = "active_days"

    active_days: Events
    at_least: AtLeast = None
    at_most: AtMost = None
    within: Duration = Field(description="whole days: today and the dates before it")

    @model_validator(mode="after")
    def _is_possible(self) -> ActiveDays:
        check_range(self.at_least, self.at_most)
        days = whole_days("within", self.within)
        if self.at_least is not None and self.at_least > days:
            raise mistake(
                "never",
                "can never hold",
                expected=f"at_least of at most {days}",
                found=f"at_least: {self.at_least}",
            )
        return self

    def sentence(self) -> str:
        days = range_words(self.at_least, self.at_most)
        unit = "day" if (self.at_most or self.at_least) == 1 else "days"
        return f"{events_label(self.active_days)} on {days} {unit} within {self.within}"

    def compile(self, scope: Scope) -> Condition:
        return ActiveDaysWithin(scope, self)


class ActiveDaysWithin(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: ActiveDays) -> None:
        super().__init__(scope, rule.sentence())
        self.at_least, self.at_most = rule.at_least, rule.at_most
        self.days = whole_days("within", rule.within)
        self.calendar = scope.calendar
        depth = max(self.at_least or 0, 0 if self.at_most is None else self.at_most + 1)
        self.fact = scope.fact(Days(scope.events("active_days", rule.active_days), depth, scope.calendar))
        self.index = self.fact.index
        self.ranks = ranks(self.at_least, self.at_most)
        also = 0 if self.at_most is None else FIRST_SEEN_BIT
        self.reads_of(*masks(self.fact.bit, self.at_least, self.at_most), also=also)

    def holds(self, user: User, at: int) -> Answer:
        dates = user.facts[self.index]
        before = self.calendar.date_of(at) - self.days
        least = self.at_least
        if self.at_most is None and least is not None:
            return len(dates) >= least and bool(dates[-least] > before)
        count = len(dates) - bisect_left(dates, before + 1)
        is_known = self.calendar.date_of(user.first_seen) <= before
        return judge_open(count, self.at_least, self.at_most, is_known)

    def next_change(self, user: User, at: int) -> int:
        dates = user.facts[self.index]
        change = NEVER
        for rank in self.ranks:
            if rank <= len(dates):
                leaves = self.calendar.begin_of(dates[-rank] + self.days)
                if at < leaves < change:
                    change = leaves
        if self.at_most is None:
            return change
        known_at = self.calendar.begin_of(self.calendar.date_of(user.first_seen) + self.days)
        return known_at if at < known_at < change else change

    def decided_from(self, user: User, at: int, since: int) -> int:
        if is_final(self.holds(user, at), self.at_least, self.at_most):
            return at
        return self.calendar.begin_of(self.calendar.date_of(since - 1) + self.days)

    def observe(self, user: User, at: int) -> Observation:
        before = self.calendar.date_of(at) - self.days
        instants = [
            self.calendar.begin_of(date) for date in reversed(user.facts[self.fact.index]) if date > before
        ]
        return Observation(len(instants), threshold(len(instants), self.at_least, self.at_most), instants)

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        begin = self.calendar.begin_of(self.calendar.date_of(event.occurred_at))
        return begin in instants and self.fact.events.holds(event)


EXAMPLES = """
{active_days: activity, at_least: 3, within: 7 days}

time              event      holds
2026-01-05 10:00  Signed In  no
2026-01-05 18:00  Signed In  no     the same day
2026-01-06 10:00  Signed In  no
2026-01-09 23:59  Signed In  yes
2026-01-11 23:59  -          yes
2026-01-12 00:00  -          no     the 5th is no longer one of 7 days
"""
