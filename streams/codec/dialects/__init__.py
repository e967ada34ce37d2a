"""The dialects: each turns the bytes of one source's records into events. This is the explicit list."""

from __future__ import annotations

from streams.codec.dialects import segment

DIALECTS = {
    "auto": segment.auto_reader,
    "segment": segment.reader,
}
