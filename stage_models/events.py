"""What can come in: an event of a user, or a tick.

An event is something a user did or that was reported about them, with the time at which it happened. A tick
is a promise: no event older than its time follows, except late ones.
"""

from __future__ import annotations

from hashlib import blake2b
from typing import Any

import msgspec


class Event(msgspec.Struct, gc=False, kw_only=True):
    """One event, already checked at the edge; inside it is trusted. Times are UTC milliseconds."""

    user_id: str
    event_id: str
    occurred_at: int
    name: str | None = None  # None: identify, alias and group have no name and match no event set
    kind: str = "track"
    properties: dict[str, Any] = {}
    traits: dict[str, Any] = {}
    group_id: str | None = None
    consent: dict[str, bool] = {}
    is_active: bool = True  # False: traits are updated, but it is no activity and matches no event set
    received_at: int | None = None

    def digest(self) -> bytes:
        """The first 8 bytes of blake2b of the event id: its identity inside a user."""
        return blake2b(self.event_id.encode()).digest()[:8]


class Tick(msgspec.Struct, frozen=True):
    """No event older than `time` (UTC milliseconds) follows, except late ones."""

    time: int


def property_of(properties: dict[str, Any], path: str) -> Any:
    """The value at a dotted path (`cart.value`), or None; a key that itself holds dots wins."""
    if path in properties:
        return properties[path]
    if "." not in path:
        return None
    value: Any = properties
    for part in path.split("."):
        if not isinstance(value, dict):
            return None
        value = value.get(part)
    return value
