"""Rules that look at what came first, last, after something else, or not: semantics sections 3 to 5."""

from __future__ import annotations

from itertools import groupby, pairwise
from typing import Any

from tests.reference.past import Answer, Past, Rule
from tests.reference.reading import Seen, compares, duration_ms, fits

Step = set[str]
"""The ids of the events that can be a step."""


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


def first(rule: Rule, past: Past, at: int) -> Answer:
    events = past.of(rule["first"])
    return bool(events) and at < events[0].at + duration_ms(rule["within"])


def returned(rule: Rule, past: Past, at: int) -> Answer:
    after = duration_ms(rule["after"])
    back = [
        later.at for earlier, later in pairwise(past.of(rule["returned"])) if later.at - earlier.at >= after
    ]
    return any("within" not in rule or at < came + duration_ms(rule["within"]) for came in back)


def sequence(rule: Rule, past: Past, at: int) -> Answer:
    """Whether the steps end at some instant that is new enough, and began late enough before it."""
    steps = [{event.id for event in past.of(step)} for step in rule["sequence"]]
    is_step = [event for event in past.events if any(event.id in step for step in steps)]
    shared = [list(events) for _, events in groupby(is_step, key=lambda event: event.at)]
    within = duration_ms(rule["within"]) if "within" in rule else None
    for count in range(len(shared), 0, -1):
        if "for" in rule and at >= shared[count - 1][0].at + duration_ms(rule["for"]):
            return False
        if end_here(steps, shared[:count], within):
            return True
    return False


def end_here(steps: list[Step], shared: list[list[Seen]], within: int | None) -> bool:
    """Whether all steps came in order, the last of them at the last of these instants.

    Backwards through the instants; of each, as many steps as its events can be, in any order among them.
    """
    left = len(steps)
    for events in reversed(shared):
        if within is not None and shared[-1][0].at - events[0].at >= within:
            return False
        before = left
        while left and can_be(steps[left - 1 : before], events):
            left -= 1
        if left in (0, len(steps)):
            return left == 0
    return False


def can_be(steps: list[Step], events: list[Seen]) -> bool:
    """Whether each step can be an event of its own, the step with the fewest choices first."""
    if not steps:
        return True
    choices = [[event for event in events if event.id in step] for step in steps]
    hardest = min(range(len(steps)), key=lambda place: len(choices[place]))
    rest = steps[:hardest] + steps[hardest + 1 :]
    return any(can_be(rest, [one for one in events if one is not choice]) for choice in choices[hardest])


def trait(rule: Rule, past: Past, at: int) -> Answer:
    """Whether the newest value compares so, and has from one value on that all compare so.

    Before the first value there is none, since `first_seen`.
    """
    values = [(past.first_seen, None), *values_of(rule["trait"], past)]
    since: int | None = None
    for came, value in reversed(values):
        if not compares_all(rule, value):
            break
        since = came
    return since is not None and at >= since + (duration_ms(rule["for"]) if "for" in rule else 0)


def compares_all(rule: Rule, value: Any) -> bool:
    """Whether a value of the trait compares as the rule says in every way."""
    return all(compares(key, wanted, value) for key, wanted in rule.items() if key not in {"trait", "for"})


def values_of(name: str, past: Past) -> list[tuple[int, Any]]:
    """All values of a trait with their times, oldest first."""
    return [(event.at, event.traits[name]) for event in past.events if name in event.traits]
