"""segment: the user is in another segment, which stands above this one in the file. In segments only.

    {segment: high-intent}
    {segment: high-intent, for: 3 days}

With `for`: he has been in it for that long, since he last entered it.
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


class InSegment(Rule):
    """The user is in the segment (for that long)."""

    KEY: ClassVar[str] = "segment"

    segment: StrictStr = Field(description="a segment above this one")
    for_: Duration | None = Field(None, alias="for", description="for that long without a break")

    @model_validator(mode="after")
    def _is_possible(self) -> InSegment:
        check_length("for", self.for_)
        return self

    def sentence(self) -> str:
        return f"in segment {self.segment}{for_words(self.for_)}"

    def compile(self, scope: Scope) -> Condition:
        return InSegmentFor(scope, self)


class InSegmentFor(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: InSegment) -> None:
        super().__init__(scope, rule.sentence())
        self.index = 0
        if scope.stage is None:
            self.index = scope.segment_latch("segment", rule.segment)
        else:
            scope.refuse_in_ladder("segment", rule.segment)
        self.for_ms = rule.for_.ms if rule.for_ else 0
        self.reads_of(raised_by=STATE_BIT | (TIME_BIT if self.for_ms else 0), lowered_by=STATE_BIT)

    def _since(self, user: User) -> int | None:
        """Since when he is in it; None if he is not."""
        latch = user.latches.get(self.index)
        return latch.began if latch is not None and user.on >> self.index & 1 else None

    def holds(self, user: User, at: int) -> Answer:
        since = self._since(user)
        return since is not None and since + self.for_ms <= at

    def next_change(self, user: User, at: int) -> int:
        since = self._since(user)
        return NEVER if since is None else earliest(at, since + self.for_ms)

    def observe(self, user: User, at: int) -> Observation:
        since = self._since(user)
        return Observation(self.holds(user, at), threshold=True, instants=[] if since is None else [since])


EXAMPLES = """
{segment: high-intent, for: 3 days}

time              event                            holds
2026-01-05 10:00  Page Viewed {path: /pricing}     no
2026-01-06 10:00  Page Viewed {path: /pricing/eu}  no     in high-intent since now
2026-01-09 10:00  -                                yes
2026-01-12 10:00  -                                no     no longer in high-intent
"""
