"""An explanation as JSON: one document, whether a running worker answers or `stagestream explain` does.

Instants are RFC 3339 text, null where there is none. What comes next has the words of the transitions topic, without
what is only known once it happens.
"""

from __future__ import annotations

from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from stage_models.conditions.rule import Figure
from stage_models.explain import Answer, Explanation, Membership
from stage_models.transitions import PolicyRef, Transition
from streams.codec.instants import instant_or_none, write_instant
from streams.codec.transitions import encode_transition


class _Answer(msgspec.Struct):
    rule: str
    condition: str
    holds: bool | None
    observed: Figure
    threshold: Figure
    missing: float | None
    instants: list[str]
    approximate: bool
    next_change: str | None
    parts: list[_Answer]


class _Membership(msgspec.Struct):
    kind: str
    name: str
    is_on: bool
    since: str | None
    held_until: str | None
    when: _Answer | None
    until: _Answer | None


class _Foretold(msgspec.Struct, kw_only=True):
    """What is taken over from a transition's value; what a kind has not is not written."""

    kind: str
    from_stage: str | UnsetType | None = UNSET
    to_stage: str | UnsetType | None = UNSET
    direction: str | UnsetType | None = UNSET
    segment: str | UnsetType | None = UNSET
    cause: str
    effective_at: str
    evidence: list[dict[str, Any]]
    stage: str
    segments: list[str]
    highest_stage: str
    action: dict[str, Any] | None


class _Explanation(msgspec.Struct):
    user_id: str
    at: str
    policy: PolicyRef
    stage: str
    stage_since: str
    highest_stage: str
    segments: list[str]
    memberships: list[_Membership]
    next: list[_Foretold]


def encode_explanation(policy: PolicyRef, explanation: Explanation) -> bytes:
    """The explanation under this policy as JSON, indented, with a line end."""
    document = _Explanation(
        explanation.user_id,
        write_instant(explanation.at),
        policy,
        explanation.stage,
        write_instant(explanation.stage_since),
        explanation.highest_stage,
        explanation.segments,
        [_membership(membership) for membership in explanation.memberships],
        [_foretold(transition) for transition in explanation.next],
    )
    return msgspec.json.format(msgspec.json.encode(document)) + b"\n"


def _membership(membership: Membership) -> _Membership:
    return _Membership(
        membership.kind,
        membership.name,
        membership.is_on,
        instant_or_none(membership.since),
        instant_or_none(membership.held_until),
        None if membership.when is None else _answer(membership.when),
        None if membership.until is None else _answer(membership.until),
    )


def _answer(answer: Answer) -> _Answer:
    return _Answer(
        answer.rule,
        answer.condition,
        answer.holds,
        answer.observed,
        answer.threshold,
        answer.missing,
        [write_instant(at) for at in answer.instants],
        answer.approximate,
        instant_or_none(answer.next_change),
        [_answer(part) for part in answer.parts],
    )


def _foretold(transition: Transition) -> _Foretold:
    value = encode_transition(transition, transition.effective_at, replay=False)
    return msgspec.json.decode(value, type=_Foretold)
