"""Merging two users, where random histories do not lead."""

from __future__ import annotations

from typing import Any

from stage_models.events import Event
from stage_models.instants import DAY
from stage_models.merge import merge_facts
from stage_models.policy.compile import Policy
from stage_models.user import IDS_KEPT, Gap, User
from tests.laws.live import apply, compiled
from tests.laws.test_spans import policy_of


def one_rule(rule: dict[str, Any]) -> Policy:
    return compiled(policy_of(rule, "UTC"))


def event(at: int, name: str = "Alpha", **properties: Any) -> Event:
    return Event(user_id="u", event_id=f"{name} {at}", occurred_at=at, name=name, properties=properties)


def merged(policy: Policy, mine: list[Event], others: list[Event]) -> User:
    (user, _), (other, _) = apply(policy, mine), apply(policy, others)
    merge_facts(policy, user, other)
    return user


def test_newest_ids_of_both_stay_in_the_ring() -> None:
    policy = one_rule({"performed": "Alpha"})
    mine, others = ([event(at, name) for at in range(IDS_KEPT)] for name in ("Alpha", "Beta"))
    user = merged(policy, mine, others)
    half = IDS_KEPT // 2
    assert all(user.knows_id(one.digest()) for one in mine[half:] + others[half:])
    assert not any(user.knows_id(one.digest()) for one in mine[:half] + others[:half])


def test_ring_that_is_not_full_makes_room_for_the_other() -> None:
    policy = one_rule({"performed": "Alpha"})
    mine, others = [event(0)], [event(at, "Beta") for at in range(IDS_KEPT - 1)]
    user = merged(policy, mine, others)
    assert all(user.knows_id(one.digest()) for one in mine + others)


def test_fact_misses_what_one_of_both_misses() -> None:
    policy = one_rule({"performed": "Alpha"})
    (user, _), (other, _), (third, _) = (apply(policy, [event(at)]) for at in (0, 1, 2))
    other.incomplete, third.incomplete = {0: Gap(5, 2)}, {0: Gap(3, 1)}
    merge_facts(policy, user, other)
    merge_facts(policy, user, third)
    assert user.incomplete == {0: Gap(5, 1)}


def test_sums_past_their_cap_keep_what_both_add_up_to() -> None:
    policy = one_rule({"total": "Alpha", "property": "amount", "at_least": 700})
    mine, others = ([event(2 * at + odd, amount=1) for at in range(350)] for odd in (0, 1))
    user = merged(policy, mine, others)
    [latch] = policy.latches
    assert latch.when.observe(user, DAY).observed == 700
    assert latch.when.holds(user, DAY)


def test_days_past_their_cap_keep_how_many_events_both_had() -> None:
    policy = one_rule({"declining": "Alpha", "by": "50 %", "within": "1 day", "against": "1 day"})
    mine, others = ([event(2 * at + odd) for at in range(300)] for odd in (0, 1))
    user = merged(policy, mine, others)
    [[_, folded, *hashes]] = user.facts[0]
    assert folded + len(hashes) == 600


def test_anchor_of_the_other_that_is_far_older_finds_what_is_kept() -> None:
    """The limit of merging: what came long before the own anchor is no longer there to be counted."""
    policy = one_rule({"performed": "Beta", "at_least": 2, "since": "Alpha"})
    mine = [event(at, name) for at, name in ((DAY, "Beta"), (3 * DAY, "Alpha"), (4 * DAY, "Beta"))]
    user = merged(policy, mine, [event(0, "Alpha"), event(5 * DAY, "Beta")])
    [latch] = policy.latches
    assert latch.when.observe(user, 6 * DAY).instants == [5 * DAY, 4 * DAY]
