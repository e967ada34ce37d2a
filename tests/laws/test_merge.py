"""Law 9: merging the facts of two users equals having seen the union of their events."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from random import Random
from typing import Any

import pytest

from stage_models import facts
from stage_models.conditions.rule import Condition
from stage_models.events import Event
from stage_models.facts import Fact, Steps, Visits
from stage_models.facts.anchored import Windowed
from stage_models.merge import merge_facts
from stage_models.policy.compile import Policy
from stage_models.user import ID_BYTES, IDS_KEPT, User
from tests.laws.cases import PATIENCE_SECONDS, Case, check, seeds
from tests.laws.histories import needs_what_was_kept
from tests.laws.live import apply
from tests.laws.test_order import stateless_case
from tests.reference.reading import durations_in, midnights

KEEP_MORE = Windowed, Visits, Steps
"""Facts that keep beside what counts what the order of events made them keep; the others are the same to the byte."""

EDGES = 4
"""At how many instants between two events the rules are asked."""


def merge_case(seed: int) -> Case:
    """A case without rules that ask the ladder. Where windows are anchored, or steps are looked for, nothing comes later
    than the allowed lateness.
    """
    case = stateless_case(seed)
    late = {"allowed_lateness": "P9999D"} if needs_what_was_kept(case.data) else case.data["late"]
    return replace(case, data={**case.data, "late": late})


def merging_shows(case: Case) -> str | None:
    """How somebody merged of two differs from one who saw the events of both, then and while more events come."""
    random = Random(case.seed)  # noqa: S311  a seeded split, no secret
    events = [arrival for arrival in case.arrivals if isinstance(arrival, Event)]
    count = random.randint(1, len(events))
    owners = [random.choice(["one", "other", "both"]) for _ in events[:count]]
    parts = [
        [event for event, owner in zip(events, owners, strict=False) if owner in {name, "both"}]
        for name in ("one", "other")
    ]
    if not all(parts):
        return None  # a smaller case has nobody left to merge
    (merged, _), (other, _), (whole, _) = (apply(case.policy, part) for part in (*parts, events[:count]))
    merge_facts(case.policy, merged, other)
    merged.clock, merged.due = (
        whole.clock,
        whole.due,
    )  # only the facts are merged: as if the judgement had followed
    if ids_of(merged) != ids_of(whole) and count <= IDS_KEPT:
        return f"ids merged: {ids_of(merged)}\nids whole:  {ids_of(whole)}"
    ends = [*(event.occurred_at for event in events[1:]), case.end]
    for place in range(count - 1, len(events)):
        for at in instants(random, case, events[: place + 1], ends[place]):
            if difference := unlike(case.policy, merged, whole, at):
                return f"{difference}\n  after {place + 1} events, merged after {count} of {owners}"
        merged, whole = (
            apply(case.policy, events[place + 1 : place + 2], user)[0] for user in (merged, whole)
        )
    return None


def unlike(policy: Policy, merged: User, whole: User, at: int) -> str | None:
    """What the two remember otherwise, or answer otherwise at an instant."""
    pairs: dict[str, list[Any]] = {
        f"{type(fact).__name__} of {fact.events.label}": [
            list(user.facts[fact.index]) for user in (merged, whole)
        ]
        for fact in policy.facts
        if not isinstance(fact, KEEP_MORE)
    }
    pairs["person"] = [(user.first_seen, user.group, user.consent) for user in (merged, whole)]
    for rule in rules(policy):
        pairs[f"{rule.sentence} at {at}"] = [
            (rule.holds(user, at), rule.observe(user, at)) for user in (merged, whole)
        ]
    return next(
        (
            f"{what}\n  merged: {mine}\n  whole:  {all_}"
            for what, (mine, all_) in pairs.items()
            if mine != all_
        ),
        None,
    )


def rules(policy: Policy) -> Iterator[Condition]:
    """All conditions but those that are made of others."""
    waiting = [rule for latch in policy.latches for rule in (latch.when, latch.until) if rule is not None]
    while waiting:
        rule = waiting.pop()
        waiting += rule.parts
        if not rule.parts:
            yield rule


def instants(random: Random, case: Case, events: list[Event], until: int) -> list[int]:
    """The time of the newest event, and some edges of windows and midnights before the next."""
    now = events[-1].occurred_at
    edges = {event.occurred_at + duration for event in events for duration in durations_in(case.data)}
    edges |= midnights(now, until, case.data["time_zone"])
    later = sorted(edge for edge in edges if now < edge <= until)
    return [now, *random.sample(later, min(len(later), EDGES))]


def ids_of(user: User) -> set[bytes]:
    return {user.ids[place : place + ID_BYTES] for place in range(0, len(user.ids), ID_BYTES)}


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_merging_facts_equals_having_seen_the_events_of_both() -> None:
    for seed in seeds(1 / 3):
        check(merge_case(seed), merging_shows)


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize(
    "kind", [kind for kind in vars(facts).values() if isinstance(kind, type) and kind is not Fact]
)
def test_facts_of_one_user_alone_are_noticed(kind: type[Fact], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kind, "merge", lambda *_: None)
    assert any(merging_shows(merge_case(seed)) for seed in range(400)), "400 histories do not show it"
