"""newest: the k newest events of a set, as [time, hash] in ascending order."""

from __future__ import annotations

from bisect import bisect_left

from stage_models.event_sets import EventSet
from stage_models.events import Event
from stage_models.facts.fact import CHANGED, UNCHANGED, Fact, united
from stage_models.user import User


class Newest(Fact):
    """The `depth` newest events: enough for "at least depth within a rolling window". Rules share the
    deepest.
    """

    __slots__ = ()

    def __init__(self, events: EventSet, depth: int) -> None:
        super().__init__(events)
        self.depth = depth

    def whole_from(self, state: list[list[int]], depth: int) -> int | None:
        return state[0][0] + 1 if len(state) >= depth else None

    def remember(self, user: User, event: Event, digest: int) -> int:
        items: list[list[int]] = self.kept(user)
        item = [event.occurred_at, digest]
        if items and item <= items[-1]:
            place = bisect_left(items, item)
            if items[place] == item or (place == 0 and len(items) == self.depth):
                return UNCHANGED
            items.insert(place, item)
        else:
            items.append(item)
        if len(items) > self.depth:
            del items[: -self.depth]
        return CHANGED

    def merge(self, user: User, other: User) -> None:
        both = united(user.facts[self.index], other.facts[self.index])
        user.facts[self.index] = both[-self.depth :]
