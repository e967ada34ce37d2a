"""Copies of a file have users of their own and differ in nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from streams.event_files import FileError, Line
from streams.producing import copies, measure

VALUE: dict[str, object] = {
    "messageId": "m-1",
    "userId": "u_1",
    "event": "x",
    "timestamp": "2026-01-01T10:00:00Z",
    "properties": {"a": 1.0},
}


def line(value: dict[str, object]) -> Line:
    return Line("test", 1, str(value["userId"]).encode(), 0, has_time=True, value=json.dumps(value).encode())


def test_the_first_copy_is_the_line_itself() -> None:
    original = line(VALUE)
    assert list(copies(original, 1)) == [(b"u_1", original.value)]
    assert next(iter(copies(original, 3))) == (b"u_1", original.value)


def test_further_copies_change_user_and_message_id_and_nothing_else() -> None:
    _, two, three = copies(line(VALUE), 3)
    assert (two[0], three[0]) == (b"u_1-2", b"u_1-3")
    assert json.loads(two[1]) == VALUE | {"userId": "u_1-2", "messageId": "m-1-2"}
    assert json.loads(three[1]) == VALUE | {"userId": "u_1-3", "messageId": "m-1-3"}


def test_a_copy_of_a_line_without_message_id_has_none() -> None:
    _, two = copies(line({"userId": 7}), 2)
    assert two == (b"7-2", b'{"userId":"7-2"}')


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "no events"),
        ("time,user\n1,2", r"events\.jsonl:1: no event"),
        ('{"event": "x", "timestamp": 1}', r"events\.jsonl:1: no event"),
        ('{"userId": "u", "timestamp": "2026-01-01"}\n{"userId": "u"}', r"events\.jsonl:2: no timestamp"),
    ],
)
def test_a_file_that_is_no_log_of_events_is_refused_with_the_line(
    tmp_path: Path, text: str, told: str
) -> None:
    (tmp_path / "events.jsonl").write_text(text)
    with pytest.raises(FileError, match=told):
        measure(tmp_path / "events.jsonl")
