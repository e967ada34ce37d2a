"""regular: these events come again and again, in one stretch of time after the other.

    {regular: activity, per: 7 days, periods: 3, of_last: 4}
    {regular: order, at_least: 2, per: 12 hours, periods: 2, of_last: 3}

Counted back from the instant, at least `at_least` of them in `periods` of the last `of_last` stretches of `per`. Stretches
in days or weeks are local dates, the newest of them ends today; others are exact: at instant t the newest covers
t - per < event time <= t. So it asks for a habit, not for a number: ten events on one day are one stretch.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from pydantic import Field, PositiveInt, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import check_length
from stage_models.events import Event
from stage_models.facts import DayCounts, Days, Fact, Newest
from stage_models.facts.day_counts import count_of
from stage_models.facts.fact import CAP, TIME_BIT
from stage_models.instants import DAY
from stage_models.terms import Duration, Events, mistake
from stage_models.user import NEVER, User

LOOKS = 40
"""Instants at which an event passes into an older stretch that are looked at for the next change; what comes
later is looked at then.
"""


class Regular(Rule):
    """Enough such events in enough of the last stretches."""

    KEY: ClassVar[str] = "regular"

    regular: Events
    at_least: PositiveInt = Field(1, description="how many events a stretch needs")
    per: Duration = Field(description="how long a stretch is; days and weeks are local dates")
    periods: PositiveInt = Field(description="in how many stretches they must have come")
    of_last: PositiveInt = Field(description="how many stretches are looked at, counted back from now")

    @model_validator(mode="after")
    def _is_possible(self) -> Regular:
        check_length("per", self.per)
        if self.periods > self.of_last:
            raise mistake(
                "regular",
                "periods is above of_last",
                expected=f"periods of at most {self.of_last}",
                found=str(self.periods),
            )
        return self

    def sentence(self) -> str:
        stretches = f"{self.periods} of the last {self.of_last} stretches of {self.per}"
        return f"at least {self.at_least} of {events_label(self.regular)} in {stretches}"

    def compile(self, scope: Scope) -> Condition:
        return RegularOf(scope, self)


class RegularOf(Condition):
    """The evaluator's form. Time runs in units: local dates, or milliseconds; a stretch has `length` of them."""

    def __init__(self, scope: Scope, rule: Regular) -> None:
        super().__init__(scope, rule.sentence())
        self.at_least, self.periods, self.of_last = rule.at_least, rule.periods, rule.of_last
        events, calendar = scope.events("regular", rule.regular), scope.calendar
        self.unit_of: Callable[[int], int] = int
        self.begin_of: Callable[[int], int] = int
        self.read = _event
        self.fact: Fact
        if not rule.per.is_in_days:
            self.length = rule.per.ms
            self.fact = scope.fact(Newest(events, max(CAP, rule.at_least * rule.of_last)))
        else:
            self.length = rule.per.ms // DAY
            self.unit_of, self.begin_of = calendar.date_of, calendar.begin_of
            days = self.length * rule.of_last
            if rule.at_least == 1:
                self.fact, self.read = scope.fact(Days(events, days, calendar)), _date
            else:
                self.fact, self.read = scope.fact(DayCounts(events, days, calendar)), _date_with_count
        self.reads_of(raised_by=self.fact.bit | TIME_BIT, lowered_by=self.fact.bit | TIME_BIT)

    def holds(self, user: User, at: int) -> Answer:
        return self._full(user, self.unit_of(at)) >= self.periods

    def next_change(self, user: User, at: int) -> int:
        now = self.unit_of(at)
        held = self._full(user, now) >= self.periods
        for _ in range(LOOKS):
            crossings = [when + (ago + 1) * self.length for when, ago, _ in self._counted(user, now)]
            if not crossings:
                return NEVER
            now = min(crossings)
            if (self._full(user, now) >= self.periods) != held:
                break
        return self.begin_of(now)

    def decided_from(self, user: User, at: int, since: int) -> int:
        if self.holds(user, at):
            return at
        return self.begin_of(self.unit_of(since - 1) + self.of_last * self.length)

    def observe(self, user: User, at: int) -> Observation:
        now = self.unit_of(at)
        instants = [self.begin_of(when) for when, _, _ in self._counted(user, now)]
        return Observation(self._full(user, now), self.periods, instants)

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        begins = self.begin_of(self.unit_of(event.occurred_at))
        return begins in instants and self.fact.events.holds(event)

    def _full(self, user: User, now: int) -> int:
        """How many of the stretches have enough events."""
        counts = [0] * self.of_last
        for _, ago, count in self._counted(user, now):
            counts[ago] += count
        return sum(count >= self.at_least for count in counts)

    def _counted(self, user: User, now: int) -> list[tuple[int, int, int]]:
        """When (newest first), how many stretches ago, and how many events, as far as the stretches reach."""
        found = []
        for item in reversed(user.facts[self.fact.index]):
            when, count = self.read(item)
            ago = (now - when) // self.length
            if ago >= self.of_last:
                break
            found.append((when, ago, count))
        return found


def _event(item: Any) -> tuple[int, int]:
    return item[0], 1


def _date(item: Any) -> tuple[int, int]:
    return item, 1


def _date_with_count(item: Any) -> tuple[int, int]:
    return item[0], count_of(item)


EXAMPLES = """
{regular: activity, per: 7 days, periods: 3, of_last: 4}

time              event      holds
2026-01-05 10:00  Signed In  no
2026-01-12 10:00  Signed In  no
2026-01-13 10:00  Signed In  no     two of them in one stretch
2026-01-19 10:00  Signed In  yes
2026-02-03 00:00  -          no
"""
