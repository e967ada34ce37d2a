"""The logs that the core is measured on: two real ones and a made-up one."""

from __future__ import annotations

from pathlib import Path

from bench.core import generated
from bench.core.generated import Record
from streams.event_files import read_lines
from streams.producing import copies

PURCHASES = Path(__file__).parents[2] / "examples/data/complete_journey_demo.jsonl.gz"


def from_file(path: Path, repeat: int = 1) -> list[Record]:
    """The lines of a file of events, each `repeat` times under other user ids. Raises FileError."""
    return [
        Record(key, value, line.time_ms) for line in read_lines([path]) for key, value in copies(line, repeat)
    ]


def made_up(users: int) -> list[Record]:
    """The made-up log."""
    return list(generated.records(users))
