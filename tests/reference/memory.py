"""What a rule's facts keep (semantics section 2), to tell whether a late event changed one of them.

Only the waiver of `stay_at_least` and `cool_down` asks this; no answer is ever taken from here. Rules that ask for
newest events, or newest days, of the same set share one fact, which is as deep as the deepest of them needs.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from hashlib import blake2b
from typing import Any

from tests.reference.counting import counted, first_of_visits, identity
from tests.reference.ordering import compares_all
from tests.reference.past import Past, Rule, anchor_of
from tests.reference.reading import Seen, duration_ms, figure, is_in_days, is_set_name, value_at

DAY_MS = duration_ms("1 day")
CAP = 256
Kept = list[Any]
Newest = tuple[str, str]
"""A fact that rules share: its kind, and its event set in one spelling."""

Visit = tuple[int, int]
"""The times of its first and last events."""


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
        """The newest events, days or values that a rule and its parts ask for, and how many."""
        for part in parts_of(rule):
            yield from self.asked_by(part)
        if "performed" in rule and "since" not in rule:
            yield self.fact("events", rule["performed"], rule), depth_of(rule)
        if "active_days" in rule:
            yield self.fact("days", rule["active_days"]), depth_of(rule)
        if "declining" in rule:
            days = (duration_ms(rule["within"]) + duration_ms(rule["against"])) // DAY_MS
            yield self.fact("day counts", rule["declining"]), days
        if "regular" in rule:
            yield self.fact(kind_of_regular(rule), rule["regular"]), reach_of_regular(rule)
        if "distinct" in rule:
            yield self.fact(rule["property"], rule["distinct"], rule), depth_of(rule)
        if "inactive" in rule:
            yield self.fact("events", rule["inactive"]), 1
        if "missing" in rule:
            yield self.fact("events", rule["missing"]), 2
        if "since_last" in rule:
            yield self.fact("events", rule["since_last"]), 1

    def fact(self, kind: str, events: Any, also: Rule | None = None) -> Newest:
        """The shared fact of an event set, however the set is written; `also`: a rule with filters of its own."""
        meant = self.sets[events] if is_set_name(events) else events
        spec = meant if isinstance(meant, dict) else {"event": meant}
        filters = [one[key] for one in (spec, also or {}) for key in ("where", "during") if key in one]
        names = None if spec.get("any") else as_list(spec["event"])
        return kind, json.dumps([names, as_list(spec.get("except", [])), filters], sort_keys=True)

    def changes(self, rule: Rule, before: Past, after: Past) -> bool:
        """Whether what is kept for the rule differs with an event that is remembered after and was not before."""
        self.latest = after
        return self.kept_for(rule, before) != self.kept_for(rule, after)

    def kept_for(self, rule: Rule, past: Past) -> Kept:
        """Everything kept for the rule and its parts, comparable before and after an event."""
        if parts_of(rule):
            return [self.kept_for(part, past) for part in parts_of(rule)]
        kept = next((kept for kind, kept in KEPT.items() if kind in rule), None)
        return kept(self, rule, past) if kept else []  # it asks the ladder, or the date alone

    def newest(self, kind: str, found: Kept, rule: Rule, key: str) -> Kept:
        """As many of the newest as the deepest of the rules that share the fact needs."""
        also = rule if key in {"performed", "distinct"} else None
        return found[-self.depths[self.fact(kind, rule[key], also)] :]

    def performed(self, rule: Rule, past: Past) -> Kept:
        found = counted(rule, past)
        if "since" in rule:
            return self.anchored(rule, past, orders(found), depth_of(rule))
        return [waits_for(rule, past), self.newest("events", orders(found), rule, "performed")]

    def total(self, rule: Rule, past: Past) -> Kept:
        found = past.of(rule["total"], rule.get("where"))
        found = [event for event in found if figure(value_at(event.properties, rule["property"])) is not None]
        if "since" in rule:
            return self.anchored(rule, past, orders(found), None)
        if "within" in rule and found:
            reach = found[-1].at - duration_ms(rule["within"]) - self.lateness_ms
            found = [event for event in found if event.at > reach]
        return [waits_for(rule, past), orders(found)]

    def distinct(self, rule: Rule, past: Past) -> Kept:
        newest: dict[Any, tuple[int, int]] = {}
        for event in past.of(rule["distinct"], rule.get("where")):
            value = identity(value_at(event.properties, rule["property"]))
            if value is not None:
                newest[value] = (event.at, hash_of_value(value_at(event.properties, rule["property"])))
        found = sorted(newest.values())
        return [waits_for(rule, past), self.newest(rule["property"], found, rule, "distinct")]

    def sessions(self, rule: Rule, past: Past) -> Kept:
        gap = duration_ms(rule.get("gap", "30 minutes"))
        visits = visits_of(past.of(rule["sessions"]), gap)
        if "since" not in rule:
            return [waits_for(rule, past), self.visits_lately(rule, rule["sessions"], visits, gap)]
        begins = anchor_of(rule["since"], past)
        if begins is None:
            newest = self.newest_of(rule["sessions"])
            return [[], begins_after(newest - self.lateness_ms - gap, visits)]
        closes = begins + duration_ms(rule["within"]) if "within" in rule else None
        inside = [visit for visit in visits if closes is None or visit[0] < closes]
        return [self.anchor(rule, past), begins_after(begins - self.lateness_ms - gap, inside)]

    def returned(self, rule: Rule, past: Past) -> Kept:
        events, gap = past.of(rule["returned"]), duration_ms(rule["after"])
        visits = visits_of(events, gap)
        return [orders(events[:1]), self.visits_lately(rule, rule["returned"], visits, gap)]

    def visits_lately(self, rule: Rule, events: Any, visits: list[Visit], gap: int) -> Kept:
        """The begins of those visits that can count, or join one that counts, even if an event comes late."""
        if "within" not in rule:
            return [first for first, _ in visits]
        reach = self.newest_of(events) - duration_ms(rule["within"]) - gap - self.lateness_ms
        return begins_after(reach, visits)

    def newest_of(self, events: Any) -> int:
        """The time of the newest such event, the late one included: that something else is forgotten because
        of it is no change.
        """
        return max((event.at for event in self.latest.of(events)), default=0)

    def active_days(self, rule: Rule, past: Past) -> Kept:
        days = sorted({past.date_of(event.at) for event in past.of(rule["active_days"])})
        return [waits_for(rule, past), self.newest("days", days, rule, "active_days")]

    def regular(self, rule: Rule, past: Past) -> Kept:
        kind, found = kind_of_regular(rule), past.of(rule["regular"])
        if kind == "day counts":
            return self.day_counts(rule["regular"], past)
        kept: Kept = orders(found) if kind == "events" else sorted({past.date_of(one.at) for one in found})
        return self.newest(kind, kept, rule, "regular")

    def declining(self, rule: Rule, past: Past) -> Kept:
        return [past.first_seen, self.day_counts(rule["declining"], past)]

    def day_counts(self, events: Any, past: Past) -> Kept:
        """The events of the newest date and of as many dates before it as the rule that looks furthest."""
        found, days = past.of(events), self.depths[self.fact("day counts", events)]
        return orders(
            [one for one in found if (past.date_of(found[-1].at) - past.date_of(one.at)).days <= days]
        )

    def inactive(self, rule: Rule, past: Past) -> Kept:
        found = orders(past.of(rule["inactive"]))
        return [past.first_seen, self.newest("events", found, rule, "inactive")]

    def missing(self, rule: Rule, past: Past) -> Kept:
        found = orders(past.of(rule["missing"]))
        return [self.anchor(rule, past), self.newest("events", found, rule, "missing")]

    def recent(self, rule: Rule, past: Past) -> Kept:
        return orders(past.of(rule["recent"])[-rule["last"] :])

    def first(self, rule: Rule, past: Past) -> Kept:
        return orders(past.of(rule["first"])[:1])

    def sequence(self, rule: Rule, past: Past) -> Kept:
        """Whatever can be a step, as far back as the steps of one sequence can lie."""
        found = sorted({event.order for step in rule["sequence"] for event in past.of(step)})
        if "within" not in rule or not found:
            return found
        reach = found[-1][0] - duration_ms(rule["within"]) - self.lateness_ms
        return [item for item in found if item[0] > reach]

    def trait(self, rule: Rule, past: Past) -> Kept:
        """The newest value. With `for`: those that tell since when all compare so, and the newest before them."""
        found = [
            (event.order, compares_all(rule, event.traits[rule["trait"]]))
            for event in past.events
            if rule["trait"] in event.traits
        ]
        if "for" not in rule or not found:
            return [waits_for_trait(rule, past), found[-1:]]
        reach = found[-1][0][0] - self.lateness_ms - duration_ms(rule["for"])
        before = [one for one in found if one[0][0] <= reach]
        return [waits_for_trait(rule, past), before[-1:], [one for one in found if one[0][0] > reach]]

    def anchor(self, rule: Rule, past: Past) -> Kept:
        """`first_seen`, the first anchoring event, or what is kept of the newest."""
        if "since_last" in rule:
            return self.newest("events", orders(past.of(rule["since_last"])), rule, "since_last")
        return [past.first_seen] if rule["since"] == "first_seen" else orders(past.of(rule["since"])[:1])

    def anchored(self, rule: Rule, past: Past, found: list[tuple[int, int]], depth: int | None) -> Kept:
        """From anchor - allowed lateness on, of the window itself the oldest; without an anchor the last ones."""
        begins = anchor_of(rule["since"], past)
        if begins is None:
            return [[], [item for item in found if item[0] >= found[-1][0] - self.lateness_ms]]
        closes = begins + duration_ms(rule["within"]) if "within" in rule else None
        before = [item for item in found if begins - self.lateness_ms <= item[0] < begins]
        inside = [item for item in found if begins <= item[0] and (closes is None or item[0] < closes)]
        return [self.anchor(rule, past), before + inside[:depth]]


KEPT: dict[str, Callable[[Memory, Rule, Past], Kept]] = {
    "performed": Memory.performed,
    "total": Memory.total,
    "distinct": Memory.distinct,
    "sessions": Memory.sessions,
    "returned": Memory.returned,
    "active_days": Memory.active_days,
    "regular": Memory.regular,
    "declining": Memory.declining,
    "inactive": Memory.inactive,
    "missing": Memory.missing,
    "recent": Memory.recent,
    "first": Memory.first,
    "sequence": Memory.sequence,
    "trait": Memory.trait,
}


def kind_of_regular(rule: Rule) -> str:
    """What is kept for it: dates, dates with their events, or events."""
    if not is_in_days(rule["per"]):
        return "events"
    return "days" if rule.get("at_least", 1) == 1 else "day counts"


def reach_of_regular(rule: Rule) -> int:
    """How many dates; or how many events, of which any number may lie in a stretch: up to the cap all."""
    return CAP if not is_in_days(rule["per"]) else int(duration_ms(rule["per"]) // DAY_MS * rule["of_last"])


def waits_for(rule: Rule, past: Past) -> int | None:
    """`first_seen` where the rule waits until the user is known that long."""
    return past.first_seen if "at_most" in rule and "within" in rule else None


def waits_for_trait(rule: Rule, past: Past) -> int | None:
    """`first_seen` where a user without the trait is known that long without it."""
    return past.first_seen if "for" in rule and compares_all(rule, None) else None


def begins_after(reach: int, visits: list[Visit]) -> Kept:
    """When the visits began of which something lies after an instant; before it nothing is told apart."""
    return [max(first, reach) for first, last in visits if last > reach]


def visits_of(events: list[Seen], gap: int) -> list[Visit]:
    """The visits, oldest first."""
    starts = [event.at for event in first_of_visits(events, gap)]
    nexts = [event.at for event in events[1:]]
    ends = [
        event.at for event, after in zip(events, nexts, strict=False) if event.at < after and after in starts
    ]
    return list(zip(starts, [*ends, events[-1].at], strict=True)) if events else []


def hash_of_value(value: Any) -> int:
    """Values that last came at one instant stand in the order of their hashes."""
    number = figure(value)
    if number is not None and number.denominator == 1:
        value = int(number)
    kind = "truth" if isinstance(value, bool) else "text" if number is None else "number"
    return int.from_bytes(blake2b(f"{kind} {value}".encode(), digest_size=8).digest(), "big")


def parts_of(rule: Rule) -> list[Rule]:
    """The rules that a combination is made of."""
    parts: list[Rule] = [rule["not"]] if "not" in rule else rule.get("all", rule.get("any", []))
    return parts


def orders(events: list[Seen]) -> list[tuple[int, int]]:
    return [event.order for event in events]


def depth_of(rule: Rule) -> int:
    """At least k: k; a range: at_most + 1."""
    return int(rule["at_most"]) + 1 if "at_most" in rule else int(rule.get("at_least", 1))


def as_list(names: str | list[str]) -> list[str]:
    return [names] if isinstance(names, str) else sorted(names)
