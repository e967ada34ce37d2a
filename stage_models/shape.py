"""Shape: what stands where in a stored user. Stages, latches and facts stand by their place in the policy that wrote
them; the shape says which they are, so that a later policy finds what it still asks.
"""

from __future__ import annotations

from functools import cached_property
from hashlib import blake2b

import msgspec

_ID_BYTES = 8


class FactShape(msgspec.Struct, frozen=True, array_like=True):
    """One fact: what it remembers, and how deep."""

    key: str  # 16 hex digits; the same for the same events, filter, kind, window and zone
    depth: int


class Shape(msgspec.Struct, frozen=True, array_like=True, dict=True):
    """The places in a user stored under one policy, in their order."""

    policy: str
    version: int
    fingerprint: str  # of the policy, 16 hex digits
    stages: list[str]  # their latches, but that of the base, come first
    lapsed: list[str]  # those of the stages that are lapsed
    left: list[str]  # those of which it is kept when the user left them
    segments: list[str]
    facts: list[FactShape]

    @cached_property
    def id(self) -> bytes:
        """8 bytes that stand in the header of every user of this shape."""
        return blake2b(msgspec.msgpack.encode(self), digest_size=_ID_BYTES).digest()
