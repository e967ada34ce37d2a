"""sequence: these steps came in this order.

    {sequence: [Member Invited, Report Shared], within: 1 day}
    {sequence: [pricing, Trial Started, order], within: 14 days, for: 30 days}

`within`: from the first step to the last less than that. `for`: it holds for that long after the last step; without it
for ever. Other events may come in between. Steps may share an instant, then their order does not matter, because many
logs only carry dates. One event is one step.

Of each step the 32 newest events of the window are kept.
"""

from __future__ import annotations

from collections import abc
from typing import ClassVar

from pydantic import Field, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule, earliest
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import check_length
from stage_models.events import Event
from stage_models.facts import Steps
from stage_models.facts.fact import TIME_BIT
from stage_models.terms import Duration, Events, mistake
from stage_models.user import NEVER, User

FEWEST_STEPS, MOST_STEPS = 2, 5


class Sequence(Rule):
    """All steps came in time order, first to last in that time, the last of them less than `for` ago."""

    KEY: ClassVar[str] = "sequence"

    sequence: list[Events] = Field(
        description="2 to 5 steps, each of them events",
        json_schema_extra={"minItems": FEWEST_STEPS, "maxItems": MOST_STEPS},
    )
    within: Duration | None = Field(
        None, description="the time from the first step to the last, less than that"
    )
    for_: Duration | None = Field(
        None, alias="for", description="how long it holds after the last step; left out: for ever"
    )

    @model_validator(mode="after")
    def _is_possible(self) -> Sequence:
        if not FEWEST_STEPS <= len(self.sequence) <= MOST_STEPS:
            raise mistake(
                "steps",
                "too many steps" if self.sequence[1:] else "too few steps",
                expected=f"{FEWEST_STEPS} to {MOST_STEPS} steps",
                found=len(self.sequence),
                hint="sequence: [Member Invited, Report Shared]",
            )
        check_length("within", self.within)
        check_length("for", self.for_)
        return self

    def sentence(self) -> str:
        steps = ", then ".join(map(events_label, self.sequence))
        within = f" within {self.within}" if self.within else ""
        return f"{steps}{within}" + (f", less than {self.for_} ago" if self.for_ else "")

    def compile(self, scope: Scope) -> Condition:
        return SequenceEnded(scope, self)


class SequenceEnded(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: Sequence) -> None:
        super().__init__(scope, rule.sentence())
        sets = scope.steps("sequence", rule.sequence)
        self.within_ms = rule.within.ms if rule.within else None
        self.fact = scope.fact(Steps(sets, self.within_ms, scope.lateness_ms))
        self.for_ms = rule.for_.ms if rule.for_ else None
        self.reads_of(raised_by=self.fact.bit, lowered_by=0 if self.for_ms is None else TIME_BIT)

    def holds(self, user: User, at: int) -> Answer:
        ended = self.fact.ended(user)
        return ended is not None and (self.for_ms is None or at < ended + self.for_ms)

    def next_change(self, user: User, at: int) -> int:
        ended = self.fact.ended(user)
        return NEVER if ended is None or self.for_ms is None else earliest(at, ended + self.for_ms)

    def decided_from(self, user: User, at: int, since: int) -> int:
        if self.holds(user, at):
            return at
        if self.within_ms is None or self.for_ms is None:
            return NEVER
        return since - 1 + self.within_ms + self.for_ms

    def observe(self, user: User, at: int) -> Observation:
        ended = self.fact.ended(user)
        instants = [] if ended is None else [ended]
        return Observation(
            self.holds(user, at), threshold=True, instants=instants, is_approximate=self.fact.is_full(user)
        )

    def counts(self, event: Event, instants: abc.Sequence[int]) -> bool:
        return event.occurred_at in instants and self.fact.sets[-1].holds(event)


EXAMPLES = """
{sequence: [Member Invited, Report Shared], within: 1 day, for: 30 days}

time              event           holds
2026-01-05 10:00  Report Shared   no
2026-01-05 11:00  Member Invited  no     the other way round
2026-01-06 11:00  Report Shared   no     a day is over
2026-01-07 10:00  Member Invited  no
2026-01-07 15:00  Report Shared   yes
2026-02-06 15:00  -               no     30 days after the last step
"""
