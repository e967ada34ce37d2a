"""trait: how the newest value of one of the user's traits compares.

    {trait: plan, is: pro}
    {trait: seats, at_least: 10, for: 30 days}
    {trait: phone, exists: false}

The newest value by event time counts, whatever order values come in; null takes a trait away. Several comparisons must
all hold. With `for`: all values of that long compared so, without a break. Who never had the trait has none since first
seen: that is enough for `is_not` and `exists: false`, and for nothing else.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, ClassVar

from pydantic import Field, StrictBool, StrictStr, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule, earliest
from stage_models.conditions.scope import Scope
from stage_models.conditions.windows import check_length, for_words
from stage_models.events import Event
from stage_models.facts import TraitValues
from stage_models.facts.fact import CAP, FIRST_SEEN_BIT, TIME_BIT
from stage_models.terms import Comparison, Duration, Number, Value, mistake
from stage_models.user import NEVER, User


class Trait(Rule):
    """The newest value of the trait compares so (for that long)."""

    KEY: ClassVar[str] = "trait"

    trait: Annotated[
        StrictStr, Field(min_length=1, description="its name, also of a nested one (`company.plan`)")
    ]
    is_: Value | None = Field(None, alias="is", description="the value is this")
    is_not: Value | None = Field(None, description="the value is another, or there is none")
    in_: list[Value] | None = Field(None, alias="in", min_length=1, description="the value is one of these")
    at_least: Number | None = Field(None, description="the value is this or more")
    at_most: Number | None = Field(None, description="the value is this or less")
    above: Number | None = Field(None, description="the value is more than this")
    below: Number | None = Field(None, description="the value is less than this")
    exists: StrictBool | None = Field(None, description="there is a value, or (false) there is none")
    for_: Duration | None = Field(None, alias="for", description="for that long without a break")

    @model_validator(mode="after")
    def _is_possible(self) -> Trait:
        if not self._comparisons():
            words = "one or more of: is, is_not, in, at_least, at_most, above, below, exists"
            raise mistake("no_comparison", "no comparison", expected=words, hint="exists: true")
        check_length("for", self.for_)
        return self

    @property
    def comparison(self) -> Comparison:
        """How the value must compare."""
        return Comparison.model_validate(self._comparisons())

    def _comparisons(self) -> dict[str, Any]:
        return self.model_dump(by_alias=True, exclude_none=True, exclude={"trait", "for_"})

    def sentence(self) -> str:
        return f"trait {self.comparison.sentence(self.trait)}{for_words(self.for_)}"

    def compile(self, scope: Scope) -> Condition:
        return TraitCompares(scope, self)


class TraitCompares(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: Trait) -> None:
        super().__init__(scope, rule.sentence())
        self.for_ms = rule.for_.ms if rule.for_ else 0
        comparison = rule.comparison
        self.fact = scope.fact(TraitValues(rule.trait, comparison, self.for_ms or None, scope.lateness_ms))
        self.is_enough_without = self.fact.passes({}) is True
        self.threshold = _threshold(comparison)
        time = TIME_BIT if self.for_ms else 0
        counts_from_first_seen = self.for_ms and self.is_enough_without
        also = FIRST_SEEN_BIT if counts_from_first_seen else 0
        self.reads_of(raised_by=self.fact.bit | time, lowered_by=self.fact.bit, also=also)

    def holds(self, user: User, at: int) -> Answer:
        since = self._since(user)
        return since is not None and since + self.for_ms <= at

    def next_change(self, user: User, at: int) -> int:
        since = self._since(user)
        return NEVER if since is None else earliest(at, since + self.for_ms)

    def decided_from(self, user: User, at: int, since: int) -> int:
        items = user.facts[self.fact.index]
        if not items or items[-1][0] < since:
            return NEVER
        first_known = next(item[0] for item in items if item[0] >= since)
        return first_known + self.for_ms if items[-1][2] else at

    def observe(self, user: User, at: int) -> Observation:
        items: list[list[Any]] = user.facts[self.fact.index]
        if not items:
            return Observation(None, self.threshold)
        return Observation(items[-1][3], self.threshold, [items[-1][0]], len(items) == CAP)

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        return event.occurred_at in instants and self.fact.is_said(event)

    def _since(self, user: User) -> int | None:
        """Since when the values compare so without a break; None if the newest does not."""
        since: int | None = None
        for item in reversed(user.facts[self.fact.index]):
            if not item[2]:
                return since
            since = item[0]
        return user.first_seen if self.is_enough_without else since


def _threshold(comparison: Comparison) -> Any:
    """What the value is compared with, as evidence shows it."""
    wanted = list(comparison.model_dump(exclude_none=True).values())
    if len(wanted) == 1 and not isinstance(wanted[0], list):
        return wanted[0]
    return comparison.sentence("").strip().replace("  ", " ")


EXAMPLES = """
{trait: plan, is: pro}

time              event         traits        holds
2026-01-05 10:00  Signed Up     {plan: free}  no
2026-01-09 10:00  Plan Changed  {plan: pro}   yes
2026-01-10 10:00  Signed In     -             yes
2026-01-11 10:00  Plan Changed  {plan: null}  no

{trait: seats, at_least: 10, for: 30 days}

time              event          traits       holds
2026-01-05 10:00  Signed Up      {seats: 12}  no
2026-01-20 10:00  Seats Changed  {seats: 15}  no
2026-02-04 10:00  -              -            yes    10 or more for 30 days
"""
