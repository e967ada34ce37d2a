"""What a rule's facts keep (semantics section 2), to tell whether a late event changed one of them.

Only the waiver of `stay_at_least` and `cool_down` asks this; no answer is ever taken from here.
"""

from __future__ import annotations

from typing import Any

from tests.reference.reading import Seen, duration_ms, local_date
from tests.reference.rules import Past, Rule, anchor_of

Kept = list[Any]


def kept_for(rule: Rule, past: Past) -> Kept:
    """Everything kept for the rule and its parts, comparable before and after an event."""
    if "not" in rule:
        return kept_for(rule["not"], past)
    if "all" in rule or "any" in rule:
        return [kept_for(part, past) for part in rule.get("all", rule.get("any"))]
    if "reached" in rule:
        return []
    if "performed" in rule:
        return counted(rule, past.of(rule["performed"], rule.get("where")), past)
    if "active_days" in rule:
        return whole_days(rule, past)
    if "inactive" in rule:
        newest = orders(past.of(rule["inactive"])[-1:])
        return newest or [past.first_seen]
    if "missing" in rule:
        since = rule["since"] if "since" in rule else rule["since_last"]
        anchors = past.of(since) if since != "first_seen" else []
        anchor = anchors[:1] if "since" in rule else anchors[-1:]
        beginning = [past.first_seen] if since == "first_seen" else []
        return [beginning, orders(anchor), orders(past.of(rule["missing"])[-2:])]
    if "recent" in rule:
        return orders(past.of(rule["recent"])[-rule["last"] :])
    assert "total" in rule, rule
    return summed(rule, past)


def orders(events: list[Seen]) -> Kept:
    return [event.order for event in events]


def depth_of(rule: Rule) -> int:
    return int(rule["at_most"]) + 1 if "at_most" in rule else int(rule.get("at_least", 1))


def counted(rule: Rule, events: list[Seen], past: Past) -> Kept:
    """At least k: the k newest, a range at_most + 1; in an anchored window the oldest in it."""
    if "since" not in rule:
        waits = "at_most" in rule and "within" in rule
        return [orders(events[-depth_of(rule) :]), past.first_seen if waits else None]
    anchor = anchor_of(rule["since"], past)
    return [anchor, orders(anchored(rule, events, anchor)[: depth_of(rule)])]


def anchored(rule: Rule, events: list[Seen], anchor: int | None) -> list[Seen]:
    if anchor is None:
        return []
    closes = anchor + duration_ms(rule["within"]) if "within" in rule else None
    return [event for event in events if anchor <= event.at and (closes is None or event.at < closes)]


def whole_days(rule: Rule, past: Past) -> Kept:
    days = sorted({local_date(event.at, past.zone) for event in past.of(rule["active_days"])})
    waits = "at_most" in rule
    return [days[-depth_of(rule) :], local_date(past.first_seen, past.zone) if waits else None]


def summed(rule: Rule, past: Past) -> Kept:
    events = past.of(rule["total"], rule.get("where"))
    if "since" not in rule:
        waits = "at_most" in rule and "within" in rule
        return [orders(events), past.first_seen if waits else None]
    anchor = anchor_of(rule["since"], past)
    return [anchor, orders(anchored(rule, events, anchor))]
