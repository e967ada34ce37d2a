"""Instants: whole UTC milliseconds since 1970 inside, RFC 3339 with milliseconds and `Z` outside."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import lru_cache

SECOND = 1_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MILLISECOND = timedelta(milliseconds=1)


@lru_cache(maxsize=4096)
def _date_text(day: int) -> str:
    return (_EPOCH + timedelta(days=day)).date().isoformat()


def format_instant(at_ms: int) -> str:
    """The instant as RFC 3339 text, for example `2026-11-20T09:12:44.120Z`."""
    day, rest = divmod(at_ms, DAY)
    seconds, ms = divmod(rest, SECOND)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    return f"{_date_text(day)}T{hour:02d}:{minute:02d}:{second:02d}.{ms:03d}Z"


def parse_instant(text: str) -> int:
    """Milliseconds of an RFC 3339 or ISO 8601 instant; no zone means UTC, finer than 1 ms is cut.

    Raises ValueError when the text is no instant.
    """
    return from_datetime(datetime.fromisoformat(text))


def from_datetime(moment: datetime) -> int:
    """Milliseconds of a datetime; one without a zone is read as UTC."""
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return (moment - _EPOCH) // _MILLISECOND


def to_datetime(at_ms: int) -> datetime:
    """The instant as an aware datetime in UTC."""
    return _EPOCH + timedelta(milliseconds=at_ms)
