"""What a rule's facts keep (semantics section 2), to tell whether a late event changed one of them.

Only the waiver of `stay_at_least` and `cool_down` asks this; no answer is ever taken from here. Rules that ask for
newest events, or newest days, of the same set share one fact, which is as deep as the deepest of them needs.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tests.reference.past import Past, Rule, anchor_of
from tests.reference.reading import Seen, duration_ms, figure, is_set_name, local_date

Kept = list[Any]
Newest = tuple[str, str]
"""A fact that rules share: its kind, and its event set in one spelling."""


class Memory:
    """What is kept under one policy (the YAML mapping)."""

    def __init__(self, policy: Mapping[str, Any]) -> None:
        self.sets = policy.get("events", {})
        self.lateness_ms = duration_ms(policy.get("late", {}).get("allowed_lateness", "10 minutes"))
        self.depths: dict[Newest, int] = {}
        for latch in [*policy["ladder"], *policy.get("segments", [])]:
            for rule in (latch[key] for key in ("when", "until") if key in latch):
                for fact, depth in self.asked_by(rule):
                    self.depths[fact] = max(depth, self.depths.get(fact, 0))

    def asked_by(self, rule: Rule) -> Iterator[tuple[Newest, int]]:
        """The newest events or days that a rule and its parts ask for, and how many."""
        for part in parts_of(rule):
            yield from self.asked_by(part)
        if "performed" in rule and "since" not in rule:
            yield self.fact("events", rule["performed"], rule.get("where")), depth_of(rule)
        if "active_days" in rule:
            yield self.fact("days", rule["active_days"]), depth_of(rule)
        if "inactive" in rule:
            yield self.fact("events", rule["inactive"]), 1
        if "missing" in rule:
            yield self.fact("events", rule["missing"]), 2
        if "since_last" in rule:
            yield self.fact("events", rule["since_last"]), 1

    def fact(self, kind: str, events: Any, where: Mapping[str, Any] | None = None) -> Newest:
        """The shared fact of an event set, however the set is written."""
        meant = self.sets[events] if is_set_name(events) else events
        spec = meant if isinstance(meant, dict) else {"event": meant}
        filters = [one for one in (spec.get("where"), where) if one]
        names = None if spec.get("any") else as_list(spec["event"])
        return kind, json.dumps([names, as_list(spec.get("except", [])), filters], sort_keys=True)

    def newest(self, events: Any, past: Past, where: Mapping[str, Any] | None = None) -> Kept:
        found = orders(past.of(events, where))
        return found[-self.depths[self.fact("events", events, where)] :]

    def kept_for(self, rule: Rule, past: Past) -> Kept:
        """Everything kept for the rule and its parts, comparable before and after an event."""
        if parts_of(rule) or "reached" in rule:
            return [self.kept_for(part, past) for part in parts_of(rule)]
        if "inactive" in rule:
            return [past.first_seen, self.newest(rule["inactive"], past)]
        if "missing" in rule:
            return [self.anchor(rule, past), self.newest(rule["missing"], past)]
        if "recent" in rule:
            return orders(past.of(rule["recent"])[-rule["last"] :])
        if "since" in rule:
            return [self.anchor(rule, past), self.anchored(rule, past)]
        waits = past.first_seen if "at_most" in rule and "within" in rule else None
        if "active_days" in rule:
            days = sorted({local_date(event.at, past.zone) for event in past.of(rule["active_days"])})
            return [waits, days[-self.depths[self.fact("days", rule["active_days"])] :]]
        if "performed" in rule:
            return [waits, self.newest(rule["performed"], past, rule.get("where"))]
        found = summed(rule, past)
        if "within" in rule and found:
            reach = found[-1].at - duration_ms(rule["within"]) - self.lateness_ms
            found = [event for event in found if event.at > reach]
        return [waits, orders(found)]

    def anchor(self, rule: Rule, past: Past) -> Kept:
        """`first_seen`, the first anchoring event, or what is kept of the newest."""
        if "since_last" in rule:
            return self.newest(rule["since_last"], past)
        return [past.first_seen] if rule["since"] == "first_seen" else orders(past.of(rule["since"])[:1])

    def anchored(self, rule: Rule, past: Past) -> Kept:
        """From anchor - allowed lateness on, of the window itself the oldest; without an anchor the last ones."""
        is_sum = "total" in rule
        found = summed(rule, past) if is_sum else past.of(rule["performed"], rule.get("where"))
        begins = anchor_of(rule["since"], past)
        if begins is None:
            return orders([event for event in found if event.at >= found[-1].at - self.lateness_ms])
        closes = begins + duration_ms(rule["within"]) if "within" in rule else None
        before = [event for event in found if begins - self.lateness_ms <= event.at < begins]
        inside = [event for event in found if begins <= event.at and (closes is None or event.at < closes)]
        return orders(before) + orders(inside if is_sum else inside[: depth_of(rule)])


def parts_of(rule: Rule) -> list[Rule]:
    """The rules that a combination is made of."""
    parts: list[Rule] = [rule["not"]] if "not" in rule else rule.get("all", rule.get("any", []))
    return parts


def orders(events: list[Seen]) -> Kept:
    return [event.order for event in events]


def depth_of(rule: Rule) -> int:
    """At least k: k; a range: at_most + 1."""
    return int(rule["at_most"]) + 1 if "at_most" in rule else int(rule.get("at_least", 1))


def summed(rule: Rule, past: Past) -> list[Seen]:
    found = past.of(rule["total"], rule.get("where"))
    return [event for event in found if figure(event.properties.get(rule["property"])) is not None]


def as_list(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else sorted(names)
