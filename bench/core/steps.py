"""What an event costs in the core, step by step, from the bytes of a record to the bytes of a stored user.

It goes as in the worker, where a flush comes about as often: slices of 2,000 records; a user is decoded at his first
event of a slice and stored at its end. CPU time of this process.
"""

from __future__ import annotations

import gc
import time
from collections.abc import Sequence
from dataclasses import dataclass, field

from bench.core.generated import Record
from stage_models.advance import advance
from stage_models.events import Event, Tick
from stage_models.policy.compile import Policy
from stage_models.transitions import Transition
from stage_models.user import User, decode, encode
from streams.codec import decoder
from streams.codec.transitions import encode_transition
from streams.settings import InputSettings

SLICE_RECORDS = 2_000

STEPS = ("record to event", "stored user to user", "advance", "user to stored user", "transition to record")
"""The last is not part of the full step, which ends with the stored user."""


@dataclass
class Costs:
    """CPU seconds of each of STEPS over all slices, and how often things happened."""

    seconds: list[float] = field(default_factory=lambda: [0.0] * len(STEPS))
    events: int = 0
    users_stored: int = 0
    transitions: int = 0
    stored_bytes: list[int] = field(default_factory=list)  # of each user at the end, ascending

    def us(self, step: int) -> float:
        """Microseconds per event of a step."""
        return self.seconds[step] / self.events * 1e6

    @property
    def full_us(self) -> float:
        """Microseconds per event from the bytes of a record to the bytes of the stored user."""
        return sum(self.us(step) for step in range(4))


class Core:
    """All users of a log under a policy, moved slice by slice, with the steps timed apart."""

    def __init__(self, policy: Policy) -> None:
        self.costs = Costs()
        self._policy = policy
        self._decode = decoder(InputSettings(), policy.max_age_ms)
        self._stored: dict[str, bytes] = {}
        self._at = 0.0

    def work(self, records: Sequence[Record]) -> None:
        """Work through a slice."""
        costs = self.costs
        self._at = time.process_time()
        events = [event for record in records if isinstance(event := self._event(record), Event)]
        self._lap(0)
        users = self._decoded({event.user_id for event in events})
        self._lap(1)
        told = self._advanced(users, events)
        self._lap(2)
        self._store(users)
        self._lap(3)
        for transition in told:
            encode_transition(transition, 0, replay=False)
        self._lap(4)
        costs.events += len(events)
        costs.users_stored += len(users)
        costs.transitions += len(told)

    def finish(self, newest_ms: int) -> Costs:
        """Let time act on everybody up to the end of the log; then the costs, with what stored users take."""
        tick = Tick(newest_ms)
        for user_id, stored in self._stored.items():
            user = advance(self._policy, decode(user_id, stored), tick).user
            self.costs.stored_bytes.append(len(encode(user, self._policy.shape.id)))
        self.costs.stored_bytes.sort()
        return self.costs

    def _lap(self, step: int) -> None:
        before, self._at = self._at, time.process_time()
        self.costs.seconds[step] += self._at - before

    def _event(self, record: Record) -> object:
        key, value, time_ms = record
        return self._decode(key, value, None, time_ms)

    def _decoded(self, user_ids: set[str]) -> dict[str, User | None]:
        stored = self._stored
        return {
            user_id: decode(user_id, stored[user_id]) if user_id in stored else None for user_id in user_ids
        }

    def _advanced(self, users: dict[str, User | None], events: list[Event]) -> list[Transition]:
        policy, told = self._policy, []
        for event in events:
            step = advance(policy, users[event.user_id], event)
            users[event.user_id] = step.user
            told += step.transitions
        return told

    def _store(self, users: dict[str, User | None]) -> None:
        shape = self._policy.shape.id
        for user_id, user in users.items():
            if user is not None:
                self._stored[user_id] = encode(user, shape)


def measure(policy: Policy, log: Sequence[Record]) -> Costs:
    """The costs of one pass over the log."""
    core = Core(policy)
    thresholds = gc.get_threshold()
    gc.collect()
    gc.freeze()  # as the worker does with what it keeps
    gc.set_threshold(50_000, 20, 50)
    try:
        for start in range(0, len(log), SLICE_RECORDS):
            core.work(log[start : start + SLICE_RECORDS])
    finally:
        gc.unfreeze()
        gc.set_threshold(*thresholds)
    return core.finish(max(record.time_ms for record in log))
