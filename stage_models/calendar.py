"""Local dates of a time zone: which date an instant lies in, and when a date begins.

A date is a whole number of days since 1970-01-01. Where clocks are set back over midnight the date that has
begun goes on (dates never go back); where a date is left out by law the next one begins in its place.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import UTC, datetime
from functools import lru_cache
from zoneinfo import ZoneInfo

from stage_models.instants import DAY, HOUR, to_datetime

_WIDEST_OFFSET = 26 * HOUR


class Calendar:
    """The dates of one IANA time zone. Raises ZoneInfoNotFoundError for a zone that does not exist."""

    def __init__(self, zone: str) -> None:
        self.zone = zone
        self._info = ZoneInfo(zone)
        self._is_utc = zone in ("UTC", "Etc/UTC")
        self._dates_in = lru_cache(maxsize=8192)(self._compute_dates_in)
        self._begin_of = lru_cache(maxsize=8192)(self._compute_begin_of)

    def date_of(self, at_ms: int) -> int:
        """The local date of an instant."""
        if self._is_utc:
            return at_ms // DAY
        starts, dates = self._dates_in(at_ms // DAY)
        return dates[bisect_right(starts, at_ms) - 1]

    def begin_of(self, date: int) -> int:
        """The first instant at which the local date is this one or a later one."""
        return date * DAY if self._is_utc else self._begin_of(date)

    def _compute_begin_of(self, date: int) -> int:
        return next(
            start
            for utc_day in range(date - 1, date + 3)
            for start, found in zip(*self._dates_in(utc_day), strict=True)
            if found >= date
        )

    def _compute_dates_in(self, utc_day: int) -> tuple[list[int], list[int]]:
        """The local dates that meet a UTC day: from when on (the first may begin before it), and which."""
        first, last = utc_day * DAY - _WIDEST_OFFSET, (utc_day + 1) * DAY
        starts: list[int] = []
        dates: list[int] = []
        at = first
        while at < last:
            offset = self._offset(at)
            until = self._offset_ends(at, offset, last)
            begun = at
            while begun < until:
                date = (begun + offset) // DAY
                if not dates or date > dates[-1]:
                    starts.append(begun)
                    dates.append(date)
                begun = (date + 1) * DAY - offset
            at = until
        at_start = bisect_right(starts, utc_day * DAY) - 1
        return starts[at_start:], dates[at_start:]

    def _offset_ends(self, at: int, offset: int, last: int) -> int:
        """The first instant after `at` with another offset, or `last`; offsets are looked at hourly."""
        low = at
        while low < last:
            high = min(low + HOUR, last)
            if self._offset(high) != offset:
                while high - low > 1:
                    middle = (low + high) // 2
                    low, high = (middle, high) if self._offset(middle) == offset else (low, middle)
                return high
            low = high
        return last

    def _offset(self, at_ms: int) -> int:
        local = to_datetime(at_ms).astimezone(self._info)
        wall = local.replace(tzinfo=UTC)
        return round((wall - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds() * 1000) - at_ms
