"""What goes out: transitions, and where each user is now.

A value is built field by field in the contract's order and encoded by msgspec; `stage_models.contract` has
the models that readers use, and every record must validate against them.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec
from msgspec import UNSET, UnsetType

from stage_models.conditions.rule import Figure
from stage_models.policy.compile import LatchRule, Policy, Watch
from stage_models.transitions import Action, CausingEvent, Evidence, PolicyRef, Transition
from stage_models.user import NEVER, User
from streams.codec import cloudevents
from streams.codec.cloudevents import Headers
from streams.codec.instants import instant_or_none, write_instant
from streams.settings import Settings

MAX_VALUE_BYTES = 20_000
"""What webhook receivers take. Instants are cut to get below it, then evidence, never anything else."""

_EVIDENCE_PARTS = 20
_INSTANTS = 10
_FEWER_INSTANTS = (3, 1, 0)
_VERSION = 1

_encode = msgspec.json.Encoder().encode


class _Evidence(msgspec.Struct, gc=False):
    rule: str
    condition: str
    observed: Figure
    threshold: Figure
    instants: list[str]
    event_ids: list[str]
    approximate: bool


class _CausingEvent(msgspec.Struct, gc=False):
    id: str
    name: str | None
    occurred_at: str


class _Value(msgspec.Struct, gc=False, kw_only=True):
    """A transition's value, in the contract's order; what a kind has not is left unset and not written."""

    id: str
    kind: str
    user_id: str
    group_id: str | None
    sequence: int
    from_stage: str | UnsetType | None = UNSET
    to_stage: str | UnsetType | None = UNSET
    direction: str | UnsetType | None = UNSET
    segment: str | UnsetType | None = UNSET
    cause: str
    corrects: list[str]
    event: _CausingEvent | None
    effective_at: str
    detected_at: str
    previous_entered_at: str | None
    next_check_at: str | None
    evidence: list[_Evidence]
    stage: str
    segments: list[str]
    highest_stage: str
    action: Action | None
    policy: PolicyRef
    traits: dict[str, Any] = {}
    consent: dict[str, bool]
    replay: bool


def encode_transition(transition: Transition, detected_at_ms: int, replay: bool) -> bytes:
    """The value of a transition record: JSON of at most 20,000 bytes unless its fixed fields are longer."""
    moved = transition
    evidence = moved.evidence[:_EVIDENCE_PARTS]
    value = _Value(
        id=moved.id,
        kind=moved.kind,
        user_id=moved.user_id,
        group_id=moved.group_id,
        sequence=moved.sequence,
        cause=moved.cause,
        corrects=moved.corrects,
        event=None if moved.event is None else _causing_event(moved.event),
        effective_at=write_instant(moved.effective_at),
        detected_at=write_instant(detected_at_ms),
        previous_entered_at=instant_or_none(moved.previous_entered_at),
        next_check_at=instant_or_none(moved.next_check_at),
        evidence=[_evidence(part, _INSTANTS) for part in evidence],
        stage=moved.stage,
        segments=moved.segments,
        highest_stage=moved.highest_stage,
        action=moved.action,
        policy=moved.policy,
        consent=moved.consent,
        replay=replay,
    )
    if moved.kind == "stage.changed":
        value.from_stage, value.to_stage, value.direction = moved.from_stage, moved.to_stage, moved.direction
    else:
        value.segment = moved.segment
    written = _encode(value)
    return written if len(written) <= MAX_VALUE_BYTES else _cut(value, evidence)


def _cut(value: _Value, evidence: list[Evidence]) -> bytes:
    """The value with fewer instants, then with fewer parts of evidence, until it is short enough."""
    for instants in _FEWER_INSTANTS:
        value.evidence = [_evidence(part, instants) for part in evidence]
        if len(written := _encode(value)) <= MAX_VALUE_BYTES:
            return written
    while len(written := _encode(value)) > MAX_VALUE_BYTES and value.evidence:
        value.evidence.pop()
    return written


def transition_headers(
    transition: Transition,
    detected_at_ms: int,
    settings: Settings,
    src_topic: str,
    src_partition: int,
    src_offset: int,
    traceparent: bytes | None,
) -> Headers:
    """The headers of a transition record.

    `src_*` name the record that caused it, or for cause `time` the position before which it was judged.
    """
    headers = cloudevents.headers(
        event_id=transition.id,
        source=f"/stagestream/{settings.deployment}/{transition.policy.name}",
        event_type=f"{settings.output.type_prefix}.{transition.kind}.v{_VERSION}",
        user_id=transition.user_id,
        time_ms=transition.effective_at,
        recorded_ms=detected_at_ms,
        sequence=transition.sequence,
        schema=f"{settings.output.schema_base}:transition:{_VERSION}",
    )
    headers += [
        ("src_topic", src_topic.encode()),
        ("src_partition", b"%d" % src_partition),
        ("src_offset", b"%d" % src_offset),
    ]
    if traceparent is not None and transition.cause != "time":
        headers.append(("traceparent", traceparent))
    return headers


def encode_current(policy: Policy, user: User, detected_at_ms: int, last_transition_id: str) -> bytes:
    """The value of a current-stage record.

    `last_transition_id` is the id of the transition with the user's newest sequence.
    """
    policy = policy.heeding(user)
    return _encode(
        {
            "user_id": user.id,
            "group_id": user.group[2] if user.group else None,
            "stage": policy.stage_of(user),
            "stage_entered_at": write_instant(user.stage_since),
            "stage_next_check_at": instant_or_none(_due(policy.stage_latches, user)),
            "highest_stage": policy.stages[user.highest].name,
            "segments": [
                {
                    "name": rule.name,
                    "entered_at": write_instant(latch.began),
                    "next_check_at": instant_or_none(_due([rule], user)),
                }
                for rule in policy.segment_latches
                if rule.is_on(user) and (latch := user.latches.get(rule.index))
            ],
            "sequence": user.sequence,
            "next_check_at": instant_or_none(user.due),
            "last_transition_id": last_transition_id,
            "detected_at": write_instant(detected_at_ms),
            "policy": policy.ref,
            "traits": {},
            "consent": {channel: is_given for channel, (_, _, is_given) in user.consent.items()},
        }
    )


def current_headers(
    policy: Policy, user: User, detected_at_ms: int, settings: Settings, last_transition_id: str
) -> Headers:
    """The headers of a current-stage record; its time is when the state was found."""
    return cloudevents.headers(
        event_id=last_transition_id,
        source=f"/stagestream/{settings.deployment}/{policy.name}/current-stage",
        event_type=f"{settings.output.type_prefix}.user.current.v{_VERSION}",
        user_id=user.id,
        time_ms=detected_at_ms,
        recorded_ms=detected_at_ms,
        sequence=user.sequence,
        schema=f"{settings.output.schema_base}:current-stage:{_VERSION}",
    )


def _evidence(part: Evidence, most: int) -> _Evidence:
    instants = [write_instant(at) for at in part.instants[:most]]
    return _Evidence(
        part.rule, part.condition, part.observed, part.threshold, instants, part.event_ids, part.approximate
    )


def _causing_event(event: CausingEvent) -> _CausingEvent:
    return _CausingEvent(event.id, event.name, write_instant(event.occurred_at))


def _due(latches: list[LatchRule], user: User) -> int:
    """When one of the latches may turn; never before the user's due: what lies before it was looked at."""
    soonest = NEVER
    for latch in latches:
        turns_at = _turns_at(latch, user)
        if turns_at <= user.due:
            return user.due
        soonest = min(soonest, turns_at)
    return soonest


def _turns_at(latch: LatchRule, user: User) -> int:
    watch = _watch(latch, latch.is_on(user))
    if watch.asks(user, user.clock) is watch.turns:
        return latch.held_until(user)
    return NEVER if watch.next_change is None else watch.next_change(user, user.clock)


@lru_cache(maxsize=1_024)
def _watch(latch: LatchRule, is_on: bool) -> Watch:
    return latch.watch(is_on=is_on)
