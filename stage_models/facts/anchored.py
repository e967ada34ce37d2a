"""anchored: events of a set in a window that begins at the user's first event of another set (or when first
seen).

Items are [time, hash] or, with a property, [time, hash, millionths], ascending. They are kept from anchor -
allowed lateness on, because a late event can move the anchor back that far; while there is no anchor, those
of the last allowed lateness.
"""

from __future__ import annotations

from bisect import bisect_left
from operator import add
from typing import Any

from stage_models.event_sets import EventSet
from stage_models.events import Event, property_of
from stage_models.facts.amounts import Fold, fold_oldest, forget_before, insert
from stage_models.facts.fact import BAD_PROPERTY, CAP, CHANGED, UNCHANGED, Fact, united
from stage_models.facts.first import First
from stage_models.figures import millionths
from stage_models.user import NEVER, User


class Windowed(Fact):
    """Items, ascending by their first figure, of a window that begins at an anchor (None: first seen)."""

    __slots__ = ("anchor", "lateness_ms", "within_ms")

    def __init__(
        self, events: EventSet, anchor: First | None, within_ms: int | None, lateness_ms: int, *what: Any
    ) -> None:
        super().__init__(events, anchor.key if anchor else None, within_ms, *what)
        self.anchor = anchor
        self.within_ms = within_ms
        self.lateness_ms = lateness_ms

    def anchor_of(self, user: User) -> int | None:
        """The instant at which the window begins for this user, None while there is none."""
        if self.anchor is None:
            return user.first_seen
        held: list[int] = user.facts[self.anchor.index]
        return held[0] if held else None

    def window(self, user: User) -> list[list[int]]:
        """The items that count."""
        items: list[list[int]] = user.facts[self.index]
        anchor = self.anchor_of(user)
        if anchor is None:
            return []
        return items[bisect_left(items, [anchor]) : bisect_left(items, [self.end(anchor)])]

    def end(self, anchor: int) -> int:
        """The first instant behind the window that begins at the anchor."""
        return NEVER if self.within_ms is None else anchor + self.within_ms


class Anchored(Windowed):
    """The `depth` oldest events of the window (rules share the deepest), or with a property (`path`) all of them."""

    __slots__ = ("fold", "path")

    def __init__(
        self,
        events: EventSet,
        anchor: First | None,
        within_ms: int | None,
        lateness_ms: int,
        *,
        depth: int = 0,
        path: str | None = None,
        fold: Fold = add,
    ) -> None:
        super().__init__(events, anchor, within_ms, lateness_ms, path, fold.__name__)
        self.depth = depth
        self.path = path
        self.fold = fold

    def whole_from(self, state: list[list[int]], depth: int) -> int | None:
        return NEVER if len(state) >= depth else None

    def remember(self, user: User, event: Event, digest: int) -> int:
        item = [event.occurred_at, digest]
        if self.path is not None:
            value = property_of(event.properties, self.path)
            if value is None:
                return UNCHANGED
            figure = millionths(value)
            if figure is None:
                return BAD_PROPERTY
            item.append(figure)
        items: list[list[int]] = self.kept(user)
        anchor = self.anchor_of(user)
        if not self._keeps(items, item, anchor) or not insert(items, item, self.fold):
            return UNCHANGED
        self._forget(items, anchor)
        return CHANGED

    def merge(self, user: User, other: User) -> None:
        items = united(user.facts[self.index], other.facts[self.index])
        self._forget(items, self.anchor_of(user))
        user.facts[self.index] = items

    def _keeps(self, items: list[list[int]], item: list[int], anchor: int | None) -> bool:
        """Whether the item is among those to keep."""
        if anchor is None:
            return not items or item[0] >= items[-1][0] - self.lateness_ms
        if not anchor - self.lateness_ms <= item[0] < self.end(anchor):
            return False
        if self.path is not None:
            return True
        enough = bisect_left(items, [anchor]) + self.depth
        return len(items) < enough or item < items[enough - 1]

    def _forget(self, items: list[list[int]], anchor: int | None) -> None:
        cap = max(CAP, self.depth)
        if anchor is None:
            forget_before(items, items[-1][0] - self.lateness_ms)
            del items[:-cap]
            return
        forget_before(items, anchor - self.lateness_ms)
        del items[bisect_left(items, [self.end(anchor)]) :]
        del items[: max(0, bisect_left(items, [anchor]) - cap)]
        before = bisect_left(items, [anchor])
        if self.path is None:
            del items[before + self.depth :]
            return
        counted = items[before:]
        fold_oldest(counted, self.fold)
        items[before:] = counted
