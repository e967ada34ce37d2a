"""Histories that try a policy."""

from __future__ import annotations

from typing import Any

import pytest

from stage_models.instants import DAY, HOUR
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.testing.histories import durations_of, history

SEEDS = range(60)


def policy_of(rule: str) -> Policy:
    return load(
        f"""
policy: tried
version: 1
late: {{allowed_lateness: 1 hour}}
ladder: [{{stage: base, action: x}}]
segments: [{{segment: one, when: {rule}, action: x}}]
""",
        "tried.yaml",
    )


def values(rule: str, name: str) -> set[Any]:
    """All values that the histories of a rule give a property or a trait."""
    events = [event for seed in SEEDS for event in history(policy_of(rule), seed).events]
    return {str(said[name]) for event in events for said in (event.properties, event.traits) if name in said}


def test_same_seed_gives_the_same_history() -> None:
    policy = policy_of("{performed: Order Completed}")
    assert history(policy, 7) == history(policy, 7)
    assert history(policy, 7) != history(policy, 8)


def test_windows_end_exactly_at_events_and_a_millisecond_off() -> None:
    policy = policy_of("{performed: Order Completed, within: 7 days}")
    gaps = set()
    for seed in SEEDS:
        times = [event.occurred_at for event in history(policy, seed).events]
        gaps |= {later - time - 7 * DAY for time in times for later in times}
    assert {-1, 0, 1} <= gaps


def test_events_come_late_but_not_later_than_the_policy_allows() -> None:
    policy = policy_of("{performed: Order Completed}")
    late = []
    for seed in SEEDS:
        newest = 0
        for event in history(policy, seed).events:
            newest = max(newest, event.occurred_at)
            late.append(newest - event.occurred_at)
    assert 0 < max(late) <= HOUR


def test_names_are_those_of_the_policy_and_one_other() -> None:
    policy = policy_of("{performed: {any: true, except: Mail Sent}}")
    names = {event.name for seed in SEEDS for event in history(policy, seed).events}
    assert names == {"Mail Sent", "Some Other Event"}


@pytest.mark.parametrize(
    ("rule", "name", "expected"),
    [
        ("{performed: A, where: {seats: {at_least: 3}}}", "seats", {"None", "2", "3", "4"}),
        ("{performed: A, where: {plan: {is: pro}}}", "plan", {"None", "pro", "pro and more", "no pro"}),
        ("{performed: A, where: {plan: {in: [pro, team]}}}", "plan", {"None", "pro", "team"}),
        ("{performed: A, where: {paid: {exists: true}}}", "paid", {"None", "True", "False"}),
        ("{total: A, property: sum, at_least: 6}", "sum", {"6", "3.0", "2.0"}),
        ("{distinct: A, property: kind, at_least: 2}", "kind", set("abcdef")),
        ("{trait: plan, is: pro}", "plan", {"None", "pro", "pro and more", "no pro"}),
        (
            "{performed: A, where: {cart.value: {is: 1}}}",
            "cart",
            {f"{{'value': {v}}}" for v in (None, 0, 1, 2)},
        ),
    ],
)
def test_values_are_those_that_the_rule_tells_apart(rule: str, name: str, expected: set[str]) -> None:
    assert values(rule, name) == expected


def test_property_that_has_a_value_and_parts_has_one_of_them() -> None:
    assert values("{performed: A, where: {cart: {is: 1}, cart.value: {is: 1}}}", "cart") >= {"0", "1", "2"}


def test_durations_are_all_that_the_policy_speaks_of() -> None:
    policy = policy_of("{regular: A, per: 6 hours, periods: 1, of_last: 3}")
    assert durations_of(policy) == [HOUR, 6 * HOUR, 12 * HOUR, 18 * HOUR, DAY]
