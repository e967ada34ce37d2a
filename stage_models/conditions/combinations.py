"""all, any, not: combinations of rules.

    {all: [{reached: activated}, {active_days: activity, at_least: 3, within: 7 days}]}
    {any: [{inactive: activity, for: 14 days}, {missing: core, for: 48 hours, since: Signed Up}]}
    {not: {performed: core}}

`all` holds when every part does, `any` when one part or more does, `not` when its part does not. They can be nested.

A part can be undecided. That makes the whole undecided, unless the other parts decide: one that does not hold decides
`all`, one that holds decides `any`. `not` of what is undecided is undecided. (This is Kleene's three-valued logic.)
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, ClassVar

from pydantic import Field

from stage_models.conditions.rule import Answer, Condition, Observation, Rule
from stage_models.conditions.scope import Scope
from stage_models.events import Event
from stage_models.transitions import Evidence
from stage_models.user import NEVER, User

if TYPE_CHECKING:
    AnyRule = Rule  # the union of all rule types; conditions/__init__.py completes the models with it


class All(Rule):
    """Every part holds."""

    KEY: ClassVar[str] = "all"

    all_: Annotated[list[AnyRule], Field(alias="all", min_length=1, description="the parts: all must hold")]

    def sentence(self) -> str:
        return " and ".join(_in_brackets(rule) for rule in self.all_)

    def compile(self, scope: Scope) -> Condition:
        return AllOf(scope, self.sentence(), _compiled(scope, "all", self.all_))


class Any(Rule):
    """At least one part holds."""

    KEY: ClassVar[str] = "any"

    any_: Annotated[list[AnyRule], Field(alias="any", min_length=1, description="the parts: one must hold")]

    def sentence(self) -> str:
        return " or ".join(_in_brackets(rule) for rule in self.any_)

    def compile(self, scope: Scope) -> Condition:
        return AnyOf(scope, self.sentence(), _compiled(scope, "any", self.any_))


class Not(Rule):
    """The part does not hold."""

    KEY: ClassVar[str] = "not"

    not_: Annotated[AnyRule, Field(alias="not", description="the part that must not hold")]

    def sentence(self) -> str:
        return f"not {_in_brackets(self.not_)}"

    def compile(self, scope: Scope) -> Condition:
        return NotOf(scope, self.sentence(), (self.not_.compile(scope.part("not")),))


def _compiled(scope: Scope, key: str, rules: list[AnyRule]) -> tuple[Condition, ...]:
    return tuple(rule.compile(scope.part(key, number)) for number, rule in enumerate(rules))


def _in_brackets(rule: Rule) -> str:
    return f"({rule.sentence()})" if isinstance(rule, All | Any) else rule.sentence()


class _Combination(Condition):
    def __init__(self, scope: Scope, sentence: str, parts: tuple[Condition, ...]) -> None:
        super().__init__(scope, sentence)
        self.parts = parts
        for part in parts:
            self.raised_by |= part.raised_by
            self.lowered_by |= part.lowered_by
            self.reads |= part.reads

    def _after(self, user: User, at: int, deciding: bool) -> int:
        """The next change: parts that decide alone must all change first; where there are none, any part
        may do it.
        """
        change = 0
        for part in self.parts:
            if part.holds(user, at) is deciding:
                change = max(change, part.next_change(user, at))
                if change == NEVER:
                    return NEVER
        return change or min([part.next_change(user, at) for part in self.parts])

    def observe(self, user: User, at: int) -> Observation:
        return Observation(self.holds(user, at), threshold=True)

    def evidence(self, user: User, at: int, event: Event | None) -> list[Evidence]:
        return [item for part in self.deciding(user, at) for item in part.evidence(user, at, event)]

    def deciding(self, user: User, at: int) -> tuple[Condition, ...]:
        """The parts that make the answer what it is."""
        return self.parts


class AllOf(_Combination):
    """The evaluator's form of `all`."""

    def holds(self, user: User, at: int) -> Answer:
        answer: Answer = True
        for part in self.parts:
            held = part.holds(user, at)
            if held is False:
                return False
            if held is None:
                answer = None
        return answer

    def next_change(self, user: User, at: int) -> int:
        return self._after(user, at, deciding=False)


class AnyOf(_Combination):
    """The evaluator's form of `any`."""

    def holds(self, user: User, at: int) -> Answer:
        answer: Answer = False
        for part in self.parts:
            held = part.holds(user, at)
            if held is True:
                return True
            if held is None:
                answer = None
        return answer

    def next_change(self, user: User, at: int) -> int:
        return self._after(user, at, deciding=True)

    def deciding(self, user: User, at: int) -> tuple[Condition, ...]:
        holding = tuple(part for part in self.parts if part.holds(user, at) is True)
        return holding or self.parts


class NotOf(_Combination):
    """The evaluator's form of `not`."""

    def __init__(self, scope: Scope, sentence: str, parts: tuple[Condition, ...]) -> None:
        super().__init__(scope, sentence, parts)
        self.raised_by, self.lowered_by = self.lowered_by, self.raised_by

    def holds(self, user: User, at: int) -> Answer:
        held = self.parts[0].holds(user, at)
        return None if held is None else not held

    def next_change(self, user: User, at: int) -> int:
        return self.parts[0].next_change(user, at)


EXAMPLES = """
{all: [{performed: core}, {performed: order, at_most: 1, within: 7 days}]}

time              event            holds
2026-01-05 10:00  Signed In        no         no core event: that decides
2026-01-06 10:00  Report Exported  undecided  not known for 7 days
2026-01-12 10:00  -                yes

{any: [{performed: core}, {performed: order}]}

time              event            holds
2026-01-05 10:00  Signed In        no
2026-01-06 10:00  Order Completed  yes

{not: {performed: core, within: 7 days}}

time              event            holds
2026-01-05 10:00  Signed In        yes
2026-01-06 10:00  Report Exported  no
2026-01-13 10:00  -                yes
"""
