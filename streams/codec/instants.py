"""Instants as they stand in records, read and written fast.

Nearly every record carries `2026-11-20T09:12:44.120Z` or the same without milliseconds. The parts are looked
up in tables: the hour of a day as it comes, `:12:44`, `.120Z`. Whatever is written otherwise takes the full
parser. The plain twins in `stage_models.instants` are what both ways must equal.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache

from stage_models.instants import HOUR, SECOND, format_instant, parse_instant

_HOUR = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}")
_HOURS_KEPT = 10_000
_INSTANTS_KEPT = 10_000
_SECONDS_BELOW = 10**11  # the contract: a smaller epoch number is in seconds, otherwise in milliseconds

_YEAR_10000 = 253_402_300_800_000
_MINUTE_AND_SECOND = [f":{n // 60:02d}:{n % 60:02d}" for n in range(3_600)]
_END = [f".{n:03d}Z" for n in range(1_000)]

_hours: dict[str, int] = {}  # "2026-11-20T09" -> its milliseconds
_MS_OF_SECOND = {text: n * SECOND for n, text in enumerate(_MINUTE_AND_SECOND)}
_MS_OF_END = {"Z": 0, "+00:00": 0} | {text: n for n, text in enumerate(_END)}


def read_instant(written: str | float) -> int:
    """UTC milliseconds of an RFC 3339 text or an epoch number (below 1e11: seconds, otherwise milliseconds).

    No zone means UTC, finer than 1 ms is cut. Raises ValueError when it is no instant.
    """
    if not isinstance(written, str):
        return int(Decimal(repr(written)) * 1_000) if abs(written) < _SECONDS_BELOW else int(written)
    try:
        return _hours[written[:13]] + _MS_OF_SECOND[written[13:19]] + _MS_OF_END[written[19:]]
    except KeyError:
        at = parse_instant(written.upper())  # RFC 3339 allows a small t and z
        if len(_hours) >= _HOURS_KEPT:
            _hours.clear()
        if _HOUR.fullmatch(written[:13]):
            _hours[written[:13]] = parse_instant(written[:13])
        return at


@lru_cache(maxsize=_INSTANTS_KEPT)
def write_instant(at_ms: int) -> str:
    """The instant as RFC 3339 text with milliseconds and `Z`; most are asked for several times in a row."""
    hour, rest = divmod(at_ms, HOUR)
    second, ms = divmod(rest, SECOND)
    return _hour_text(hour) + _MINUTE_AND_SECOND[second] + _END[ms]


def instant_or_none(at_ms: int | None) -> str | None:
    """The instant as text; None where there is none, or where it lies behind the last that RFC 3339 can write."""
    return None if at_ms is None or at_ms >= _YEAR_10000 else write_instant(at_ms)


@lru_cache(maxsize=_HOURS_KEPT)
def _hour_text(hour: int) -> str:
    return format_instant(hour * HOUR)[:13]
