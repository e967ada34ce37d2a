"""steps: events that can be steps of a sequence, and the newest instant at which all steps had come in order.

The state is [that instant or None, items], items [time, hash, steps] ascending, where `steps` is a mask of the steps
that the event can be. Items are kept for the window and the allowed lateness, of each step the 32 newest.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from itertools import groupby
from operator import itemgetter
from typing import Any

from stage_models.event_sets import EventSet, union_of
from stage_models.events import Event
from stage_models.facts.fact import BAD_PROPERTY, CHANGED, UNCHANGED, Fact, united
from stage_models.user import NEVER, User

MOST_PER_STEP = 32

_TIME = itemgetter(0)


class Steps(Fact):
    """Steps in time order, first to last within `within_ms` (None: in any time); those of one instant may have come
    in any order. One event is one step.
    """

    __slots__ = ("sets", "span_ms", "within_ms")

    def __init__(self, sets: list[EventSet], within_ms: int | None, lateness_ms: int) -> None:
        super().__init__(union_of(sets), tuple(one.key for one in sets), within_ms)
        self.sets = sets
        self.within_ms = within_ms
        self.span_ms = NEVER if within_ms is None else within_ms + lateness_ms

    def ended(self, user: User) -> int | None:
        """The newest instant at which the last step came in order; None while it never did."""
        state: list[Any] = user.facts[self.index]
        return state[0] if state else None

    def is_full(self, user: User) -> bool:
        """Whether a step has so many items that older ones may have been dropped."""
        state: list[Any] = user.facts[self.index]
        return bool(state) and any(
            sum(item[2] >> step & 1 for item in state[1]) >= MOST_PER_STEP for step in range(len(self.sets))
        )

    def remember(self, user: User, event: Event, digest: int) -> int:
        mask, bad = self._steps_of(event)
        if not mask:
            return UNCHANGED | bad
        at = event.occurred_at
        state: list[Any] = user.facts[self.index]
        ended, items = state or [None, []]
        place = bisect_left(items, [at, digest])
        if place < len(items) and items[place][:2] == [at, digest]:
            return UNCHANGED | bad
        if items and at <= items[-1][0] - self.span_ms:
            return UNCHANGED | bad
        items.insert(place, [at, digest, mask])
        self._forget(items)
        newest = self._newest_end(items, at)
        if newest is not None and (ended is None or newest > ended):
            ended = newest
        user.facts[self.index] = [ended, items]
        return CHANGED | bad

    def merge(self, user: User, other: User) -> None:
        ended, items = user.facts[self.index] or [None, []]
        also_ended, others = other.facts[self.index]
        items = united(items, others)
        ends = [ended, also_ended, *(self._newest_end(items, item[0]) for item in items)]
        self._forget(items)
        user.facts[self.index] = [max((end for end in ends if end is not None), default=None), items]

    def _steps_of(self, event: Event) -> tuple[int, int]:
        """The mask of the steps that the event can be, and whether a property of it is bad for one."""
        mask = bad = 0
        for step, events in enumerate(self.sets):
            if events.concerns(event.name):
                belongs = events.matches(event)
                mask |= (belongs is True) << step
                bad |= BAD_PROPERTY if belongs is None else 0
        return mask, bad

    def _forget(self, items: list[list[int]]) -> None:
        """Keep what can be a step of a sequence that still ends, even if an event comes late."""
        del items[: bisect_left(items, [items[-1][0] - self.span_ms + 1])]
        _drop_oldest(items, len(self.sets))

    def _newest_end(self, items: list[list[int]], at: int) -> int | None:
        """The newest instant at which the last step comes in order, among what can be one sequence with an event at
        the given instant; None if there is none.
        """
        within = NEVER if self.within_ms is None else self.within_ms
        near = items[bisect_right(items, [at - within, NEVER]) : bisect_left(items, [at + within])]
        # By the number of steps done: the newest instant at which the first of them can have come.
        began = [-NEVER] * (len(self.sets) + 1)
        ended: int | None = None
        for instant, group in groupby(near, _TIME):
            masks = [item[2] for item in group]
            after = began.copy()
            for done in range(len(self.sets)):
                begin = began[done] if done else instant
                if begin <= instant - within:
                    continue
                for reached in range(done + 1, len(began)):
                    if not _can_be(done, reached, masks):
                        break
                    after[reached] = max(after[reached], begin)
                    if reached == len(self.sets):
                        ended = instant
            began = after
        return ended


def _can_be(first: int, last: int, masks: list[int]) -> bool:
    """Whether the steps from `first` to before `last` can each be an event of their own (Hall's marriage theorem: any
    of them together have at least as many events as they are).
    """
    return all(
        sum(1 for mask in masks if mask & some << first) >= some.bit_count()
        for some in range(1, 1 << last - first)
    )


def _drop_oldest(items: list[list[int]], steps: int) -> None:
    """Of each step keep only the newest items."""
    for step in range(steps):
        held = [item for item in items if item[2] >> step & 1]
        for item in held[:-MOST_PER_STEP]:
            item[2] &= ~(1 << step)
    if not all(map(itemgetter(2), items)):
        items[:] = [item for item in items if item[2]]
