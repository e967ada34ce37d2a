"""first: the earliest event of a set, as [time, hash]. Windows and silences are anchored at it."""

from __future__ import annotations

from stage_models.events import Event
from stage_models.facts.fact import CHANGED, UNCHANGED, Fact
from stage_models.user import User


class First(Fact):
    """The earliest event by (time, hash) of all applied so far; a late event can move it back."""

    __slots__ = ()

    def remember(self, user: User, event: Event, digest: int) -> int:
        item = [event.occurred_at, digest]
        held = user.facts[self.index]
        if held and held <= item:
            return UNCHANGED
        user.facts[self.index] = item
        return CHANGED

    def merge(self, user: User, other: User) -> None:
        theirs = other.facts[self.index]
        user.facts[self.index] = min(user.facts[self.index] or theirs, theirs)
