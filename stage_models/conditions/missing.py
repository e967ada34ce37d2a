"""missing: something that should have followed did not come.

    {missing: core, for: 48 hours, since: Signed Up}          the first Signed Up
    {missing: order, for: 1 hour, since_last: Cart Updated}   the newest Cart Updated

Holds from anchor + for on, while no such event came at or after the anchor; the anchoring event itself is not counted.
It ends when one comes, however late. Without an anchor it does not hold. With `since: first_seen` every such event
counts.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from stage_models.conditions.rule import Answer, Condition, Observation, Rule
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import anchor_fact, check_length
from stage_models.facts import First, Newest
from stage_models.facts.fact import FIRST_SEEN_BIT, TIME_BIT
from stage_models.terms import FIRST_SEEN, Duration, Events, mistake
from stage_models.user import NEVER, User


class Missing(Rule):
    """No such event in that time after the anchor, nor later."""

    KEY: ClassVar[str] = "missing"

    missing: Events
    for_: Duration = Field(alias="for", description="how long it may take after the anchor")
    since: Events | None = Field(None, description="the anchor is the first of these events, or `first_seen`")
    since_last: Events | None = Field(None, description="the anchor is the newest of these events")

    @model_validator(mode="after")
    def _has_one_anchor(self) -> Missing:
        if (self.since is None) == (self.since_last is None):
            raise mistake("anchor", "one anchor is needed", expected="either since or since_last")
        check_length("for", self.for_)
        return self

    def sentence(self) -> str:
        if self.since == FIRST_SEEN:
            anchor = "first seen"
        elif self.since is not None:
            anchor = f"the first {events_label(self.since)}"
        else:
            assert self.since_last is not None
            anchor = f"the last {events_label(self.since_last)}"
        return f"no {events_label(self.missing)} in the {self.for_} after {anchor}"

    def compile(self, scope: Scope) -> Condition:
        return MissingSince(scope, self)


class MissingSince(Condition):
    """The evaluator's form."""

    def __init__(self, scope: Scope, rule: Missing) -> None:
        super().__init__(scope, rule.sentence())
        self.for_ms = rule.for_.ms
        # Two, because the newest one may itself be the anchor.
        self.fact = scope.fact(Newest(scope.events("missing", rule.missing), depth=2))
        self.anchor: Newest | First | None
        if rule.since_last is not None:
            self.anchor = scope.fact(Newest(scope.events("since_last", rule.since_last), depth=1))
        else:
            assert rule.since is not None
            self.anchor = anchor_fact(scope, "since", rule.since)
        anchor = self.anchor.bit if self.anchor is not None else 0
        also = FIRST_SEEN_BIT if self.anchor is None else 0
        self.reads_of(raised_by=anchor | TIME_BIT, lowered_by=self.fact.bit | anchor, also=also)

    def holds(self, user: User, at: int) -> Answer:
        return self._missed_from(user) <= at

    def next_change(self, user: User, at: int) -> int:
        missed_from = self._missed_from(user)
        return missed_from if missed_from > at else NEVER

    def decided_from(self, user: User, at: int, since: int) -> int:
        anchor = self._anchor(user) if isinstance(self.anchor, Newest) else None
        return at if anchor is not None and anchor[0] >= since else NEVER

    def observe(self, user: User, at: int) -> Observation:
        anchor = self._anchor(user)
        if anchor is None:
            return Observation(None, 0)
        came = [
            item[0]
            for item in reversed(user.facts[self.fact.index])
            if item[0] >= anchor[0] and item != anchor
        ]
        return Observation(len(came), 0, [*came, anchor[0]])

    def _anchor(self, user: User) -> list[int] | None:
        """Time and hash of the anchoring event; only a time for `first_seen`; None while there is none."""
        if self.anchor is None:
            return [user.first_seen]
        held = user.facts[self.anchor.index]
        if not held:
            return None
        anchor: list[int] = held[-1] if isinstance(self.anchor, Newest) else held
        return anchor

    def _missed_from(self, user: User) -> int:
        anchor = self._anchor(user)
        if anchor is None:
            return NEVER
        for item in user.facts[self.fact.index]:
            if item[0] >= anchor[0] and item != anchor:
                return NEVER
        return anchor[0] + self.for_ms


EXAMPLES = """
{missing: core, for: 48 hours, since: Signed Up}

time              event            holds
2026-01-05 10:00  Signed Up        no
2026-01-07 10:00  -                yes
2026-01-20 10:00  Report Exported  no

{missing: order, for: 1 hour, since_last: Cart Updated}

time              event            holds
2026-01-05 10:00  Cart Updated     no
2026-01-05 10:30  Cart Updated     no
2026-01-05 11:00  -                no     the newest counts
2026-01-05 11:30  -                yes
2026-01-05 12:00  Order Completed  no
"""
