"""Explain: why a user is where he is at an instant, why not elsewhere, and what comes next if nothing
happens.

The answers are those of the evaluator itself: the same conditions, asked again part by part.
"""

from __future__ import annotations

from typing import Literal

import msgspec

from stage_models.advance import advance
from stage_models.conditions.rule import Condition, Figure
from stage_models.events import Tick
from stage_models.policy.compile import LatchRule, Policy
from stage_models.transitions import Transition
from stage_models.user import NEVER, User, decode, encode

MOST_FORETOLD = 10
MOST_LOOKS = 200
"""Dues at which to look for them: a rule that asks the date is looked at again for ever."""


class Answer(msgspec.Struct, frozen=True):
    """What one rule, or a part of one, answers. Instants are UTC milliseconds."""

    rule: str  # its place in the policy
    condition: str  # its sentence
    holds: bool | None  # None: undecided
    observed: Figure
    threshold: Figure
    instants: list[int]
    approximate: bool
    next_change: int | None  # the first instant at which the answer may change if nothing happens
    parts: list[Answer]

    @property
    def missing(self) -> float | None:
        """What an unmet lower bound still lacks, to six decimals; None where nothing is lacking or can be counted."""
        observed, threshold = self.observed, self.threshold
        if self.holds or isinstance(observed, bool | str) or isinstance(threshold, bool | str | None):
            return None
        lacking = round(threshold - (observed or 0), 6)
        return lacking if lacking > 0 else None


class Membership(msgspec.Struct, frozen=True):
    """One stage or segment as it is for the user."""

    kind: Literal["stage", "segment"]
    name: str
    is_on: bool
    since: int | None  # on or off since; None: never on
    held_until: int | None = None  # stay_at_least or cool_down keep it as it is until then, else None
    when: Answer | None = None  # None: the base stage
    until: Answer | None = None  # None: the contrary of `when`


class Explanation(msgspec.Struct, frozen=True):
    """The user's place and every rule's answer; `next` is what follows if nothing happens, soonest first."""

    user_id: str
    at: int
    stage: str
    stage_since: int
    highest_stage: str
    segments: list[str]
    memberships: list[Membership]
    next: list[Transition]


def explain(policy: Policy, user: User, at: int) -> Explanation:
    """Explain a user who was moved up to `at` (a tick of `at` + 1 ms makes sure of it). The user is not
    changed.
    """
    policy = policy.heeding(user)
    base = policy.stages[0]
    return Explanation(
        user_id=user.id,
        at=at,
        stage=policy.stage_of(user),
        stage_since=user.stage_since,
        highest_stage=policy.stages[user.highest].name,
        segments=policy.segments_of(user),
        memberships=[
            Membership("stage", base.name, is_on=True, since=user.first_seen),
            *(_membership("stage", rule, user, at) for rule in policy.stage_latches),
            *(_membership("segment", rule, user, at) for rule in policy.segment_latches),
        ],
        next=_foretell(policy, user),
    )


def _membership(kind: Literal["stage", "segment"], rule: LatchRule, user: User, at: int) -> Membership:
    latch = user.latches.get(rule.index)
    is_on = rule.is_on(user)
    since = None if latch is None else latch.began if is_on else latch.ended
    held_until = rule.held_until(user)
    return Membership(
        kind,
        rule.name,
        is_on,
        since,
        held_until if held_until > at else None,
        _answer(rule.when, user, at),
        _answer(rule.until, user, at) if rule.until else None,
    )


def _answer(condition: Condition, user: User, at: int) -> Answer:
    seen = condition.observe(user, at)
    change = condition.next_change(user, at)
    return Answer(
        condition.place,
        condition.sentence,
        condition.holds(user, at),
        seen.observed,
        seen.threshold,
        list(seen.instants),
        seen.is_approximate,
        None if change == NEVER else change,
        [_answer(part, user, at) for part in condition.parts],
    )


def _foretell(policy: Policy, user: User) -> list[Transition]:
    future = decode(user.id, encode(user, policy.shape.id))
    told: list[Transition] = []
    for _ in range(MOST_LOOKS):
        if future.due == NEVER or len(told) >= MOST_FORETOLD:
            break
        told += advance(policy, future, Tick(future.due + 1)).transitions
    return told[:MOST_FORETOLD]
