"""CloudEvents 1.0 in Kafka's binary mode: the envelope lies in the headers, the value is the bare JSON.

The names are those of the Kafka protocol binding (attributes with `ce_`) and of the extensions partitioning
(`partitionkey`), recorded time (`recordedtime`) and sequence (`sequence`).
"""

from __future__ import annotations

from streams.codec.instants import write_instant

Headers = list[tuple[str, bytes]]

_SEQUENCE_DIGITS = 20  # the sequence extension orders as text


def headers(
    *,
    event_id: str,
    source: str,
    event_type: str,
    user_id: str,
    time_ms: int,
    recorded_ms: int,
    sequence: int,
    schema: str,
) -> Headers:
    """The envelope of one record about a user; times are UTC milliseconds."""
    subject = user_id.encode()
    return [
        ("ce_specversion", b"1.0"),
        ("ce_id", event_id.encode()),
        ("ce_source", source.encode()),
        ("ce_type", event_type.encode()),
        ("ce_subject", subject),
        ("ce_partitionkey", subject),
        ("ce_time", write_instant(time_ms).encode()),
        ("ce_recordedtime", write_instant(recorded_ms).encode()),
        ("ce_sequence", f"{sequence:0{_SEQUENCE_DIGITS}d}".encode()),
        ("ce_dataschema", schema.encode()),
        ("content-type", b"application/json"),
    ]
