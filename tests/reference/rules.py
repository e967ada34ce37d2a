"""Each rule's answer at one instant, from scratch, from everything that is remembered at that instant.

Semantics sections 3 to 5, one rule after the other, as loops over the whole past. Nothing is kept from one
answer to the next.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from tests.reference.reading import Seen, duration_ms, figure, fits, is_in, local_date

Rule = Mapping[str, Any]
Answer = bool | None
"""None: undecided."""
Reached = Callable[[str, int | None, int], bool]
"""Whether the stage (first) was reached, of late if a duration in ms is given, as of the instant (last)."""


@dataclass(frozen=True)
class Past:
    """What is remembered of one user: events by (time, hash), and how the policy reads them."""

    events: tuple[Seen, ...]
    sets: Mapping[str, Any]
    zone: str

    @property
    def first_seen(self) -> int:
        return self.events[0].at

    def of(self, wanted: Any, where: Mapping[str, Any] | None = None) -> list[Seen]:
        """The events that a rule wants, oldest first."""
        return [e for e in self.events if is_in(wanted, e, self.sets) and fits(where or {}, e.properties)]


@dataclass(frozen=True)
class Window:
    """The events that a rule counts at an instant."""

    items: list[Seen]
    is_open: bool  # anchored, and more can still come
    is_known: bool  # the user is known as long as the window reaches back


def answer(rule: Rule, past: Past, at: int, reached: Reached) -> Answer:
    """Whether the rule holds at the instant, given everything remembered; None while undecided."""
    if "all" in rule:
        return all_of([answer(part, past, at, reached) for part in rule["all"]])
    if "any" in rule:
        turned = all_of([opposite(answer(part, past, at, reached)) for part in rule["any"]])
        return opposite(turned)
    if "not" in rule:
        return opposite(answer(rule["not"], past, at, reached))
    if "reached" in rule:
        return reached(rule["reached"], duration_ms(rule["within"]) if "within" in rule else None, at)
    return next(test for kind, test in TESTS.items() if kind in rule)(rule, past, at)


def all_of(answers: list[Answer]) -> Answer:
    if False in answers:
        return False
    return None if None in answers else True


def opposite(value: Answer) -> Answer:
    return None if value is None else not value


def performed(rule: Rule, past: Past, at: int) -> Answer:
    window = window_of(rule, past.of(rule["performed"], rule.get("where")), past, at)
    return in_range(rule, Decimal(len(window.items)), window) if window else False


def total(rule: Rule, past: Past, at: int) -> Answer:
    window = window_of(rule, past.of(rule["total"], rule.get("where")), past, at)
    if window is None:
        return False
    amounts = [figure(event.properties.get(rule["property"])) for event in window.items]
    return in_range(rule, sum((amount for amount in amounts if amount is not None), Decimal(0)), window)


def window_of(rule: Rule, items: list[Seen], past: Past, at: int) -> Window | None:
    """The events in the rule's window; None where its anchor has not come."""
    within = duration_ms(rule["within"]) if "within" in rule else None
    if "since" not in rule:
        if within is None:
            return Window(items, is_open=False, is_known=True)
        newer = [event for event in items if event.at > at - within]
        return Window(newer, is_open=False, is_known=past.first_seen <= at - within)
    anchor = anchor_of(rule["since"], past)
    if anchor is None:
        return None
    closes = None if within is None else anchor + within
    inside = [event for event in items if anchor <= event.at and (closes is None or event.at < closes)]
    return Window(inside, is_open=closes is None or at < closes, is_known=True)


def anchor_of(since: Any, past: Past) -> int | None:
    if since == "first_seen":
        return past.first_seen
    anchors = past.of(since)
    return anchors[0].at if anchors else None


def in_range(rule: Rule, observed: Decimal, window: Window) -> Answer:
    low, high = figure(rule.get("at_least")), figure(rule.get("at_most"))
    if low is None and high is None:
        low = Decimal(1)
    if high is not None and observed > high:
        return False
    if high is not None and not window.is_known:
        return None
    if low is not None and observed < low:
        return False
    return None if high is not None and window.is_open else True


def active_days(rule: Rule, past: Past, at: int) -> Answer:
    today = local_date(at, past.zone)
    days = {local_date(event.at, past.zone) for event in past.of(rule["active_days"])}
    back = timedelta(milliseconds=duration_ms(rule["within"]))
    is_known = local_date(past.first_seen, past.zone) <= today - back
    counted = [day for day in days if day > today - back]
    return in_range(rule, Decimal(len(counted)), Window([], is_open=False, is_known=is_known))


def inactive(rule: Rule, past: Past, at: int) -> Answer:
    events = past.of(rule["inactive"])
    silent_since = events[-1].at if events else past.first_seen
    return at >= silent_since + duration_ms(rule["for"])


def missing(rule: Rule, past: Past, at: int) -> Answer:
    anchor: Seen | None = None
    if rule.get("since") == "first_seen":
        since = past.first_seen
    else:
        anchors = past.of(rule["since"] if "since" in rule else rule["since_last"])
        if not anchors:
            return False
        anchor = anchors[0] if "since" in rule else anchors[-1]
        since = anchor.at
    came = [event for event in past.of(rule["missing"]) if event.at >= since and event is not anchor]
    return not came and at >= since + duration_ms(rule["for"])


def recent(rule: Rule, past: Past, at: int) -> Answer:
    newest = past.of(rule["recent"])[-rule["last"] :]
    matching = [event for event in newest if fits(rule.get("where", {}), event.properties)]
    return len(matching) >= int(rule.get("at_least", 1))


TESTS: dict[str, Callable[[Rule, Past, int], Answer]] = {
    "performed": performed,
    "total": total,
    "active_days": active_days,
    "inactive": inactive,
    "missing": missing,
    "recent": recent,
}
