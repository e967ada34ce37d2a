"""marks: the last n events of a set, each with whether it passed a filter, as [time, hash, passed]
ascending.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from stage_models.event_sets import EventSet
from stage_models.events import Event
from stage_models.facts.fact import BAD_PROPERTY, CHANGED, UNCHANGED, Fact, united
from stage_models.user import User


class Marks(Fact):
    """The `depth` newest events (rules share the deepest) and which of them belong to the narrower set `marked`."""

    __slots__ = ("marked",)

    def __init__(self, events: EventSet, depth: int, marked: EventSet) -> None:
        super().__init__(events, marked.key)
        self.depth = depth
        self.marked = marked

    def whole_from(self, state: list[list[Any]], depth: int) -> int | None:
        return state[0][0] + 1 if len(state) >= depth else None

    def remember(self, user: User, event: Event, digest: int) -> int:
        items: list[list[Any]] = self.kept(user)
        passed = self.marked.matches(event)
        item = [event.occurred_at, digest]
        if not items or items[-1] < item:
            items.append([*item, passed is True])
        else:
            place = bisect_left(items, item)
            if items[place][:2] == item or (place == 0 and len(items) == self.depth):
                return UNCHANGED
            items.insert(place, [*item, passed is True])
        if len(items) > self.depth:
            del items[0]
        return CHANGED | (BAD_PROPERTY if passed is None else 0)

    def merge(self, user: User, other: User) -> None:
        both = united(user.facts[self.index], other.facts[self.index])
        user.facts[self.index] = both[-self.depth :]
