"""stage: the user is in this stage now. In segments only.

    {stage: activated}
    {stage: activated, for: 30 days}

With `for`: he has been there for that long, counted from the effective instant of the stage change. Somebody who left
and came back begins anew. Stages themselves ask `reached`, which looks at the stages above them.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, StrictStr, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule, earliest
from stage_models.conditions.scope import Scope
from stage_models.conditions.windows import check_length, for_words
from stage_models.facts.fact import STATE_BIT, TIME_BIT
from stage_models.terms import Duration
from stage_models.user import NEVER, User


class InStage(Rule):
    """The user is in the stage (for that long)."""

    KEY: ClassVar[str] = "stage"

    stage: StrictStr = Field(description="a stage of the ladder")
    for_: Duration | None = Field(None, alias="for", description="for that long without a break")

    @model_validator(mode="after")
    def _is_possible(self) -> InStage:
        check_length("for", self.for_)
        return self

    def sentence(self) -> str:
        return f"in stage {self.stage}{for_words(self.for_)}"

    def compile(self, scope: Scope) -> Condition:
        return InStageFor(scope, self)


class InStageFor(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: InStage) -> None:
        super().__init__(scope, rule.sentence())
        self.index = 0
        if scope.stage is None:
            self.index = scope.stage_index("stage", rule.stage, len(scope.registry.stages))
        else:
            scope.refuse_in_ladder("stage", rule.stage)
        self.for_ms = rule.for_.ms if rule.for_ else 0
        self.reads_of(raised_by=STATE_BIT | (TIME_BIT if self.for_ms else 0), lowered_by=STATE_BIT)

    def holds(self, user: User, at: int) -> Answer:
        return user.stage == self.index and user.stage_since + self.for_ms <= at

    def next_change(self, user: User, at: int) -> int:
        return earliest(at, user.stage_since + self.for_ms) if user.stage == self.index else NEVER

    def observe(self, user: User, at: int) -> Observation:
        instants = [user.stage_since] if user.stage == self.index else []
        return Observation(self.holds(user, at), threshold=True, instants=instants)


EXAMPLES = """
{stage: activated, for: 10 days}

time              event            holds
2026-01-05 10:00  Report Exported  no
2026-01-15 10:00  -                yes
2026-01-19 10:00  -                no     dormant since now
2026-01-20 10:00  Report Exported  no     activated anew
2026-01-30 10:00  -                yes
"""
