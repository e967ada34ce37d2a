"""The real purchase log, as events of some of its households."""

from __future__ import annotations

import gzip
import json
from functools import cache
from pathlib import Path

from stage_models.events import Event
from stage_models.instants import parse_instant

LOG = Path(__file__).parents[2] / "examples/data/complete_journey_demo.jsonl.gz"


@cache
def households() -> dict[str, list[Event]]:
    """All events by household, in the log's order (by time)."""
    found: dict[str, list[Event]] = {}
    with gzip.open(LOG, "rt", encoding="utf-8") as lines:
        for line in lines:
            record = json.loads(line)
            event = Event(
                user_id=record["userId"],
                event_id=record["messageId"],
                occurred_at=parse_instant(record["timestamp"]),
                name=record["event"],
                properties=record["properties"],
            )
            found.setdefault(event.user_id, []).append(event)
    return found


def sample(every: int) -> list[str]:
    """Every n-th household by its pseudonym, which is a hash: as good as drawn by lot."""
    return sorted(households())[::every]
