"""declining: these events have become rarer.

    {declining: core, by: 60 %, within: 7 days, against: 28 days}

Compares the 7 days that end yesterday with the 28 days before them, per day: it holds when the newer figure is 60 % or
more below the older. Only complete local days count, so the answer changes at the first instant of a date. Where nothing
happened before, nothing declines.

It is undecided until the user is known for all of these days. Undecided parts keep an `any` undecided too, and with it
whoever is in the stage. So, beside another rule: `{all: [{not: {first: activity, within: 35 days}}, {declining: ...}]}`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, StrictStr, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import whole_days
from stage_models.events import Event
from stage_models.facts import DayCounts
from stage_models.facts.day_counts import count_of, is_folded
from stage_models.facts.fact import FIRST_SEEN_BIT, TIME_BIT
from stage_models.terms import Duration, Events, mistake
from stage_models.user import NEVER, User

_PERCENT = re.compile(r"(\d{1,3})(?:\.(\d{1,2}))? *%")
_WHOLE = 10_000  # 100 %, in hundredths of a percent


class Declining(Rule):
    """Events per day over the last days are down by that share against the days before them."""

    KEY: ClassVar[str] = "declining"

    declining: Events
    by: StrictStr = Field(description="a share such as 60 %: how far down it must be, at least")
    within: Duration = Field(description="whole days that end yesterday")
    against: Duration = Field(description="whole days before those")

    @model_validator(mode="after")
    def _is_possible(self) -> Declining:
        if not 0 < self.share <= _WHOLE:
            raise mistake(
                "percent",
                "by is no share",
                expected="a share above 0 % and up to 100 %, such as 60 %",
                found=self.by,
                hint="by: 60 %",
            )
        whole_days("within", self.within)
        whole_days("against", self.against)
        return self

    @property
    def share(self) -> int:
        """By how much, in hundredths of a percent; 0 when the text is no percentage."""
        match = _PERCENT.fullmatch(self.by)
        return int(match[1]) * 100 + int((match[2] or "").ljust(2, "0")) if match else 0

    def sentence(self) -> str:
        days = f"over {self.within} against the {self.against} before"
        return f"{events_label(self.declining)} down by at least {self.by} {days}"

    def compile(self, scope: Scope) -> Condition:
        return DecliningBy(scope, self)


class DecliningBy(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: Declining) -> None:
        super().__init__(scope, rule.sentence())
        self.share_left = _WHOLE - rule.share
        self.days = whole_days("within", rule.within)
        self.days_before = whole_days("against", rule.against)
        self.days_known = self.days + self.days_before
        self.calendar = scope.calendar
        events = scope.events("declining", rule.declining)
        self.fact = scope.fact(DayCounts(events, self.days_known, scope.calendar))
        reads = self.fact.bit | TIME_BIT
        self.reads_of(raised_by=reads, lowered_by=reads, also=FIRST_SEEN_BIT)

    def holds(self, user: User, at: int) -> Answer:
        today = self.calendar.date_of(at)
        if today < self._known_on(user):
            return None
        before, lately = self._figures(user, today)
        return before > 0 and lately * self.days_before * _WHOLE <= self._limit(before)

    def next_change(self, user: User, at: int) -> int:
        today = self.calendar.date_of(at)
        change = known_on if (known_on := self._known_on(user)) > today else NEVER
        for date, *_ in user.facts[self.fact.index]:
            # The date begins to count, moves to the older days, and counts no more.
            for begins in (date + 1, date + 1 + self.days, date + 1 + self.days_known):
                if today < begins < change:
                    change = begins
        return change if change == NEVER else self.calendar.begin_of(change)

    def decided_from(self, user: User, at: int, since: int) -> int:
        return self.calendar.begin_of(self.calendar.date_of(since - 1) + self.days_known + 1)

    def observe(self, user: User, at: int) -> Observation:
        today = self.calendar.date_of(at)
        items = self.fact.between(user, today - self.days_known, today)
        before, lately = self._figures(user, today)
        return Observation(
            round(lately / self.days, 3),
            round(self._limit(before) / (self.days * self.days_before * _WHOLE), 3),
            [self.calendar.begin_of(item[0]) for item in reversed(items)],
            any(map(is_folded, items)),
        )

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        begin = self.calendar.begin_of(self.calendar.date_of(event.occurred_at))
        return begin in instants and self.fact.events.holds(event)

    def _known_on(self, user: User) -> int:
        """The first date on which all days are known."""
        return self.calendar.date_of(user.first_seen) + self.days_known

    def _figures(self, user: User, today: int) -> tuple[int, int]:
        """How many events on the older days and on the newer ones."""
        begins = today - self.days
        before = self.fact.between(user, begins - self.days_before, begins)
        lately = self.fact.between(user, begins, today)
        return sum(map(count_of, before)), sum(map(count_of, lately))

    def _limit(self, before: int) -> int:
        """What is left per day when it is down by the share, times both lengths and 100 %, so that it is whole."""
        return before * self.days * self.share_left


EXAMPLES = """
{declining: core, by: 60 %, within: 7 days, against: 28 days}

time              event            holds
2026-01-01 10:00  Report Exported  undecided
2026-01-15 10:00  Report Exported  undecided
2026-02-04 23:59  -                undecided
2026-02-05 00:00  -                yes        known for 35 days; 2 in 28 days, then none in 7
2026-02-06 10:00  Report Exported  yes        today is not over
2026-02-07 00:00  -                no
"""
