"""Bytes to models and back: what lies in Kafka, and what the core understands.

`decoder` makes the function that every input record goes through; `transitions` and `cloudevents` write what
goes out.
"""

from __future__ import annotations

from collections.abc import Callable

from stage_models.events import Event
from streams.codec.dialects import DIALECTS
from streams.codec.records import BadRecord, Dropped
from streams.settings import InputSettings

Decode = Callable[
    [bytes | None, bytes | None, list[tuple[str, bytes]] | None, int], Event | Dropped | BadRecord
]
"""From key, value, headers and record time (UTC milliseconds) of a record to what it comes to."""

_EMPTY = Dropped("empty")
_TOO_OLD = Dropped("too_old")


def decoder(settings: InputSettings, max_age_ms: int | None) -> Decode:
    """The function that decodes the records of the input topic; it raises nothing whatever the bytes are.

    `max_age_ms` is the policy's: events that old when the record was written are dropped. Times are compared
    with the record's time and never with a clock, so that a replay decides alike.
    """
    read = DIALECTS[settings.dialect](settings.kinds, settings.placeholders)
    max_value_bytes = settings.max_value_bytes
    max_future_ms = settings.max_future.ms

    def decode(
        key: bytes | None,
        value: bytes | None,
        headers: list[tuple[str, bytes]] | None,  # noqa: ARG001 -- other dialects tell themselves by headers
        record_time_ms: int,
    ) -> Event | Dropped | BadRecord:
        if not value:
            return _EMPTY
        if len(value) > max_value_bytes:
            return BadRecord("too_large", f"{len(value)} bytes, at most {max_value_bytes} expected")
        event = read(value, record_time_ms)
        if not isinstance(event, Event):
            return event
        if key != event.user_id.encode():
            return BadRecord("needs_rekey", "the record's key is not the user id")
        if event.occurred_at > record_time_ms + max_future_ms:
            return BadRecord("future_timestamp", f"more than {max_future_ms} ms after the record's time")
        if max_age_ms is not None and event.occurred_at < record_time_ms - max_age_ms:
            return _TOO_OLD
        return event

    return decode
