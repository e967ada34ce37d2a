"""What must come out: the same events through `replay`, in this process, without Kafka."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from stage_models.policy.compile import Policy
from stage_models.transitions import Transition
from streams.event_files import Line, read_lines
from streams.history import History
from streams.producing import copies
from streams.settings import InputSettings


class Place(NamedTuple):
    """Where a user is at the end."""

    stage: str
    segments: tuple[str, ...]
    sequence: int


class Expected(NamedTuple):
    """The outcome of a history."""

    events: int
    ids: set[bytes]  # of all transitions, 16 bytes each
    users: dict[str, Place]


def replay(policy: Policy, path: Path, repeat: int) -> Expected:
    """The outcome of the file written `repeat` times, each with users of its own. About 15 us an event."""
    history = History(policy, InputSettings())
    ids: set[bytes] = set()
    for line in read_lines([path]):
        for key, value in copies(line, repeat):
            _collect(ids, history.feed(Line(line.file, line.number, key, line.time_ms, line.has_time, value)))
    _collect(ids, history.finish())
    places = {
        user.id: Place(policy.stage_of(user), tuple(policy.segments_of(user)), user.sequence)
        for user in history.users.values()
    }
    return Expected(history.events, ids, places)


def _collect(ids: set[bytes], transitions: list[Transition]) -> None:
    ids.update(UUID(transition.id).bytes for transition in transitions)
