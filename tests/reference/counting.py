"""Rules that count: how many, how many days, visits and different values, how much, how steadily.

Semantics sections 3 and 4, each as loops over the whole past.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from fractions import Fraction
from typing import Any

from tests.reference.past import Answer, Past, Rule, Window, in_range, window_of
from tests.reference.reading import Seen, duration_ms, figure, is_during, is_in_days, value_at


def performed(rule: Rule, past: Past, at: int) -> Answer:
    window = window_of(rule, counted(rule, past), past, at)
    return in_range(rule, len(window.items), window) if window else False


def counted(rule: Rule, past: Past) -> list[Seen]:
    """What `performed` counts, in whatever window."""
    events = past.of(rule["performed"], rule.get("where"))
    if "during" not in rule:
        return events
    return [event for event in events if is_during(rule["during"], past.date_of(event.at))]


FIGURES: dict[str, Callable[[list[Fraction]], Fraction | None]] = {
    "sum": lambda amounts: sum(amounts, Fraction(0)),
    "average": lambda amounts: sum(amounts, Fraction(0)) / len(amounts) if amounts else None,
    "max": lambda amounts: max(amounts, default=None),
    "min": lambda amounts: min(amounts, default=None),
}


def total(rule: Rule, past: Past, at: int) -> Answer:
    window = window_of(rule, past.of(rule["total"], rule.get("where")), past, at)
    if window is None:
        return False
    amounts = [figure(value_at(event.properties, rule["property"])) for event in window.items]
    figures = FIGURES[rule.get("as", "sum")]([amount for amount in amounts if amount is not None])
    return in_range(rule, figures, window)


def distinct(rule: Rule, past: Past, at: int) -> Answer:
    window = window_of(rule, past.of(rule["distinct"], rule.get("where")), past, at)
    if window is None:
        return False
    values = {identity(value_at(event.properties, rule["property"])) for event in window.items}
    return in_range(rule, len(values - {None}), window)


def identity(value: Any) -> Any:
    """What tells two values of a property apart; None for what is no single value."""
    if value is None or isinstance(value, list | dict):
        return None
    number = figure(value)
    return ("number", number) if number is not None else (type(value).__name__, value)


def sessions(rule: Rule, past: Past, at: int) -> Answer:
    visits = first_of_visits(past.of(rule["sessions"]), duration_ms(rule.get("gap", "30 minutes")))
    window = window_of(rule, visits, past, at)
    return in_range(rule, len(window.items), window) if window else False


def first_of_visits(events: list[Seen], gap: int) -> list[Seen]:
    """The first event of each visit: visits lie at least the gap apart."""
    return [event for n, event in enumerate(events) if n == 0 or event.at - events[n - 1].at >= gap]


def active_days(rule: Rule, past: Past, at: int) -> Answer:
    today, back = past.date_of(at), timedelta(milliseconds=duration_ms(rule["within"]))
    days = {past.date_of(event.at) for event in past.of(rule["active_days"])}
    counted = [day for day in days if day > today - back]
    return in_range(rule, len(counted), Window([], is_known=past.date_of(past.first_seen) <= today - back))


def regular(rule: Rule, past: Past, at: int) -> Answer:
    counts = [0] * int(rule["of_last"])
    for event in past.of(rule["regular"]):
        if is_in_days(rule["per"]):
            days = duration_ms(rule["per"]) // duration_ms("1 day")
            stretch = (past.date_of(at) - past.date_of(event.at)).days // days
        else:
            stretch = (at - event.at) // duration_ms(rule["per"])
        if stretch < len(counts):
            counts[stretch] += 1
    regularly = [count for count in counts if count >= rule.get("at_least", 1)]
    return len(regularly) >= int(rule["periods"])


def declining(rule: Rule, past: Past, at: int) -> Answer:
    today = past.date_of(at)
    within, against = (duration_ms(rule[key]) // duration_ms("1 day") for key in ("within", "against"))
    if (today - past.date_of(past.first_seen)).days < within + against:
        return None
    days_ago = [(today - past.date_of(event.at)).days for event in past.of(rule["declining"])]
    newer = sum(1 for days in days_ago if 1 <= days <= within)
    older = sum(1 for days in days_ago if within < days <= within + against)
    kept = 1 - percent(rule["by"]) / 100
    return older > 0 and Fraction(newer, within) <= Fraction(older, against) * kept


def percent(by: Any) -> Fraction:
    """60 of `60 %`."""
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?%", by)
    assert match, by
    return Fraction(match[1])
