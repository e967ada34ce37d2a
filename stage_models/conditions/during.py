"""during: the instant lies in a range of local dates.

    {during: {from: 11-20, to: 12-26}}
    {during: {from: 2026-11-20, to: 2027-01-06}}

Without years it is so every year, and may wrap the year; with years it is one stretch of time. Both ends are included.
The dates are those of the policy's time zone. As a key of `performed` or of an event set, `during` asks the same of each
event.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field

from stage_models.conditions.rule import Answer, Condition, Observation, Rule
from stage_models.conditions.scope import Scope
from stage_models.date_ranges import LocalDates
from stage_models.facts.fact import TIME_BIT
from stage_models.terms import DateRange
from stage_models.user import NEVER, User


class During(Rule):
    """The local date is in the range."""

    KEY: ClassVar[str] = "during"

    during: DateRange = Field(description="`from` and `to`, both included, with years or without")

    def sentence(self) -> str:
        return f"the date is {self.during.sentence()}"

    def compile(self, scope: Scope) -> Condition:
        return DuringDates(scope, self)


class DuringDates(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: During) -> None:
        super().__init__(scope, rule.sentence())
        self.dates = LocalDates(rule.during.dates, scope.calendar)
        self.reads_of(raised_by=TIME_BIT, lowered_by=TIME_BIT)

    def holds(self, user: User, at: int) -> Answer:
        return self.dates.has(at)

    def next_change(self, user: User, at: int) -> int:
        edge = self.dates.next_edge(at)
        return NEVER if edge is None else edge

    def observe(self, user: User, at: int) -> Observation:
        return Observation(self.holds(user, at), threshold=True)


EXAMPLES = """
{during: {from: 11-20, to: 12-26}}

time              event      holds
2026-11-01 10:00  Signed In  no
2026-11-19 23:59  -          no
2026-11-20 00:00  -          yes
2026-12-26 23:59  -          yes
2026-12-27 00:00  -          no
2027-11-20 00:00  -          yes    every year
"""
