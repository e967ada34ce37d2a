"""Records that could not be applied, kept with their reason; and the guard against a source that is bad as a whole."""

from __future__ import annotations

import time
from collections import deque

import msgspec
from confluent_kafka import Message

from stage_models.instants import format_instant
from streams.build import version
from streams.codec.cloudevents import Headers
from streams.codec.records import BadRecord
from streams.settings import DeadLetterSettings

ERROR_CHARACTERS = 500
KEPT_BYTES = 64 * 1024
"""How much of a record is kept when the dead-letter topic cannot take all of it."""

_KEPT_KEY_BYTES = 1_024  # user ids have at most 256
_WINDOW_RECORDS = 10_000


class DeadLetter(msgspec.Struct, frozen=True):
    """A record as it will lie on the dead-letter topic; topic, partition, offset and index identify it."""

    reason: str
    key: bytes | None
    value: bytes | None
    headers: Headers

    @property
    def size(self) -> int:
        """About how many bytes it takes."""
        return len(self.key or b"") + len(self.value or b"") + KEPT_BYTES // 64


def of_record(record: Message, bad: BadRecord, dialect: str, limit_bytes: int) -> DeadLetter:
    """The dead letter of an input record: its key, headers and value untouched, with the reason beside them.

    Only what the topic cannot take is cut: the value, then `dlq_size` says how long it was; headers and key too
    if they alone are too much.
    """
    key: bytes | None = record.key()
    value: bytes | None = record.value()
    kept: Headers = record.headers() or []  # type: ignore[assignment]  # as it documents
    beside_bytes = len(key or b"") + sum(len(name) + len(text or b"") for name, text in kept)
    if beside_bytes > KEPT_BYTES and beside_bytes + len(value or b"") > limit_bytes:
        key, kept = key and key[:_KEPT_KEY_BYTES], []
    headers = [
        *kept,
        *_headers(bad, record.topic() or "", record.partition() or 0, record.offset() or 0),
        ("dlq_dialect", dialect.encode()),
    ]
    if value is not None and len(value) + min(beside_bytes, KEPT_BYTES) > limit_bytes:
        headers.append(("dlq_size", str(len(value)).encode()))
        value = value[:KEPT_BYTES]
    return DeadLetter(bad.reason, key, value, headers)


def of_due(user_id: str, due: int, bad: BadRecord, topic: str, partition: int, position: int) -> DeadLetter:
    """The dead letter of a due that raised an error. There is no record: the value names the user and the due."""
    value = msgspec.json.encode({"user_id": user_id, "due": format_instant(due)})
    return DeadLetter(bad.reason, user_id.encode(), value, _headers(bad, topic, partition, position))


def of_user(user_id: str, bad: BadRecord, topic: str, partition: int, position: int) -> DeadLetter:
    """The dead letter of a user who cannot be stored or shown. There is no record: the value names the user."""
    value = msgspec.json.encode({"user_id": user_id})
    return DeadLetter(bad.reason, user_id.encode(), value, _headers(bad, topic, partition, position))


def _headers(bad: BadRecord, topic: str, partition: int, offset: int) -> Headers:
    texts = {
        "dlq_reason": bad.reason,
        "dlq_error": bad.error[:ERROR_CHARACTERS],
        "dlq_topic": topic,
        "dlq_partition": str(partition),
        "dlq_offset": str(offset),
        "dlq_index": "0",
        "dlq_time": format_instant(int(time.time() * 1_000)),
        "dlq_version": version(),
    }
    return [(name, text.encode()) for name, text in texts.items()]


class Guard:
    """Says when the source is so bad that diverting its records quietly would be wrong."""

    def __init__(self, settings: DeadLetterSettings) -> None:
        self._settings = settings
        self._slices: deque[tuple[int, int]] = deque()  # records and dead ones, of the last 10,000 records
        self._records = 0
        self._dead = 0

    def complaint(self, records: int, dead: int, run: int) -> str | None:
        """Take note of a slice and of the present run of dead letters; the reason to stop, if there is one."""
        if run > self._settings.max_run:
            return f"{run} dead letters in a row; the limit is {self._settings.max_run}"
        self._slices.append((records, dead))
        self._records += records
        self._dead += dead
        while self._records - self._slices[0][0] >= _WINDOW_RECORDS:
            old_records, old_dead = self._slices.popleft()
            self._records -= old_records
            self._dead -= old_dead
        if self._records >= _WINDOW_RECORDS and self._dead > self._settings.max_ratio * self._records:
            return (
                f"{self._dead} of the last {self._records} records were dead; "
                f"the limit is {self._settings.max_ratio:.0%}"
            )
        return None
