"""What can go out: transitions with their evidence, drops and notes.

A transition is one change of one user: a stage that changed, a segment entered, a segment left. Instants
are UTC milliseconds here; `streams.codec.transitions` writes them as the contract says (RFC 3339 text).
"""

from __future__ import annotations

from hashlib import sha1
from typing import Literal
from uuid import UUID

import msgspec

from stage_models.instants import format_instant

Cause = Literal["event", "time", "late", "merge", "policy", "manual"]
Kind = Literal["stage.changed", "segment.entered", "segment.left"]
Direction = Literal["first", "up", "down", "return"]

NAMESPACE = UUID("f7af431a-03f8-5bbd-a668-00feec37415b")
"""uuid5(URL namespace, `urn:stagestream:transition`): the namespace of all transition ids."""


class Evidence(msgspec.Struct, gc=False):
    """One condition that decided: what was observed against which threshold."""

    rule: str  # its place in the policy, for example ladder.power.when.all.0
    condition: str  # its sentence, as `describe` prints it
    observed: int | float | str | bool | None
    threshold: int | float | str | bool | None
    instants: list[int]  # up to 10 that count, newest first
    event_ids: list[str]
    approximate: bool = False


class CausingEvent(msgspec.Struct, gc=False):
    """The event that caused a transition."""

    id: str
    name: str | None
    occurred_at: int


class Action(msgspec.Struct, frozen=True):
    """What the policy wants done for who enters here."""

    name: str
    text: str
    owner: str | None


class PolicyRef(msgspec.Struct, frozen=True):
    """Which policy judged."""

    name: str
    version: int
    fingerprint: str  # 16 hex digits


class Transition(msgspec.Struct, gc=False, kw_only=True):
    """One change of one user, in the words of the contract. `detected_at` is the shell's: the core reads no
    clock.
    """

    id: str
    kind: Kind
    user_id: str
    group_id: str | None
    sequence: int
    from_stage: str | None = None  # the next three: stage.changed only
    to_stage: str | None = None
    direction: Direction | None = None
    segment: str | None = None  # segment kinds only
    cause: Cause
    corrects: list[str]
    event: CausingEvent | None
    effective_at: int
    previous_entered_at: int | None
    next_check_at: int | None
    evidence: list[Evidence]
    stage: str
    segments: list[str]
    highest_stage: str
    action: Action | None = None  # None for segment.left
    policy: PolicyRef
    consent: dict[str, bool]


def transition_id(policy: str, user_id: str, sequence: int, kind: str, names: str, effective_at: int) -> str:
    """The id of a transition: uuid5 (RFC 9562) over the fields joined by newlines, the instant as RFC 3339
    text.

    `names` is `from>to` for a stage change (`>to` for the first) and the segment's name otherwise.
    """
    text = f"{policy}\n{user_id}\n{sequence}\n{kind}\n{names}\n{format_instant(effective_at)}"
    digest = bytearray(sha1(NAMESPACE.bytes + text.encode(), usedforsecurity=False).digest()[:16])
    digest[6] = digest[6] & 0x0F | 0x50
    digest[8] = digest[8] & 0x3F | 0x80
    h = digest.hex()
    return f"{h[:8]}-{h[8:12]}-{h[12:16]}-{h[16:20]}-{h[20:]}"
