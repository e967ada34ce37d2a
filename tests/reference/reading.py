"""How the reference reads a policy's plain values: durations, figures, local dates, event sets, filters.

Written from the policy's page alone. It shares no code with what it judges: a mistake must not be made twice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from functools import cache, lru_cache
from hashlib import blake2b
from typing import Any
from zoneinfo import ZoneInfo

UNIT_MS = {"second": 1_000, "minute": 60_000, "hour": 3_600_000, "day": 86_400_000, "week": 604_800_000}
ISO_UNIT_MS = {"W": UNIT_MS["week"], "D": UNIT_MS["day"]}
ISO_TIME_UNIT_MS = {"H": UNIT_MS["hour"], "M": UNIT_MS["minute"], "S": UNIT_MS["second"]}
SET_NAME = re.compile(r"[a-z0-9_-]+")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Seen:
    """One event as the reference remembers it; `at` in UTC milliseconds."""

    at: int
    id: str
    name: str | None
    properties: Mapping[str, Any]
    is_active: bool = True
    traits: Mapping[str, Any] = field(default_factory=dict)

    @property
    def order(self) -> tuple[int, int]:
        """Its place among others: by time, then by the first 8 bytes of blake2b of its id, big-endian."""
        return self.at, hash_of(self.id)


@lru_cache(maxsize=100_000)
def hash_of(event_id: str) -> int:
    return int.from_bytes(blake2b(event_id.encode()).digest()[:8], "big")


@cache
def duration_ms(text: str) -> int:
    """Milliseconds of `30 minutes`, `7 days` or `P7DT12H`."""
    if words := re.fullmatch(r"(\d+) (second|minute|hour|day|week)s?", text):
        return int(words[1]) * UNIT_MS[words[2]]
    whole, _, clock = text.removeprefix("P").partition("T")
    days = sum(int(number) * ISO_UNIT_MS[unit] for number, unit in re.findall(r"(\d+)([WD])", whole))
    return days + sum(int(n) * ISO_TIME_UNIT_MS[unit] for n, unit in re.findall(r"(\d+)([HMS])", clock))


@cache
def is_in_days(text: str) -> bool:
    """Whether a duration is written in days (or weeks), so that calendar days are meant."""
    return re.fullmatch(r"\d+ (day|week)s?|P(\d+W)?(\d+D)?", text) is not None


def durations_in(value: Any) -> set[int]:
    """Every duration that stands anywhere in a policy, in milliseconds; of stretches the reach of each."""
    if isinstance(value, Mapping):
        named = {"within", "for", "stay_at_least", "cool_down", "gap", "after", "against"}
        own = {duration_ms(text) for key, text in value.items() if key in named and isinstance(text, str)}
        own |= {duration_ms(value["per"]) * (n + 1) for n in range(value.get("of_last", 0))}
        return own.union(*(durations_in(inner) for inner in value.values()))
    if isinstance(value, list):
        return set().union(*(durations_in(inner) for inner in value))
    return set()


def figure(value: Any) -> Fraction | None:
    """The number, exactly as it is written, or None where the value is none."""
    if isinstance(value, bool) or not isinstance(value, int | float | Decimal):
        return None
    return Fraction(str(value))


@lru_cache(maxsize=100_000)
def local_date(at: int, zone: str) -> date:
    return (EPOCH + timedelta(milliseconds=at)).astimezone(ZoneInfo(zone)).date()


@lru_cache(maxsize=100_000)
def first_instant(day: date, zone: str) -> int:
    """The first millisecond that is on this local date or, where the date was skipped, on a later one."""
    noon = int((datetime(day.year, day.month, day.day, 12, tzinfo=UTC) - EPOCH).total_seconds()) * 1_000
    before, after = noon - 2 * UNIT_MS["day"], noon + 2 * UNIT_MS["day"]
    while after - before > 1:
        middle = (before + after) // 2
        if local_date(middle, zone) < day:
            before = middle
        else:
            after = middle
    return after


def midnights(start: int, end: int, zone: str) -> set[int]:
    """The first instants of all local dates from `start` to `end`."""
    first, last = local_date(start, zone), local_date(end, zone)
    days = range((last - first).days + 2)
    return {first_instant(first + timedelta(days=n), zone) for n in days}


def is_set_name(events: Any) -> bool:
    """Whether this names an event set: only lower-case letters, digits, `_` and `-`."""
    return isinstance(events, str) and is_lower_case(events)


@cache
def is_lower_case(name: str) -> bool:
    return SET_NAME.fullmatch(name) is not None


def is_during(span: Mapping[str, str], day: date) -> bool:
    """Whether the date lies in a span: of one year or some, or of every year (both ends included)."""
    start, end = span["from"], span["to"]
    if len(start) == len("2026-11-20"):
        return start <= day.isoformat() <= end
    today = f"{day:%m-%d}"
    return start <= today <= end if start <= end else today >= start or today <= end


def is_in(events: Any, event: Seen, sets: Mapping[str, Any], zone: str) -> bool:
    """Whether the event belongs to what a rule wants: a name, a set's name, a list or a set in place."""
    if event.name is None or not event.is_active:
        return False
    if isinstance(events, str):
        return is_in(sets[events], event, {}, zone) if is_set_name(events) else event.name == events
    if isinstance(events, list):
        return event.name in events
    if not events.get("any"):
        named = events["event"]
        if event.name not in (named if isinstance(named, list) else [named]):
            return False
    if event.name in events.get("except", []):
        return False
    if "during" in events and not is_during(events["during"], local_date(event.at, zone)):
        return False
    return fits(events.get("where", {}), event.properties)


def fits(where: Mapping[str, Mapping[str, Any]], properties: Mapping[str, Any]) -> bool:
    """Whether the properties pass all comparisons of a filter."""
    return all(
        compares(comparison, wanted, value_at(properties, path))
        for path, comparisons in where.items()
        for comparison, wanted in comparisons.items()
    )


def value_at(properties: Mapping[str, Any], path: str) -> Any:
    if path in properties:
        return properties[path]
    value: Any = properties
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def compares(comparison: str, wanted: Any, value: Any) -> bool:
    """One comparison of a property's value. One of another type does not pass; one that is missing only
    where that is what is asked for.
    """
    if comparison == "exists":
        return (value is not None) == bool(wanted)
    if value is None:
        return comparison in {"is_not", "not_in"}
    if comparison in {"above", "at_least", "below", "at_most"}:
        number, limit = figure(value), figure(wanted)
        assert limit is not None
        if number is None:
            return False
        return {
            "above": number > limit,
            "at_least": number >= limit,
            "below": number < limit,
            "at_most": number <= limit,
        }[comparison]
    if comparison in {"is", "is_not"}:
        return is_same(value, wanted) == (comparison == "is")
    if comparison in {"in", "not_in"}:
        return any(is_same(value, one) for one in wanted) == (comparison == "in")
    if comparison == "starts_with":
        return isinstance(value, str) and value.startswith(wanted)
    assert comparison == "contains", comparison
    if isinstance(value, list):
        return any(is_same(one, wanted) for one in value)
    return isinstance(value, str) and isinstance(wanted, str) and wanted in value


def is_same(value: Any, wanted: Any) -> bool:
    number, other = figure(value), figure(wanted)
    if number is not None and other is not None:
        return number == other
    return type(value) is type(wanted) and bool(value == wanted)
