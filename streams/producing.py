"""Producing a file of events into the input topic, as the users' own producers would have written it.

Key: the user id. Partition: murmur2 of the key, as the Java client chooses it. Record time: the event's own
time. A file can be written several times over, each time with users of its own: `u_1`, `u_1-2`, `u_1-3`, ...
The copies of a line follow each other, so the whole stays in the order of time, and no copy of the file is
held in memory.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from time import time
from typing import Any

import msgspec
from confluent_kafka import KafkaError, Message, Producer

from stage_models.instants import DAY, format_instant
from streams.engine.clients import connection
from streams.event_files import FileError, Line, read_lines
from streams.settings import Settings
from streams.topics import TopicsError, input_keeps_ms

_DELIVERY_SECONDS = 120.0
_POLL_EVERY = 1_000

_encode = msgspec.json.Encoder().encode
_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_text = msgspec.json.Decoder(str).decode


class Extent(msgspec.Struct, frozen=True):
    """How many lines a file has, and the event times of the oldest and the newest."""

    lines: int
    oldest_ms: int
    newest_ms: int


def measure(path: Path) -> Extent:
    """The extent of a file. Raises FileError when it is empty or a line has no user or no time."""
    lines, oldest, newest = 0, 2**63, -(2**63)
    for line in read_lines([path]):
        if line.key is None:
            raise FileError(f"{line.place}: no event: a JSON object with userId expected")
        if not line.has_time:
            raise FileError(f"{line.place}: no timestamp, which becomes the record's time")
        lines += 1
        oldest, newest = min(oldest, line.time_ms), max(newest, line.time_ms)
    if not lines:
        raise FileError(f"{path}: no events")
    return Extent(lines, oldest, newest)


def check_retention(settings: Settings, oldest_ms: int) -> None:
    """Raise TopicsError if the input topic would soon delete a record of that time, or cannot be asked."""
    keeps_ms = input_keeps_ms(settings)
    if keeps_ms is None or keeps_ms >= time() * 1_000 - oldest_ms:
        return
    problem = (
        f"{settings.input.topic}: its retention would delete the oldest line at once\n"
        f"  expected: retention.ms -1, or more than the age of {format_instant(oldest_ms)}\n"
        f"  found:    retention.ms {keeps_ms} ({keeps_ms / DAY:.1f} days)"
    )
    raise TopicsError([problem])


def produce(settings: Settings, path: Path, repeat: int, progress: Callable[[int], None]) -> int:
    """Write the file `repeat` times into the input topic; the number of records when all are acknowledged.

    `progress` is told the records written so far. Raises TopicsError when a record is not taken.
    """
    failures: list[KafkaError] = []

    def on_delivery(error: KafkaError | None, _: Message) -> None:
        if error is not None:
            failures.append(error)

    topic = settings.input.topic
    producer = _producer(settings)
    count = 0
    for line in read_lines([path]):
        for key, value in copies(line, repeat):
            _send(producer, topic, key=key, value=value, timestamp=line.time_ms, on_delivery=on_delivery)
            count += 1
            if count % _POLL_EVERY == 0:
                producer.poll(0)
                progress(count)
            if failures:
                raise TopicsError([f"{topic}: a record was not taken: {failures[0].str()}"])
    unsent = producer.flush(_DELIVERY_SECONDS)
    if failures or unsent:
        reason = failures[0].str() if failures else f"{unsent} not acknowledged in {_DELIVERY_SECONDS:.0f} s"
        raise TopicsError([f"{topic}: a record was not taken: {reason}"])
    progress(count)
    return count


def copies(line: Line, repeat: int) -> Iterator[tuple[bytes, bytes]]:
    """Keys and values of a line that is written `repeat` times: as it is, then under new ids."""
    key = line.key or b""
    yield key, line.value
    if repeat == 1:
        return
    fields = _fields(line.value)
    del fields["userId"]
    message_id = fields.pop("messageId", None)
    rest = b"," + _encode(fields)[1:] if fields else b"}"
    for number in range(2, repeat + 1):
        user_id = f"{key.decode()}-{number}"
        head = b'{"userId":' + _encode(user_id)
        if message_id is not None:
            head += b',"messageId":' + _encode(f"{_text(message_id)}-{number}")
        yield user_id.encode(), head + rest


def _producer(settings: Settings) -> Producer:
    return Producer(
        connection(settings)
        | {
            "enable.idempotence": True,
            "partitioner": "murmur2_random",
            "linger.ms": 50,
            "queue.buffering.max.messages": 200_000,
        }
    )


def _send(producer: Producer, topic: str, **record: Any) -> None:
    while True:
        try:
            producer.produce(topic, **record)
        except BufferError:
            producer.poll(0.1)
        else:
            return
