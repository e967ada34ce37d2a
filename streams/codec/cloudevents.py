"""CloudEvents 1.0 in Kafka's binary mode: the envelope lies in the headers, the value is the bare JSON.

The names are those of the Kafka protocol binding (attributes with `ce_`) and of the extensions partitioning
(`partitionkey`), recorded time (`recordedtime`) and sequence (`sequence`).
"""

from __future__ import annotations

from functools import lru_cache

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
        *_constant(source, event_type, schema),
        ("ce_id", event_id.encode()),
        ("ce_subject", subject),
        ("ce_partitionkey", subject),
        ("ce_time", write_instant(time_ms).encode()),
        ("ce_recordedtime", write_instant(recorded_ms).encode()),
        ("ce_sequence", b"%0*d" % (_SEQUENCE_DIGITS, sequence)),
    ]


@lru_cache(maxsize=64)
def _constant(source: str, event_type: str, schema: str) -> Headers:
    """The attributes that all records of one kind have in common."""
    return [
        ("ce_specversion", b"1.0"),
        ("ce_source", source.encode()),
        ("ce_type", event_type.encode()),
        ("ce_dataschema", schema.encode()),
        ("content-type", b"application/json"),
    ]
