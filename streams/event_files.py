"""Files of events: one JSON object a line, gzip'ed or not, as `replay`, `explain` and `produce` read them.

A line stands for a record: its key is the user id, its time the event's own time. So a file that was produced
into a topic and the same file replayed go through the same decoder with the same times.
"""

from __future__ import annotations

import gzip
from collections.abc import Iterable, Iterator
from heapq import merge
from operator import attrgetter
from pathlib import Path
from typing import Any

import msgspec

from streams.codec.instants import read_instant


class FileError(Exception):
    """A file of events cannot be read; the text says which, where and why."""


class Line(msgspec.Struct, frozen=True):
    """One line: where it stands, and what its record would be."""

    file: str
    number: int  # from 1
    key: bytes | None  # None: the line names no user
    time_ms: int  # event time; a line that has none takes that of the line before it
    has_time: bool
    value: bytes

    @property
    def place(self) -> str:
        """Where it stands, as editors understand it."""
        return f"{self.file}:{self.number}"


class _Peek(msgspec.Struct, gc=False, rename="camel"):
    user_id: Any = None
    timestamp: Any = None


_peek = msgspec.json.Decoder(_Peek).decode


def read_lines(paths: Iterable[Path]) -> Iterator[Line]:
    """The lines of the files, in their order; several files are merged by time. Blank lines are skipped.

    Raises FileError when a file cannot be read.
    """
    return merge(*map(_lines, paths), key=attrgetter("time_ms"))


def _lines(path: Path) -> Iterator[Line]:
    opened = gzip.open if path.suffix == ".gz" else open
    time_ms = 0
    try:
        with opened(path, "rb") as file:
            for number, text in enumerate(file, 1):
                if value := text.strip():
                    line = _line(str(path), number, value, time_ms)
                    time_ms = line.time_ms
                    yield line
    except (OSError, EOFError) as error:
        raise FileError(f"{path}: cannot be read: {error}") from error


def _line(file: str, number: int, value: bytes, time_before_ms: int) -> Line:
    try:
        seen = _peek(value)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return Line(file, number, None, time_before_ms, has_time=False, value=value)
    time_ms = _time(seen.timestamp)
    return Line(
        file,
        number,
        _key(seen.user_id),
        time_before_ms if time_ms is None else time_ms,
        has_time=time_ms is not None,
        value=value,
    )


def _key(user_id: object) -> bytes | None:
    is_id = isinstance(user_id, str | int) and not isinstance(user_id, bool)
    return str(user_id).encode() if is_id else None


def _time(timestamp: object) -> int | None:
    if isinstance(timestamp, bool) or not isinstance(timestamp, str | int | float):
        return None
    try:
        return read_instant(timestamp)
    except ValueError:
        return None
