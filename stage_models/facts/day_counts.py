"""day_counts: how many events of a set came on each of the newest local dates, as [date, folded, hash, ...] ascending.

A date counts its hashes and those folded. Exact up to 256 hashes; past that the oldest dates keep no more than how
many there were.
"""

from __future__ import annotations

from bisect import bisect_left

from stage_models.calendar import Calendar
from stage_models.event_sets import EventSet
from stage_models.events import Event
from stage_models.facts.fact import CAP, CHANGED, UNCHANGED, Fact
from stage_models.user import User


class DayCounts(Fact):
    """The counts of the newest date and the `depth` dates before it (rules share the deepest); dates are those of the
    policy's time zone, counted in days since 1970-01-01.
    """

    __slots__ = ("calendar",)

    def __init__(self, events: EventSet, days: int, calendar: Calendar) -> None:
        super().__init__(events, calendar.zone)
        self.depth = days
        self.calendar = calendar

    def whole_from(self, state: list[list[int]], depth: int) -> int | None:
        return self.calendar.begin_of(state[-1][0] - depth) if state else None

    def remember(self, user: User, event: Event, digest: int) -> int:
        items: list[list[int]] = self.kept(user)
        date = self.calendar.date_of(event.occurred_at)
        if items and date < items[-1][0] - self.depth:
            return UNCHANGED
        place = bisect_left(items, [date])
        if place == len(items) or items[place][0] != date:
            items.insert(place, [date, 0, digest])
        else:
            hashes = items[place][2:]
            if digest in hashes:
                return UNCHANGED
            items[place][2:] = sorted([*hashes, digest])
        del items[: bisect_left(items, [items[-1][0] - self.depth])]
        _fold(items)
        return CHANGED

    def merge(self, user: User, other: User) -> None:
        found: dict[int, list[int]] = {}
        for date, folded, *hashes in (*user.facts[self.index], *other.facts[self.index]):
            _, held, *others = found.get(date, [date, 0])
            found[date] = [date, held + folded, *sorted({*others, *hashes})]
        items = [found[date] for date in sorted(found) if date >= max(found) - self.depth]
        _fold(items)
        user.facts[self.index] = items

    def between(self, user: User, first: int, last: int) -> list[list[int]]:
        """The items of the dates from `first` to before `last`."""
        items: list[list[int]] = user.facts[self.index]
        return items[bisect_left(items, [first]) : bisect_left(items, [last])]


def count_of(item: list[int]) -> int:
    """How many events an item stands for."""
    return item[1] + len(item) - 2


def is_folded(item: list[int]) -> bool:
    """Whether an item no longer knows which events it counted."""
    return item[1] > 0


def _fold(items: list[list[int]]) -> None:
    """Let the oldest dates forget their hashes while there are more than the cap."""
    spare = sum(map(len, items)) - 2 * len(items) - CAP
    place = 0
    while spare > 0:
        item = items[place]
        gone = min(spare, len(item) - 2)
        item[1] += gone
        del item[2 : 2 + gone]
        spare -= gone
        place += 1
