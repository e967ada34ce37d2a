"""inactive: none of these events for a while.

    {inactive: activity, for: 14 days}

Holds from (newest such event) + for. Who never did it counts from when first seen, because silence can only be measured
from the moment we know somebody.

Beware of an `activity` that takes in what you send: leave out mails and campaigns (`except`), or nobody ever falls silent.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import check_length
from stage_models.facts import Newest
from stage_models.facts.fact import FIRST_SEEN_BIT, TIME_BIT
from stage_models.terms import Duration, Events
from stage_models.user import NEVER, User


class Inactive(Rule):
    """No such event for that long."""

    KEY: ClassVar[str] = "inactive"

    inactive: Events
    for_: Duration = Field(alias="for", description="how long there was none")

    @model_validator(mode="after")
    def _is_possible(self) -> Inactive:
        check_length("for", self.for_)
        return self

    def sentence(self) -> str:
        return f"no {events_label(self.inactive)} for {self.for_}"

    def compile(self, scope: Scope) -> Condition:
        return InactiveFor(scope, self)


class InactiveFor(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: Inactive) -> None:
        super().__init__(scope, rule.sentence())
        self.for_ms = rule.for_.ms
        self.fact = scope.fact(Newest(scope.events("inactive", rule.inactive), depth=1))
        self.index = self.fact.index
        self.reads_of(raised_by=TIME_BIT, lowered_by=self.fact.bit, also=FIRST_SEEN_BIT)

    def holds(self, user: User, at: int) -> Answer:
        return self._silent_since(user) + self.for_ms <= at

    def next_change(self, user: User, at: int) -> int:
        silent_from = self._silent_since(user) + self.for_ms
        return silent_from if silent_from > at else NEVER

    def decided_from(self, user: User, at: int, since: int) -> int:
        return since - 1 + self.for_ms if self.holds(user, at) else at

    def observe(self, user: User, at: int) -> Observation:
        since = self._silent_since(user)
        return Observation(0 if since + self.for_ms <= at else 1, 0, [since])

    def _silent_since(self, user: User) -> int:
        items: list[list[int]] = user.facts[self.index]
        return items[-1][0] if items else user.first_seen


EXAMPLES = """
{inactive: activity, for: 14 days}

time              event         holds
2026-01-05 10:00  Signed In     no
2026-01-15 10:00  Email Opened  no     no activity: left out of the event set
2026-01-19 09:59  -             no
2026-01-19 10:00  -             yes    exactly 14 days of silence
2026-01-20 10:00  Signed In     no

{inactive: order, for: 14 days}

time              event      holds
2026-01-05 10:00  Signed In  no
2026-01-19 10:00  -          yes    never ordered: counted from when first seen
"""
