"""Real event logs, as events of their users: the purchases of households, and the work of students where that log is
at hand. What a log says of an event is handed in as traits too: neither has any of its own.

The students' log is not in the repository (its licence asks for a notice of its own). LAW_COURSE_LOG names it; by
default it is looked for beside the repository.
"""

from __future__ import annotations

import gzip
import json
import os
from functools import cache
from pathlib import Path

from stage_models.events import Event
from stage_models.instants import parse_instant

REPOSITORY = Path(__file__).parents[2]
PURCHASES = REPOSITORY / "examples/data/complete_journey_demo.jsonl.gz"
COURSE = Path(os.environ.get("LAW_COURSE_LOG", REPOSITORY.parent / "shared/data/oulad_demo.jsonl.gz"))

EVERY = int(os.environ.get("LAW_EVERY", "20"))
"""Every how many-th person the rules are asked of; 1 is all of them."""

History = list[Event]


@cache
def histories(log: Path) -> dict[str, History]:
    """All events of a log by user, in the log's order (by time)."""
    found: dict[str, History] = {}
    with gzip.open(log, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            event = Event(
                user_id=record["userId"],
                event_id=record["messageId"],
                occurred_at=parse_instant(record["timestamp"]),
                name=record["event"],
                properties=record["properties"],
                traits=record["properties"],
            )
            found.setdefault(event.user_id, []).append(event)
    return found


def sample(log: Path, every: int) -> list[str]:
    """Every n-th user by pseudonym, which is a hash: as good as drawn by lot."""
    return sorted(histories(log))[::every]
