"""What is remembered of one user at an instant, and the windows and ranges in which rules look at it.

Semantics sections 3 and 4. Nothing is kept from one answer to the next but which events a rule wants.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from fractions import Fraction
from typing import Any

from tests.reference.reading import Seen, duration_ms, figure, fits, is_in, local_date

Rule = Mapping[str, Any]
Answer = bool | None
"""None: undecided."""


@dataclass(frozen=True)
class Past:
    """What is remembered of one user: events by (time, hash), and how the policy reads them."""

    events: tuple[Seen, ...]
    sets: Mapping[str, Any]
    zone: str
    wanted_by: dict[str, dict[str, bool]] = field(default_factory=dict, compare=False, repr=False)
    """By what a rule wants, whether an event is such; one for all that is ever remembered of the user."""
    _found: dict[str, list[Seen]] = field(default_factory=dict, compare=False, repr=False)

    @property
    def first_seen(self) -> int:
        return self.events[0].at

    def of(self, wanted: Any, where: Mapping[str, Any] | None = None) -> list[Seen]:
        """The events that a rule wants, oldest first."""
        key = repr((wanted, where))
        if key not in self._found:
            is_wanted = self.wanted_by.setdefault(key, {})
            for event in self.events:
                if event.id not in is_wanted:
                    belongs = is_in(wanted, event, self.sets, self.zone)
                    is_wanted[event.id] = belongs and fits(where or {}, event.properties)
            self._found[key] = [event for event in self.events if is_wanted[event.id]]
        return self._found[key]

    def date_of(self, at: int) -> date:
        return local_date(at, self.zone)


@dataclass(frozen=True)
class Window:
    """The events that a rule counts at an instant."""

    items: list[Seen]
    is_open: bool = False  # anchored, and more can still come
    is_known: bool = True  # the user is known as long as the window reaches back


def window_of(rule: Rule, items: list[Seen], past: Past, at: int) -> Window | None:
    """Those of the events that are in the rule's window; None where its anchor has not come."""
    within = duration_ms(rule["within"]) if "within" in rule else None
    if "since" not in rule:
        if within is None:
            return Window(items)
        newer = [event for event in items if event.at > at - within]
        return Window(newer, is_known=past.first_seen <= at - within)
    anchor = anchor_of(rule["since"], past)
    if anchor is None:
        return None
    closes = None if within is None else anchor + within
    inside = [event for event in items if anchor <= event.at and (closes is None or event.at < closes)]
    return Window(inside, is_open=closes is None or at < closes)


def anchor_of(since: Any, past: Past) -> int | None:
    if since == "first_seen":
        return past.first_seen
    anchors = past.of(since)
    return anchors[0].at if anchors else None


def in_range(rule: Rule, observed: Fraction | int | None, window: Window) -> Answer:
    """Whether the figure is in the rule's range; None is the figure of nothing, which is in no range."""
    low, high = figure(rule.get("at_least")), figure(rule.get("at_most"))
    if low is None and high is None:
        low = Fraction(1)
    if observed is not None and high is not None and observed > high:
        return False
    if high is not None and not window.is_known:
        return None
    if observed is None or (low is not None and observed < low):
        return False
    return None if high is not None and window.is_open else True
