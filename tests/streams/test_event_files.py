"""Files of events: each line is what its record would be."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from stage_models.instants import parse_instant
from streams.event_files import FileError, read_lines


def line(user: str, time: str) -> str:
    return json.dumps({"userId": user, "event": "x", "timestamp": time})


def write(path: Path, *lines: str) -> Path:
    data = "\n".join(lines).encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def test_a_line_has_the_key_and_the_time_of_its_record_also_when_packed(tmp_path: Path) -> None:
    for name in ("events.jsonl", "events.jsonl.gz"):
        [got] = read_lines([write(tmp_path / name, line("u_1", "2026-01-01T10:00:00Z"))])
        assert (got.key, got.time_ms, got.has_time) == (b"u_1", parse_instant("2026-01-01T10:00:00Z"), True)
        assert got.place == f"{tmp_path / name}:1"


def test_several_files_are_merged_by_time_and_keep_the_order_of_each(tmp_path: Path) -> None:
    one = write(
        tmp_path / "one.jsonl", line("a", "2026-01-01"), line("b", "2026-01-03"), line("late", "2026-01-02")
    )
    other = write(tmp_path / "other.jsonl", line("c", "2026-01-02"))
    assert [got.key for got in read_lines([one, other])] == [b"a", b"c", b"b", b"late"]


def test_a_line_without_a_time_takes_that_of_the_line_before_it(tmp_path: Path) -> None:
    broken = ["not json", '{"userId": true, "timestamp": [1]}', "", '{"userId": 7, "timestamp": "soon"}']
    got = list(read_lines([write(tmp_path / "events.jsonl", line("u_1", "2026-01-01"), *broken)]))
    assert [(it.number, it.key, it.has_time) for it in got] == [
        (1, b"u_1", True),
        (2, None, False),
        (3, None, False),
        (5, b"7", False),
    ]
    assert {it.time_ms for it in got} == {parse_instant("2026-01-01")}


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileError, match=r"missing\.jsonl"):
        list(read_lines([tmp_path / "missing.jsonl"]))
    (tmp_path / "torn.jsonl.gz").write_bytes(gzip.compress(line("u", "2026-01-01").encode())[:-4])
    with pytest.raises(FileError, match=r"torn\.jsonl\.gz"):
        list(read_lines([tmp_path / "torn.jsonl.gz"]))
