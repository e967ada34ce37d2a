"""Replay: the same step over a whole history."""

from __future__ import annotations

from stage_models.advance import Step, advance
from stage_models.events import Event, Tick
from stage_models.policy.compile import Policy
from stage_models.transitions import Transition
from stage_models.user import User


class Replay:
    """All users of a history, moved event by event in the order given."""

    def __init__(self, policy: Policy) -> None:
        self.policy = policy
        self.users: dict[str, User] = {}
        self.newest: int | None = None  # event time of the newest event so far

    def feed(self, event: Event) -> Step:
        """Apply one event."""
        step = advance(self.policy, self.users.get(event.user_id), event)
        self.users[event.user_id] = step.user
        if self.newest is None or event.occurred_at > self.newest:
            self.newest = event.occurred_at
        return step

    def finish(self, until: int | None = None) -> list[Transition]:
        """End the history: what becomes true up to and including `until` (default: before the newest
        event's time less the allowed lateness, as the worker's last tick would have it) comes by time.
        Returns the transitions of all users.
        """
        if until is None:
            if self.newest is None:
                return []
            tick = Tick(self.newest - self.policy.allowed_lateness_ms)
        else:
            tick = Tick(until + 1)
        return [told for user in self.users.values() for told in advance(self.policy, user, tick).transitions]
