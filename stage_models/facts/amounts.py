"""amounts: events of a set with the figure of one property, as [time, hash, millionths] ascending.

Exact up to 256 events; past that the oldest are folded into one item [time, hash, millionths, how many],
which stands at the newest of them, with their sum, or the greatest or least of them.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable
from operator import add

from stage_models.event_sets import EventSet
from stage_models.events import Event, property_of
from stage_models.facts.fact import BAD_PROPERTY, CAP, CHANGED, UNCHANGED, Fact, united
from stage_models.figures import millionths
from stage_models.user import User

Fold = Callable[[int, int], int]
"""How two figures become one: add, max or min."""


class Amounts(Fact):
    """All figures of the window (None: all time) and the allowed lateness before it."""

    __slots__ = ("fold", "path", "span_ms")

    def __init__(
        self, events: EventSet, path: str, within_ms: int | None, lateness_ms: int, fold: Fold = add
    ) -> None:
        super().__init__(events, path, within_ms, fold.__name__)
        self.path = path
        self.span_ms = None if within_ms is None else within_ms + lateness_ms
        self.fold = fold

    def remember(self, user: User, event: Event, digest: int) -> int:
        value = property_of(event.properties, self.path)
        if value is None:
            return UNCHANGED
        figure = millionths(value)
        if figure is None:
            return BAD_PROPERTY
        items: list[list[int]] = self.kept(user)
        if self.span_ms is not None and items and event.occurred_at <= items[-1][0] - self.span_ms:
            return UNCHANGED
        if not insert(items, [event.occurred_at, digest, figure], self.fold):
            return UNCHANGED
        if self.span_ms is not None:
            horizon = items[-1][0] - self.span_ms
            if items[0][0] <= horizon:
                forget_before(items, horizon + 1)
        if len(items) > CAP:
            fold_oldest(items, self.fold)
        return CHANGED

    def merge(self, user: User, other: User) -> None:
        items = united(user.facts[self.index], other.facts[self.index])
        if self.span_ms is not None:
            forget_before(items, items[-1][0] - self.span_ms + 1)
        fold_oldest(items, self.fold)
        user.facts[self.index] = items


def insert(items: list[list[int]], item: list[int], fold: Fold = add) -> bool:
    """Put an item in its place; False if it is there already. What is older than the folded item joins it."""
    if items and items[-1] < item and items[-1][1] != item[1]:
        items.append(item)
        return True
    place = bisect_left(items, item[:2])
    if place < len(items) and items[place][:2] == item[:2]:
        return False
    if place == 0 and items and len(items[0]) == 4:
        items[0][2] = fold(items[0][2], item[2])
        items[0][3] += 1
    else:
        items.insert(place, item)
    return True


def forget_before(items: list[list[int]], instant: int) -> None:
    """Drop the items older than an instant."""
    del items[: bisect_left(items, [instant])]


def fold_oldest(items: list[list[int]], fold: Fold) -> None:
    """Fold the oldest items into one while there are more than the cap."""
    while len(items) > CAP:
        old, new = items[0], items[1]
        items[:2] = [[new[0], new[1], fold(old[2], new[2]), count_of(old) + count_of(new)]]


def count_of(item: list[int]) -> int:
    """How many events an item stands for."""
    return item[3] if is_folded(item) else 1


def is_folded(item: list[int]) -> bool:
    """Whether an item stands for several."""
    return len(item) == 4
