"""Who is due when.

A lazy index: one bucket of users per hour, and a heap for the hours that have begun. The invariant is that every user
with a due stands somewhere no later than the due. Activity mostly moves a due later and touches nothing here; when
the bucket's time comes the true due is looked up and the user is fired or put back. Only a due that moves earlier is
entered again. A user who therefore stands in several buckets meets himself in the bucket of his true due.
"""

from __future__ import annotations

from collections.abc import Callable
from heapq import heappop, heappush

from stage_models.instants import HOUR
from stage_models.user import NEVER


class Dues:
    """The users of one partition by the hour of their due; instants are UTC milliseconds."""

    def __init__(self) -> None:
        self._buckets: dict[int, list[str]] = {}
        self._hours: list[int] = []  # heap of the hours that have a bucket
        self._begun = -NEVER  # hours up to this one are in the heap
        self._near: list[tuple[int, str]] = []
        self._opening: set[str] = set()  # users of the hour that is being opened
        self._count = 0

    def __len__(self) -> int:
        """How many entries there are: about the number of users with a due."""
        return self._count

    def add(self, user_id: str, due: int) -> None:
        """Enter a user whose due is new or has moved earlier. Constant time, logarithmic within the begun hours."""
        if due >= NEVER:
            return
        self._count += 1
        hour = due // HOUR
        if hour <= self._begun:
            heappush(self._near, (due, user_id))
            return
        bucket = self._buckets.get(hour)
        if bucket is None:
            bucket = self._buckets[hour] = []
            heappush(self._hours, hour)
        bucket.append(user_id)

    def pop(self, before: int, limit: int, due_of: Callable[[str], int]) -> list[str] | None:
        """Users whose true due, as `due_of` tells, lies before the instant; at most `limit` are looked at.

        None when nobody stands before the instant any more.
        """
        fired: list[str] = []
        for _ in range(limit):
            if self._opening:
                self._count -= 1
                user_id = self._opening.pop()
                self.add(user_id, due_of(user_id))
            elif self._near and self._near[0][0] < before:
                self._count -= 1
                entered, user_id = heappop(self._near)
                due = due_of(user_id)
                if due <= entered:
                    fired.append(user_id)
                else:
                    self.add(user_id, due)
            elif self._hours and self._hours[0] * HOUR < before:
                self._open_next_hour()
            else:
                return fired or None
        return fired

    def overdue(self, before: int) -> int:
        """How many entries of the begun hours lie before the instant; constant time when there are none."""
        if not self._near or self._near[0][0] >= before:
            return len(self._opening)
        return sum(1 for due, _ in self._near if due < before) + len(self._opening)

    def _open_next_hour(self) -> None:
        hour = heappop(self._hours)
        bucket = self._buckets.pop(hour)
        self._begun = hour
        self._opening = set(bucket)
        self._count -= len(bucket) - len(self._opening)
