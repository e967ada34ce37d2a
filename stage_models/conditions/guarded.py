"""guarded: a condition over facts that do not reach back to the user's beginning, because a policy change started
them later. While the answer depends on what came before, it is undecided, so memberships that rest on it stay.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from stage_models.conditions.rule import Answer, Condition, Observation
from stage_models.events import Event
from stage_models.facts import Fact
from stage_models.facts.fact import TIME_BIT
from stage_models.user import NEVER, User


def guard(condition: Condition, facts: Iterable[Fact]) -> Condition:
    """The condition, with all its parts that read some of these facts guarded."""
    if condition.parts:
        condition.parts = tuple(guard(part, facts) for part in condition.parts)
        for part in condition.parts:
            condition.raised_by |= part.raised_by | part.lowered_by
            condition.lowered_by |= part.raised_by | part.lowered_by
        return condition
    asked = {fact.index: depth for fact in facts if (depth := fact.places.get(condition.place)) is not None}
    return Guarded(condition, asked) if asked else condition


class Guarded(Condition):
    """A condition that is asked only as far as its facts reach back. `asked`: which it reads, and how deep."""

    def __init__(self, condition: Condition, asked: dict[int, int]) -> None:
        self.place = condition.place
        self.sentence = condition.sentence
        self.reads_of(raised_by=condition.reads | TIME_BIT, lowered_by=condition.reads | TIME_BIT)
        self.condition = condition
        self.asked = asked

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
        for index, gap in user.incomplete.items():
            depth = self.asked.get(index)
            if depth is not None and not 0 < depth <= gap.depth:
                since = max(since, gap.before)
        return at if since == -NEVER else self.condition.decided_from(user, at, since)
