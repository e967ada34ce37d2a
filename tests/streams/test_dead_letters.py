"""Dead letters keep what came, and a source that is bad as a whole is noticed."""

from __future__ import annotations

from confluent_kafka import Message

from streams.codec.records import BadRecord
from streams.dead_letters import KEPT_BYTES, Guard, of_record
from streams.settings import DeadLetterSettings

BAD = BadRecord("unreadable", "not JSON")


def message(value: bytes) -> Message:
    return Message(topic="events", partition=2, offset=9, key=b"k", value=value, headers=[("own", b"1")])


def test_dead_letter_is_the_record_untouched_with_the_reason_beside_it() -> None:
    letter = of_record(message(b"\xff{"), BAD, "auto", 10_000)
    assert (letter.key, letter.value) == (b"k", b"\xff{")
    headers = dict(letter.headers)
    assert headers["own"] == b"1"
    assert headers["dlq_reason"] == b"unreadable"
    assert (headers["dlq_topic"], headers["dlq_partition"], headers["dlq_offset"]) == (b"events", b"2", b"9")
    assert "dlq_size" not in headers


def test_only_what_the_topic_cannot_take_is_cut() -> None:
    letter = of_record(message(b"x" * 200_000), BAD, "auto", 100_000)
    assert letter.value == b"x" * KEPT_BYTES
    assert dict(letter.headers)["dlq_size"] == b"200000"


def test_headers_and_key_that_the_topic_cannot_take_are_cut_and_the_reason_stays() -> None:
    """Compressed they fitted into the input; the broker's refusal would end the worker again and again."""
    record = Message(
        topic="events", partition=2, offset=9, key=b"k" * 90_000, value=b"{", headers=[("own", b"1" * 90_000)]
    )
    letter = of_record(record, BAD, "auto", 100_000)
    assert letter.value == b"{"
    assert letter.size < 10_000
    assert dict(letter.headers)["dlq_reason"] == b"unreadable"
    assert sum(len(text) for _, text in letter.headers) < 10_000


def test_run_of_dead_letters_stops_the_worker() -> None:
    guard = Guard(DeadLetterSettings(max_run=100))
    assert guard.complaint(100, 100, 100) is None
    complaint = guard.complaint(1, 1, 101)
    assert complaint is not None
    assert "101 dead letters in a row" in complaint


def test_share_of_dead_letters_counts_once_ten_thousand_records_were_seen() -> None:
    guard = Guard(DeadLetterSettings())
    assert all(guard.complaint(1_000, 600, 0) is None for _ in range(9))
    assert guard.complaint(1_000, 600, 0) is not None


def test_old_dead_letters_are_forgotten() -> None:
    guard = Guard(DeadLetterSettings())
    for _ in range(9):
        guard.complaint(1_000, 900, 0)
    complaints = [guard.complaint(1_000, 0, 0) for _ in range(20)]
    assert complaints[-1] is None
