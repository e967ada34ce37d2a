"""Date ranges: of every year (`11-20` to `12-26`, which may wrap the year) or one stretch of time (`2026-11-20` to
`2026-12-26`). Both ends are included. Dates are counted in days since 1970-01-01, as the calendar does.
"""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import NamedTuple

from stage_models.calendar import Calendar

_DAY = re.compile(r"(?:((?:19|20|21)\d\d)-)?(\d\d)-(\d\d)")
_EPOCH = date(1970, 1, 1)
_LEAP_YEAR = 2000


class Dates(NamedTuple):
    """A range of dates as it is written; both ends have a year, or none has."""

    first: str
    last: str

    @property
    def is_fixed(self) -> bool:
        """Whether it is one stretch of time, not one of every year."""
        return len(self.first) == len("2026-11-20")

    def has(self, day: int) -> bool:
        """Whether a date lies in the range."""
        text = (_EPOCH + timedelta(days=day)).isoformat()
        if self.is_fixed:
            return self.first <= text <= self.last
        is_after, is_before = self.first <= text[5:], text[5:] <= self.last
        return is_after and is_before if self.first <= self.last else is_after or is_before

    def next_edge(self, day: int) -> int | None:
        """The first date after this one at which the range begins or is over; None if there is none."""
        year = (_EPOCH + timedelta(days=day)).year
        years = [""] if self.is_fixed else [f"{one:04d}-" for one in (year, year + 1)]
        edges = [edge for one in years for edge in (_on_or_after(one + self.first), _after(one + self.last))]
        return min((edge for edge in edges if edge > day), default=None)


class LocalDates(NamedTuple):
    """A range of dates of one time zone."""

    dates: Dates
    calendar: Calendar

    def has(self, at: int) -> bool:
        """Whether the instant lies in the range."""
        return self.dates.has(self.calendar.date_of(at))

    def next_edge(self, at: int) -> int | None:
        """The first instant after this one at which that may be different; None if there is none."""
        edge = self.dates.next_edge(self.calendar.date_of(at))
        return None if edge is None else self.calendar.begin_of(edge)


def is_day(text: str) -> bool:
    """Whether the text is a date, with or without a year."""
    match = _DAY.fullmatch(text)
    if match is None:
        return False
    try:
        date(int(match[1] or _LEAP_YEAR), int(match[2]), int(match[3]))
    except ValueError:
        return False
    return True


def _on_or_after(text: str) -> int:
    """The date, or 1 March where the year has no 29 February."""
    try:
        return (date.fromisoformat(text) - _EPOCH).days
    except ValueError:
        return (date(int(text[:4]), 3, 1) - _EPOCH).days


def _after(text: str) -> int:
    """The first date that is later in the year: also in a year without 29 February, 1 March is after it."""
    return _on_or_after(f"{text[:4]}-03-01") if text.endswith("-02-29") else _on_or_after(text) + 1
