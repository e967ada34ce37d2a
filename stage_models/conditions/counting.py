"""Counting: how many items of a fact lie in a window. Rule types that count what happened are made of it.

An item's first figure is the instant by which it counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from stage_models.conditions.ranges import is_final, judge_anchored, judge_open, masks, ranks, threshold
from stage_models.conditions.rule import Answer, Condition, Observation, earliest
from stage_models.conditions.scope import Scope
from stage_models.events import Event
from stage_models.facts import Fact
from stage_models.facts.anchored import Windowed
from stage_models.facts.fact import FIRST_SEEN_BIT
from stage_models.user import NEVER, User

Bounds = tuple[int | None, int | None]


def depth_of(bounds: Bounds) -> int:
    """How many items decide whether a count is within at_least and at_most."""
    at_least, at_most = bounds
    return max(at_least or 0, 0 if at_most is None else at_most + 1)


class _Count(Condition):
    def __init__(self, scope: Scope, sentence: str, fact: Fact, bounds: Bounds) -> None:
        super().__init__(scope, sentence)
        self.events = fact.events
        self.at_least, self.at_most = bounds

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        return event.occurred_at in instants and self.events.holds(event)

    def _seen(self, instants: list[int]) -> Observation:
        return Observation(len(instants), threshold(len(instants), self.at_least, self.at_most), instants)


class CountLately(_Count):
    """Over a rolling window, or over all time. The fact holds at least the items that decide.

    An item that began less than `joined_ms` after another may be a part of it.
    """

    def __init__(
        self,
        scope: Scope,
        sentence: str,
        fact: Fact,
        bounds: Bounds,
        within_ms: int | None,
        joined_ms: int = 0,
    ) -> None:
        super().__init__(scope, sentence, fact, bounds)
        self.fact = fact
        self.index = fact.index
        self.within_ms = within_ms
        self.joined_ms = joined_ms
        self.ranks = ranks(self.at_least, self.at_most)
        also = FIRST_SEEN_BIT if within_ms is not None and self.at_most is not None else 0
        self.reads_of(*masks(fact.bit, self.at_least, self.at_most), also=also)

    def holds(self, user: User, at: int) -> Answer:
        items, least = user.facts[self.index], self.at_least
        if self.at_most is None and least is not None:
            return len(items) >= least and (self.within_ms is None or items[-least][0] > at - self.within_ms)
        if self.within_ms is None:
            return judge_open(len(items), least, self.at_most, is_known=True)
        begins = at - self.within_ms
        count = len(items) - bisect_left(items, [begins + 1])
        return judge_open(count, least, self.at_most, user.first_seen <= begins)

    def next_change(self, user: User, at: int) -> int:
        if self.within_ms is None:
            return NEVER
        items = user.facts[self.index]
        change = NEVER
        for rank in self.ranks:
            if rank <= len(items):
                leaves = items[-rank][0] + self.within_ms
                if at < leaves < change:
                    change = leaves
        if self.at_most is None:
            return change
        return min(change, earliest(at, user.first_seen + self.within_ms))

    def decided_from(self, user: User, at: int, since: int) -> int:
        if not self.joined_ms and is_final(self.holds(user, at), self.at_least, self.at_most):
            return at
        return NEVER if self.within_ms is None else since + self.joined_ms - 1 + self.within_ms

    def observe(self, user: User, at: int) -> Observation:
        begins = -NEVER if self.within_ms is None else at - self.within_ms
        return self._seen([item[0] for item in reversed(user.facts[self.index]) if item[0] > begins])


class CountSince(_Count):
    """In the window that begins at an anchor."""

    def __init__(self, scope: Scope, sentence: str, fact: Windowed, bounds: Bounds) -> None:
        super().__init__(scope, sentence, fact, bounds)
        self.fact = fact
        anchor = fact.anchor
        raised_by, lowered_by = masks(fact.bit, self.at_least, self.at_most)
        also = 0 if anchor else FIRST_SEEN_BIT
        self.reads_of(raised_by | (anchor.bit if anchor else 0), lowered_by, also=also)

    def holds(self, user: User, at: int) -> Answer:
        anchor = self.fact.anchor_of(user)
        if anchor is None:
            return False
        count = len(self.fact.window(user))
        return judge_anchored(count, self.at_least, self.at_most, at >= self.fact.end(anchor))

    def next_change(self, user: User, at: int) -> int:
        anchor = self.fact.anchor_of(user)
        return NEVER if anchor is None or self.at_most is None else earliest(at, self.fact.end(anchor))

    def observe(self, user: User, at: int) -> Observation:
        return self._seen([item[0] for item in reversed(self.fact.window(user))])
