"""values: the different values of a property among the events of a set, as [time of its newest event, value]
ascending, where value is a hash.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from hashlib import blake2b
from typing import Any

from stage_models.event_sets import EventSet
from stage_models.events import Event, property_of
from stage_models.facts.fact import BAD_PROPERTY, CHANGED, UNCHANGED, Fact
from stage_models.user import User


class Values(Fact):
    """The `depth` values that came last: enough for "at least depth within a rolling window". Rules share
    the deepest.
    """

    __slots__ = ("path",)

    def __init__(self, events: EventSet, path: str, depth: int) -> None:
        super().__init__(events, path)
        self.path = path
        self.depth = depth

    def whole_from(self, state: list[list[int]], depth: int) -> int | None:
        return state[0][0] + 1 if len(state) >= depth else None

    def remember(self, user: User, event: Event, digest: int) -> int:
        value = property_of(event.properties, self.path)
        if value is None:
            return UNCHANGED
        known_as = hash_of(value)
        if known_as is None:
            return BAD_PROPERTY
        items: list[list[int]] = self.kept(user)
        item = [event.occurred_at, known_as]
        place = next((place for place, held in enumerate(items) if held[1] == known_as), None)
        if place is not None:
            if items[place] >= item:
                return UNCHANGED
            del items[place]
        elif len(items) == self.depth and bisect_left(items, item) == 0:
            return UNCHANGED
        insort(items, item)
        if len(items) > self.depth:
            del items[: -self.depth]
        return CHANGED

    def merge(self, user: User, other: User) -> None:
        both = sorted([*user.facts[self.index], *other.facts[self.index]])
        newest = {known_as: at for at, known_as in both}
        items = sorted([at, known_as] for known_as, at in newest.items())
        user.facts[self.index] = items[-self.depth :]


def hash_of(value: Any) -> int | None:
    """What tells a text, a number (1 and 1.0 are one) or a truth from others; None for a list or a mapping."""
    if not isinstance(value, str | int | float):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    kind = "text" if isinstance(value, str) else "truth" if isinstance(value, bool) else "number"
    return int.from_bytes(blake2b(f"{kind} {value}".encode(), digest_size=8).digest(), "big")
