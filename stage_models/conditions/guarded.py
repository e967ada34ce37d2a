"""guarded: a condition over facts that do not reach back to the user's beginning, because a policy change started
them later. While the answer depends on what came before, it is undecided, so memberships that rest on it stay.
"""

from __future__ import annotations

from collections.abc import Sequence

from stage_models.conditions.rule import Answer, Condition, Observation
from stage_models.events import Event
from stage_models.facts.fact import STATE_BIT, TIME_BIT
from stage_models.user import NEVER, User


def guard(condition: Condition) -> Condition:
    """The condition, with all its parts that read facts guarded."""
    if condition.parts:
        condition.parts = tuple(map(guard, condition.parts))
        for part in condition.parts:
            condition.raised_by |= part.raised_by | part.lowered_by
            condition.lowered_by |= part.raised_by | part.lowered_by
        return condition
    return Guarded(condition) if condition.reads >= STATE_BIT << 1 else condition


class Guarded(Condition):
    """A condition that is asked only as far as its facts reach back."""

    def __init__(self, condition: Condition) -> None:
        self.place = condition.place
        self.sentence = condition.sentence
        self.reads_of(raised_by=condition.reads | TIME_BIT, lowered_by=condition.reads | TIME_BIT)
        self.condition = condition

    def holds(self, user: User, at: int) -> Answer:
        return None if self._decided_from(user, at) > at else self.condition.holds(user, at)

    def next_change(self, user: User, at: int) -> int:
        change = self.condition.next_change(user, at)
        decided_from = self._decided_from(user, at)
        return min(change, decided_from) if decided_from > at else change

    def observe(self, user: User, at: int) -> Observation:
        return self.condition.observe(user, at)

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        return self.condition.counts(event, instants)

    def _decided_from(self, user: User, at: int) -> int:
        since = -NEVER
        for index, whole_from in user.incomplete.items():
            if self.reads & STATE_BIT << 1 + index:
                since = max(since, whole_from)
        return at if since == -NEVER else self.condition.decided_from(user, at, since)
