"""What lies in the changelog: users with what they still have to tell, and the position record of a partition.

A user's record is framed so that recovery can take the stored user without looking at the rest:

    length u32 | stored user | msgpack [[sequence, id, detected at, value, headers], ...]   (nothing when all is told)

Key of a user is the user id in UTF-8. Other keys begin with a byte that no user id may hold: the position, fences, and
the shapes of the stored users, one for each policy that wrote some.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from stage_models.shape import Shape
from streams.codec.cloudevents import Headers

POSITION_KEY = b"\x00position"
FENCE_KEY = b"\x00fence"
_SHAPE_PREFIX = b"\x00shape"

_LENGTH_BYTES = 4
_HEADERS_BYTES = 1_024  # of one transition, generously


class Waiting(msgspec.Struct, array_like=True, gc=False):
    """A transition that no confirmed flush has delivered yet, as its record will lie on the topic."""

    sequence: int
    id: str
    detected_at: int
    value: bytes
    headers: Headers

    @property
    def size(self) -> int:
        """About how many bytes it takes in the changelog."""
        return len(self.value) + _HEADERS_BYTES


class Position(msgspec.Struct, array_like=True, frozen=True, kw_only=True):
    """How far a partition has come. Recovery trusts this record and nothing else."""

    form: int = 1
    position: int  # every source record before this offset is applied
    delivered: int  # changelog offset before which everything that users had to tell is told
    watermark: int  # time of the newest tick, UTC milliseconds
    epoch: int = 0  # of the source topic
    policy: str
    version: int
    fingerprint: str
    source_id: str | None = None  # of this incarnation of the source topic, where the broker gives topics ids
    quarantined: list[str] = []  # users whose state the changelog cannot take


_encode = msgspec.msgpack.Encoder().encode
_decode_waiting = msgspec.msgpack.Decoder(list[Waiting]).decode
_decode_shape = msgspec.msgpack.Decoder(Shape).decode
_decode_position = msgspec.msgpack.Decoder(Position).decode


def frame(stored: bytes, waiting: Sequence[Waiting]) -> bytes:
    """The changelog value of a stored user and what it still has to tell."""
    head = len(stored).to_bytes(_LENGTH_BYTES, "big") + stored
    return head + _encode(waiting) if waiting else head


def stored_user(value: bytes) -> bytes:
    """The stored user in a changelog value."""
    return value[_LENGTH_BYTES : _LENGTH_BYTES + int.from_bytes(value[:_LENGTH_BYTES], "big")]


def waiting(value: bytes) -> list[Waiting]:
    """What the user of this changelog value still had to tell when it was written."""
    rest = memoryview(value)[_LENGTH_BYTES + int.from_bytes(value[:_LENGTH_BYTES], "big") :]
    return _decode_waiting(rest) if rest else []


def shape_key(shape: Shape) -> bytes:
    """The key of a shape's record."""
    return _SHAPE_PREFIX + shape.id


def encode_shape(shape: Shape) -> bytes:
    """The value of a shape's record."""
    return _encode(shape)


def decode_shape(key: bytes, value: bytes) -> tuple[bytes, Shape] | None:
    """The shape in a record of a reserved key and the id that users have in their header; None if it holds another."""
    if not key.startswith(_SHAPE_PREFIX):
        return None
    return key.removeprefix(_SHAPE_PREFIX), _decode_shape(value)


def encode_position(position: Position) -> bytes:
    """The value of a position record."""
    return _encode(position)


def decode_position(value: bytes) -> Position:
    """The position record in this value. Raises ValueError for a form that this version cannot read."""
    position = _decode_position(value)
    if position.form != 1:
        raise ValueError(f"position record has form {position.form}; this version reads form 1")
    return position
