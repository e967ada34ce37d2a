"""What every kind of fact has in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from hashlib import blake2b
from typing import Any

from stage_models.event_sets import EventSet
from stage_models.events import Event
from stage_models.shape import FactShape
from stage_models.user import User

UNCHANGED = 0
CHANGED = 1
BAD_PROPERTY = 2

FIRST_SEEN_BIT = 1
TIME_BIT = 2
STATE_BIT = 4
"""Masks say what changed and what can change an answer: a bit for `first_seen`, one for time that passes,
one for the user's own stage and latches, one for each fact.
"""

CAP = 256
"""Items that a fact keeps one by one where it needs all of a window; past it the oldest are folded
together.
"""


HASH_BYTES = 4
"""Of an event's digest, in the items of facts: enough to tell apart what one user did in one millisecond."""


class Fact(ABC):
    """What must be remembered of one event set. Its state is a list in `user.facts`, the same whatever the
    order in which events come, and unchanged by a doubled event.
    """

    __slots__ = ("bit", "depth", "events", "index", "key", "places")

    def __init__(self, events: EventSet, *what: Any) -> None:
        self.events = events
        # What it remembers. Not how deep, nor for how late an event: a policy that changes these keeps the fact.
        self.key = (type(self).__name__, events.key, *what)
        self.index = -1  # in user.facts; set when the policy is compiled
        self.bit = 0  # in masks of facts; set with the index
        self.depth = 0  # how many items, or how far back, where rules share the deepest
        self.places: dict[str, int] = {}  # the rules that ask it, and how deep

    def deepen(self, other: Fact) -> None:
        """Keep as much as another fact of the same key would."""
        self.depth = max(self.depth, other.depth)

    def whole_from(self, state: list[Any], depth: int) -> int | None:
        """Since when nothing is missing in a state that was kept so deep; None: since the user's first event. Asked
        only of facts that can be deepened.
        """
        raise NotImplementedError

    @property
    def shape(self) -> FactShape:
        """What it remembers, and how deep."""
        return FactShape(blake2b(repr(self.key).encode(), digest_size=8).hexdigest(), self.depth)

    def kept(self, user: User) -> list[Any]:
        """What is remembered so far, to be changed in place."""
        kept: list[Any] = user.facts.setdefault(self.index, [])
        return kept

    @abstractmethod
    def remember(self, user: User, event: Event, digest: int) -> int:
        """Take in an event that belongs to the set: CHANGED, UNCHANGED or BAD_PROPERTY."""

    @abstractmethod
    def merge(self, user: User, other: User) -> None:
        """Take in what another user's state holds, and it holds something: as if this one had seen the events of both.
        Anchors and `first_seen` must be merged before; the other user must not be used again.
        """


def united(items: list[list[Any]], others: list[list[Any]]) -> list[list[Any]]:
    """The items of both, ascending by their first two figures, which tell them apart."""
    found = {(item[0], item[1]): item for item in (*others, *items)}
    return [found[order] for order in sorted(found)]
