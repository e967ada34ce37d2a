"""recent: k of the last n such events match.

    {recent: order, last: 3, at_least: 2, where: {discount: {above: 0}}}

It looks at the newest `last` events by event time, however old they are: time plays no part, only the next event can
change the answer. While fewer than `at_least` were seen, it does not hold.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import itemgetter
from typing import Any, ClassVar

from pydantic import Field, PositiveInt, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule
from stage_models.conditions.scope import Scope, events_label
from stage_models.events import Event
from stage_models.facts import Marks
from stage_models.terms import Events, Where, mistake, where_sentence
from stage_models.user import NEVER, User

_PASSED = itemgetter(2)


class Recent(Rule):
    """At least `at_least` of the newest `last` such events pass the filter."""

    KEY: ClassVar[str] = "recent"

    recent: Events
    last: PositiveInt = Field(description="how many of the newest events are looked at")
    at_least: PositiveInt = Field(description="how many of them must match")
    where: Where = Field(description="the properties they must have")

    @model_validator(mode="after")
    def _is_possible(self) -> Recent:
        if self.at_least > self.last:
            raise mistake(
                "recent",
                "at_least is above last",
                expected=f"at_least of at most {self.last}",
                found=str(self.at_least),
            )
        return self

    def sentence(self) -> str:
        events = f"{events_label(self.recent)} with {where_sentence(self.where)}"
        return f"at least {self.at_least} of the last {self.last} {events}"

    def compile(self, scope: Scope) -> Condition:
        return RecentOf(scope, self)


class RecentOf(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: Recent) -> None:
        super().__init__(scope, rule.sentence())
        self.at_least, self.last = rule.at_least, rule.last
        events = scope.events("recent", rule.recent)
        self.marked = scope.events("recent", rule.recent, rule.where)
        self.fact = scope.fact(Marks(events, rule.last, self.marked))
        self.index = self.fact.index
        self.reads_of(raised_by=self.fact.bit, lowered_by=self.fact.bit)

    def holds(self, user: User, at: int) -> Answer:
        return bool(sum(map(_PASSED, self._last(user))) >= self.at_least)

    def decided_from(self, user: User, at: int, since: int) -> int:
        items = self._last(user)
        return at if len(items) == self.last and items[0][0] >= since else NEVER

    def observe(self, user: User, at: int) -> Observation:
        instants = [item[0] for item in reversed(self._last(user)) if item[2]]
        return Observation(len(instants), self.at_least, instants)

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        return event.occurred_at in instants and self.marked.holds(event)

    def _last(self, user: User) -> Sequence[list[Any]]:
        items: Sequence[list[Any]] = user.facts[self.index]
        return items[-self.last :]


EXAMPLES = """
{recent: order, last: 3, at_least: 2, where: {discount: {above: 0}}}

time              event                          holds
2026-01-05 10:00  Order Completed {discount: 5}  no
2026-01-12 10:00  Order Completed {discount: 5}  yes
2026-06-01 10:00  -                              yes
2026-06-02 10:00  Order Completed                yes    two of three
2026-06-03 10:00  Order Completed                no     one of the last three
"""
