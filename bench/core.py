"""The core alone, without Kafka: what an event costs on the real purchase log, step by step.

    python -m bench.core

It goes as in the worker, where a flush comes about as often: slices of 2,000 records; a user is decoded at his
first event of a slice and stored at its end. CPU time of this process; medians of the rounds.
"""

from __future__ import annotations

import argparse
import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median

from stage_models.advance import advance
from stage_models.events import Event
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.transitions import Transition
from stage_models.user import User, decode, encode
from streams.codec import decoder
from streams.codec.transitions import encode_transition
from streams.event_files import read_lines
from streams.policy_files import read_policy
from streams.producing import copies
from streams.settings import InputSettings

LOG = Path(__file__).parents[1] / "examples/data/complete_journey_demo.jsonl.gz"
SLICE_RECORDS = 2_000

Record = tuple[bytes, bytes, int]
"""Key, value, record time in UTC milliseconds."""


@dataclass
class Costs:
    """CPU seconds of each step over all slices, and how often it was done."""

    decode_seconds: float = 0.0
    user_decode_seconds: float = 0.0
    advance_seconds: float = 0.0
    user_encode_seconds: float = 0.0
    transition_encode_seconds: float = 0.0
    events: int = 0
    users_stored: int = 0
    transitions: int = 0
    stored_bytes: float = 0.0  # of a user at the end, the median


class Stopwatch:
    """CPU time of this process, lap by lap."""

    def __init__(self) -> None:
        self._at = time.process_time()

    def lap(self) -> float:
        """Seconds since the last lap."""
        before, self._at = self._at, time.process_time()
        return self._at - before


class Core:
    """All users of a log, moved slice by slice, with the steps timed apart."""

    def __init__(self, policy: Policy) -> None:
        self.costs = Costs()
        self._policy = policy
        self._decode = decoder(InputSettings(), policy.max_age_ms)
        self._stored: dict[str, bytes] = {}

    def work(self, records: list[Record]) -> None:
        """Work through a slice."""
        costs, watch = self.costs, Stopwatch()
        events = [event for record in records if isinstance(event := self._event(record), Event)]
        costs.decode_seconds += watch.lap()
        users = self._decoded({event.user_id for event in events})
        costs.user_decode_seconds += watch.lap()
        told = self._advanced(users, events)
        costs.advance_seconds += watch.lap()
        self._store(users)
        costs.user_encode_seconds += watch.lap()
        for transition in told:
            encode_transition(transition, 0, replay=False)
        costs.transition_encode_seconds += watch.lap()
        costs.events += len(events)
        costs.users_stored += len(users)
        costs.transitions += len(told)

    def finish(self) -> Costs:
        """The costs, with what a stored user takes in the end."""
        self.costs.stored_bytes = median(len(stored) for stored in self._stored.values())
        return self.costs

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


def measure(repeat: int, rounds: int) -> Costs:
    """The median of each figure over the rounds, on the log written `repeat` times."""
    policy = load(*read_policy("retail"))
    slices = list(_slices(repeat))
    gc.collect()
    gc.freeze()
    found = []
    for _ in range(rounds):
        core = Core(policy)
        for records in slices:
            core.work(records)
        found.append(core.finish())
    gc.unfreeze()
    return Costs(*(median(getattr(costs, field.name) for costs in found) for field in fields(Costs)))


def table(costs: Costs) -> str:
    """The figures as a Markdown table."""
    rows = (
        ("record to event", costs.decode_seconds, costs.events),
        ("advance", costs.advance_seconds, costs.events),
        ("stored user to user", costs.user_decode_seconds, costs.users_stored),
        ("user to stored user", costs.user_encode_seconds, costs.users_stored),
        ("transition to record", costs.transition_encode_seconds, costs.transitions),
    )
    lines = ["| step | µs each | times per event | µs per event |", "|---|---:|---:|---:|"]
    lines += [
        f"| {step} | {seconds / times * 1e6:.2f} | {times / costs.events:.2f} | {seconds / costs.events * 1e6:.2f} |"
        for step, seconds, times in rows
    ]
    total = sum(seconds for _, seconds, _ in rows) / costs.events * 1e6
    lines.append(f"| together | | | {total:.2f} |")
    lines.append(
        f"\n{costs.events:,.0f} events; a stored user takes {costs.stored_bytes:.0f} bytes (median)."
    )
    return "\n".join(lines)


def _slices(repeat: int) -> Iterator[list[Record]]:
    records: list[Record] = []
    for line in read_lines([LOG]):
        for key, value in copies(line, repeat):
            records.append((key, value, line.time_ms))
            if len(records) == SLICE_RECORDS:
                yield records
                records = []
    yield records


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.core")
    parser.add_argument("--repeat", type=int, default=5, help="how often the log is repeated (default 5)")
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args()
    print(table(measure(options.repeat, options.rounds)))
