"""reached: the user was in a stage at some time, or of late.

    {reached: activated}
    {reached: activated, within: 30 days}

In a segment it reads the user's stage: he is in it or was; with `within` until that long after he left it. In the ladder
it reads whether that stage's own rule is on after this judgement, or was on before, also while a stage below it in the
file overrides it; with `within` until that long after it went off.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

from pydantic import Field, StrictStr, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule, earliest
from stage_models.conditions.scope import Scope
from stage_models.conditions.windows import check_length
from stage_models.facts.fact import STATE_BIT, TIME_BIT
from stage_models.terms import Duration
from stage_models.user import NEVER, User


class Reached(Rule):
    """The user was in the stage."""

    KEY: ClassVar[str] = "reached"

    reached: StrictStr = Field(description="a stage; in the ladder one above this one")
    within: Duration | None = Field(None, description="and if they left it, less than that ago")

    @model_validator(mode="after")
    def _is_possible(self) -> Reached:
        check_length("within", self.within)
        return self

    def sentence(self) -> str:
        return f"reached {self.reached}" + (f" within {self.within}" if self.within else "")

    def compile(self, scope: Scope) -> Condition:
        return ReachedInLadder(scope, self) if scope.stage is not None else ReachedInSegment(scope, self)


class _Reached(Condition):
    def __init__(self, scope: Scope, rule: Reached, last: int) -> None:
        super().__init__(scope, rule.sentence())
        self.index = scope.stage_index("reached", rule.reached, last)
        self.within_ms = rule.within.ms if rule.within else None
        self.reads_of(raised_by=STATE_BIT, lowered_by=STATE_BIT | (TIME_BIT if rule.within else 0))

    @abstractmethod
    def _ended(self, user: User) -> int | None:
        """When it was last so: NEVER while it is, None if it never was; negative: nobody knows, but not after that."""

    def holds(self, user: User, at: int) -> Answer:
        ended = self._ended(user)
        if ended is None:
            return False
        if self.within_ms is None or ended == NEVER:
            return True
        if at >= abs(ended) + self.within_ms:
            return False
        return None if ended < 0 else True

    def next_change(self, user: User, at: int) -> int:
        ended = self._ended(user)
        if self.within_ms is None or ended is None or ended == NEVER:
            return NEVER
        return earliest(at, abs(ended) + self.within_ms)

    def observe(self, user: User, at: int) -> Observation:
        ended = self._ended(user)
        return Observation(
            self.holds(user, at),
            threshold=True,
            instants=[] if ended is None or ended == NEVER or ended < 0 else [ended],
        )


class ReachedInLadder(_Reached):
    """Reads the latch of a stage above this one in the file."""

    def __init__(self, scope: Scope, rule: Reached) -> None:
        assert scope.stage is not None
        super().__init__(scope, rule, last=scope.stage)

    def _ended(self, user: User) -> int | None:
        if self.index == 0:
            return NEVER
        if user.on >> self.index - 1 & 1:
            return NEVER
        latch = user.latches.get(self.index - 1)
        return None if latch is None else latch.ended


class ReachedInSegment(_Reached):
    """Reads the user's stage."""

    def __init__(self, scope: Scope, rule: Reached) -> None:
        super().__init__(scope, rule, last=len(scope.registry.stages))
        if self.within_ms is not None:
            scope.registry.stages_left.setdefault(self.index, set()).add(scope.place)

    def _ended(self, user: User) -> int | None:
        if user.stage == self.index:
            return NEVER
        if not user.visited >> self.index & 1:
            return None
        return user.left.get(self.index, 0)  # 0: nobody asks when


EXAMPLES = """
{reached: activated, within: 30 days}

time              event            holds
2026-01-05 10:00  Signed Up        no
2026-01-06 10:00  Report Exported  yes
2026-01-20 10:00  -                yes    left for dormant now
2026-02-19 10:00  -                no     30 days after
"""
