"""A user: everything that is remembered about one person, and its stored form.

The stored form is a fixed header that can be read without decoding the rest (recovery and the due index
look at nothing else), followed by a msgpack array. Form 1:

    form u8 | shape 8 bytes | source epoch u16 | incarnation u16 | offset i64 | sequence u32 | due i64 | clock i64 |
    stage i16
    msgpack [due judged, first seen, stage since, highest, stages visited, latches on, stages left, latches, run,
             facts, ids, group, consent, incomplete]

The last three are left out where there is none of them. Instants in msgpack are shortened near to the clock
(shortening.py).

Stages, latches and facts stand by their place in the policy; the id of its shape names it (shape.py). Latches that
were never on and facts that were never touched are left out. A bit mask is a number, or bytes, the least first, where
it has more bits than a number of msgpack.
"""

from __future__ import annotations

import struct
from itertools import zip_longest
from typing import Any, NamedTuple

import msgspec

from stage_models.shortening import restored, shortened

FORM = 1
NEVER = 2**63 - 1
"""The due of a user for whom nothing can change while nothing happens."""

_HEADER = struct.Struct(">B8sHHqIqqh")
_DUE = struct.Struct(">q")
_STAGE = struct.Struct(">h")
_STAGE_AT = _HEADER.size - _STAGE.size
_DUE_AT = _STAGE_AT - 2 * _DUE.size
_SHAPE = slice(1, 1 + 8)
_RANK = slice(1 + 8, _DUE_AT)  # big-endian, never negative in a stored user: bytes compare as numbers do

_TOO_LARGE = 1 << 64  # for a number of msgpack

IDS_KEPT = 16
ID_BYTES = 5


class Latch(msgspec.Struct, array_like=True, gc=False):
    """How a stage or segment last began and ended for one user; whether it is on stands in `User.on`."""

    began: int
    began_sequence: int = (
        0  # of the transition that told it; 0 for a stage, whose latch tells nothing by itself
    )
    began_by_time: bool = False
    ended: int | None = None
    ended_sequence: int = 0
    ended_by_time: bool = False


