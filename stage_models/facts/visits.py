"""visits: events of a set that lie close together, as [begin, how long] ascending. A visit begins with an
event that comes at least `gap` after the event before it.

Only where a visit begins and ends is kept, so it does not matter how many events it has, in which order they
come, or how often.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right

from stage_models.event_sets import EventSet
from stage_models.events import Event
from stage_models.facts.anchored import Windowed
from stage_models.facts.fact import CAP, CHANGED, UNCHANGED, Fact
from stage_models.facts.first import First
from stage_models.user import NEVER, User


class Visits(Fact):
    """The visits that begin in a rolling window (None: in all time), the newest 256 of them."""

    __slots__ = ("gap_ms", "span_ms")

    def __init__(
        self, events: EventSet, gap_ms: int, within_ms: int | None, lateness_ms: int, depth: int = 0
    ) -> None:
        super().__init__(events, gap_ms, within_ms)
        self.gap_ms = gap_ms
        # What ended before that cannot join what still counts, even if an event comes late.
        self.span_ms = None if within_ms is None else within_ms + gap_ms + lateness_ms
        self.depth = max(CAP, depth)

    def whole_from(self, state: list[list[int]], depth: int) -> int | None:
        return state[0][0] + 1 if len(state) >= depth else None

    def remember(self, user: User, event: Event, digest: int) -> int:
        items: list[list[int]] = self.kept(user)
        if self.span_ms is not None and items and event.occurred_at <= last_of(items[-1]) - self.span_ms:
            return UNCHANGED
        outcome = join(items, event.occurred_at, self.gap_ms)
        if self.span_ms is not None:
            forget_ended(items, last_of(items[-1]) - self.span_ms)
        del items[: -self.depth]
        return outcome

    def merge(self, user: User, other: User) -> None:
        items = united(user.facts[self.index], other.facts[self.index], self.gap_ms)
        if self.span_ms is not None:
            forget_ended(items, last_of(items[-1]) - self.span_ms)
        user.facts[self.index] = items[-self.depth :]


class VisitsSince(Windowed):
    """The visits that begin in a window that begins at an anchor, the oldest 256 of them.

    Kept from anchor - allowed lateness - gap on, because a late event can move the anchor back, and what came
    shortly before it tells whether a visit begins there.
    """

    __slots__ = ("gap_ms",)

    def __init__(
        self,
        events: EventSet,
        anchor: First | None,
        within_ms: int | None,
        lateness_ms: int,
        *,
        gap_ms: int,
        depth: int,
    ) -> None:
        super().__init__(events, anchor, within_ms, lateness_ms, gap_ms)
        self.gap_ms = gap_ms
        self.depth = max(CAP, depth)

    def whole_from(self, state: list[list[int]], depth: int) -> int | None:
        return NEVER if len(state) >= depth else None

    def remember(self, user: User, event: Event, digest: int) -> int:
        items: list[list[int]] = self.kept(user)
        anchor = self.anchor_of(user)
        newest = last_of(items[-1]) if items else -NEVER
        horizon = (newest if anchor is None else anchor) - self.lateness_ms - self.gap_ms
        end = NEVER if anchor is None else self.end(anchor)
        if not horizon < event.occurred_at < end + self.gap_ms:
            return UNCHANGED
        outcome = join(items, event.occurred_at, self.gap_ms)
        self._forget(items, anchor)
        return outcome if event.occurred_at < end else UNCHANGED

    def merge(self, user: User, other: User) -> None:
        items = united(user.facts[self.index], other.facts[self.index], self.gap_ms)
        self._forget(items, self.anchor_of(user))
        user.facts[self.index] = items

    def _forget(self, items: list[list[int]], anchor: int | None) -> None:
        if anchor is None:
            forget_ended(items, last_of(items[-1]) - self.lateness_ms - self.gap_ms)
            del items[: -self.depth]
            return
        forget_ended(items, anchor - self.lateness_ms - self.gap_ms)
        end = self.end(anchor)
        del items[bisect_left(items, [end]) :]
        if items:
            items[-1][1] = min(items[-1][1], end - items[-1][0])
        del items[: max(0, bisect_left(items, [anchor]) - self.depth)]
        del items[bisect_left(items, [anchor]) + self.depth :]


def join(items: list[list[int]], at: int, gap_ms: int) -> int:
    """Put an event in: it belongs to a visit, joins two, or begins one. UNCHANGED while all visits begin as
    before.
    """
    place = bisect_right(items, [at, NEVER])  # of the first visit that begins after it
    before = items[place - 1] if place and at < last_of(items[place - 1]) + gap_ms else None
    after = items[place] if place < len(items) and items[place][0] < at + gap_ms else None
    if before is not None:
        if after is None:
            before[1] = max(before[1], at - before[0])
            return UNCHANGED
        before[1] = last_of(after) - before[0]
        del items[place]
    elif after is not None:
        after[:] = [at, last_of(after) - at]
    else:
        items.insert(place, [at, 0])
    return CHANGED


def united(items: list[list[int]], others: list[list[int]], gap_ms: int) -> list[list[int]]:
    """The visits of both, those that lie together as one."""
    found: list[list[int]] = []
    for first, length in sorted([*items, *others]):
        if found and first < last_of(found[-1]) + gap_ms:
            found[-1][1] = max(found[-1][1], first + length - found[-1][0])
        else:
            found.append([first, length])
    return found


def last_of(visit: list[int]) -> int:
    """When the visit's last event came."""
    return visit[0] + visit[1]


def forget_ended(items: list[list[int]], horizon: int) -> None:
    """Drop the visits that ended at or before an instant."""
    while items and last_of(items[0]) <= horizon:
        del items[0]