class Move(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """A stage move of cause `time` that a late event may withdraw."""

    sequence: int
    from_stage: int
    to_stage: int
    at: int


class Facts(dict[int, Any]):
    """What is remembered, by the fact's place in the policy: a list each. A fact that was never touched reads as
    empty.
    """

    __slots__ = ()

    def __missing__(self, index: int) -> Any:
        return ()


class Gap(msgspec.Struct, array_like=True, gc=False, frozen=True):
    """What a fact may miss, because a policy change started or deepened it later."""

    before: int  # only of events before this instant
    depth: int  # and none of its so many newest items


class User(msgspec.Struct, gc=False):
    """One user's state. `advance` changes it in place: keep the stored form if you may have to go back."""

    id: str
    epoch: int = 0  # of the source topic; grows when it is recreated
    incarnation: int = 0  # grows when the user is erased or rebuilt
    offset: int = -1  # last applied source offset
    sequence: int = 0  # of the last transition
    due: int = NEVER  # the next instant at which something may change by itself; may be early, never late
    clock: int = -NEVER  # newest judged instant
    is_due_judged: bool = False  # a move in time was judged at the clock: events of that instant are late
    first_seen: int = NEVER
    stage: int = -1  # index in the policy's ladder; -1 before the first event
    stage_since: int = 0
    highest: int = 0
    visited: int = 0  # bit mask of the stages the user was in
    on: int = 0  # bit mask of the latches that are on; the stages' come first
    left: dict[
        int, int
    ] = {}  # stage -> when the user last left it; only stages that a rule asks this of; negative: not after that
    latches: dict[int, Latch] = {}  # stages but the base, then segments; those that were ever on
    run: list[Move] = []  # newest unbroken run of stage moves of cause `time`
    facts: Facts = msgspec.field(default_factory=Facts)
    ids: bytes = b""  # the last 16 event ids, 5 bytes of hash each
    group: tuple[int, int, str] | None = None  # time, hash and id of the newest group
    consent: dict[str, tuple[int, int, bool]] = {}  # channel -> time, hash, value
    incomplete: dict[int, Gap] = {}  # by fact; not in it: nothing is missing

    def knows_id(self, digest: bytes) -> bool:
        """Whether the event with this digest is among the last 16."""
        return digest[:ID_BYTES] in self.ids

    def keep_id(self, digest: bytes) -> None:
        """Remember the event's digest; the oldest of 16 makes room."""
        self.ids = (self.ids + digest[:ID_BYTES])[-IDS_KEPT * ID_BYTES :]

    def keep_ids_of(self, other: User) -> None:
        """Remember the ids that another user remembers: of both by turns, the newest first, while there is room."""
        newest_first = [
            [ids[place : place + ID_BYTES] for place in range(len(ids) - ID_BYTES, -1, -ID_BYTES)]
            for ids in (self.ids, other.ids)
        ]
        by_turns = dict.fromkeys(one for pair in zip_longest(*newest_first) for one in pair if one)
        self.ids = b"".join(reversed([*by_turns][:IDS_KEPT]))


class Header(NamedTuple):
    """What recovery reads of a stored user."""

    form: int
    shape: bytes  # 8 bytes
    epoch: int
    incarnation: int
    offset: int
    sequence: int
    due: int
    clock: int
    stage: int


class _Body(msgspec.Struct, array_like=True, gc=False):
    """What follows the header."""

    is_due_judged: bool
    first_seen: int
    stage_since: int
    highest: int
    visited: int | bytes
    on: int | bytes
    left: dict[int, int]
    latches: dict[int, Latch]
    run: list[Move]
    facts: dict[int, list[Any]]
    ids: bytes
    group: tuple[int, int, str] | None = None
    consent: dict[str, tuple[int, int, bool]] = {}
    incomplete: dict[int, Gap] = {}


_encode_body = msgspec.msgpack.Encoder().encode
_decode_body = msgspec.msgpack.Decoder(_Body).decode


def encode(user: User, shape: bytes) -> bytes:
    """The stored form of a user under the policy whose shape has this id (8 bytes)."""
    clock = user.clock
    header = _HEADER.pack(
        FORM, shape, user.epoch, user.incarnation, user.offset, user.sequence, user.due, clock, user.stage
    )
    body: tuple[Any, ...] = (
        user.is_due_judged,
        user.first_seen,
        user.stage_since,
        user.highest,
        _written(user.visited),
        _written(user.on),
        user.left,
        user.latches,
        user.run,
        user.facts,
        user.ids,
    )
    if user.group or user.consent or user.incomplete:
        body += user.group, user.consent, user.incomplete
    return header + shortened(_encode_body(body), clock)


def decode(user_id: str, stored: bytes) -> User:
    """The user whose stored form this is. Raises ValueError for a form that this version cannot read."""
    form, _, epoch, incarnation, offset, sequence, due, clock, stage = _HEADER.unpack_from(stored)
    if form != FORM:
        raise ValueError(f"stored user has form {form}; this version reads form {FORM}")
    body = _decode_body(restored(stored[_HEADER.size :], clock))
    return User(
        user_id,
        epoch,
        incarnation,
        offset,
        sequence,
        due,
        clock,
        body.is_due_judged,
        body.first_seen,
        stage,
        body.stage_since,
        body.highest,
        _mask(body.visited),
        _mask(body.on),
        body.left,
        body.latches,
        body.run,
        Facts(body.facts),
        body.ids,
        body.group,
        body.consent,
        body.incomplete,
    )


def _written(mask: int) -> int | bytes:
    return mask if mask < _TOO_LARGE else mask.to_bytes((mask.bit_length() + 7) // 8, "little")


def _mask(written: int | bytes) -> int:
    return written if isinstance(written, int) else int.from_bytes(written, "little")


def header_of(stored: bytes) -> Header:
    """The header of a stored user, without decoding the rest."""
    return Header(*_HEADER.unpack_from(stored))


def shape_of(stored: bytes) -> bytes:
    """The id of the shape of a stored user."""
    return stored[_SHAPE]


def due_of(stored: bytes) -> int:
    """The due in the header of a stored user, NEVER if there is none."""
    due: int = _DUE.unpack_from(stored, _DUE_AT)[0]
    return due


def rank_of(stored: bytes) -> bytes:
    """What orders two stored forms of one user: epoch, incarnation, offset, sequence; the greater is the
    newer.
    """
    return stored[_RANK]


def stage_of(stored: bytes) -> int:
    """The stage of a stored user, as its index in the ladder."""
    stage: int = _STAGE.unpack_from(stored, _STAGE_AT)[0]
    return stage


def with_due(stored: bytes, due: int) -> bytes:
    """The stored user with another due; for memory only, where a due was looked at and changed nothing."""
    return stored[:_DUE_AT] + _DUE.pack(due) + stored[_DUE_AT + _DUE.size :]
