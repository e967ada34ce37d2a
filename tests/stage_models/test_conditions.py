"""What conditions say of themselves: sentences, evidence, the next change."""

from __future__ import annotations

from typing import Any

import pytest

from stage_models.advance import advance
from stage_models.conditions import Condition
from stage_models.instants import DAY, HOUR, parse_instant
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.testing import event
from stage_models.user import NEVER, User

START = "2026-01-01 10:00"
NOON = "2026-01-01 12:00"
AT = parse_instant(START)


def policy_with(rule: str) -> Policy:
    text = f"""
policy: shop
version: 1
events: {{order: [Order Completed]}}
ladder: [{{stage: base, action: x}}]
segments: [{{segment: one, when: {rule}, action: y}}]
"""
    return load(text, "shop.yaml")


def condition_of(policy: Policy) -> Condition:
    return policy.segment_latches[0].when


def after(policy: Policy, *events: tuple[str, dict[str, Any]]) -> User:
    """The user after these orders."""
    user: User | None = None
    for time, properties in events:
        user = advance(policy, user, event(time, "Order Completed", **properties)).user
    assert user is not None
    return user


@pytest.mark.parametrize(
    ("rule", "sentence"),
    [
        ("{first: order, within: 7 days}", "the first order ever within 7 days"),
        (
            "{sessions: order, at_least: 2, within: 7 days}",
            "at least 2 visits of order, 30 minutes apart, within 7 days",
        ),
        ("{sessions: order, gap: 1 hour, at_most: 1}", "at most 1 visit of order, 1 hour apart"),
        (
            "{sessions: order, at_least: 2, within: 7 days, since: Signed Up}",
            "at least 2 visits of order, 30 minutes apart, in the 7 days after the first Signed Up",
        ),
        (
            "{distinct: order, property: category, at_least: 3, within: 7 days}",
            "at least 3 different values of category of order within 7 days",
        ),
        (
            "{distinct: order, property: category, at_most: 3}",
            "at most 3 different values of category of order",
        ),
        (
            "{returned: order, after: 60 days, within: 14 days}",
            "order within 14 days, 60 days or more after the one before",
        ),
        (
            "{total: order, property: revenue, as: average, at_least: 5, within: 7 days}",
            "the average revenue of order is at least 5 within 7 days",
        ),
        (
            "{total: order, property: revenue, as: max, at_most: 5}",
            "the greatest revenue of order is at most 5",
        ),
        ("{total: order, property: revenue, as: min, at_most: 5}", "the least revenue of order is at most 5"),
        (
            "{regular: order, per: 7 days, periods: 3, of_last: 4}",
            "at least 1 of order in 3 of the last 4 stretches of 7 days",
        ),
        ("{returned: order, after: 60 days}", "order, 60 days or more after the one before"),
    ],
)
def test_rule_is_said_in_words(rule: str, sentence: str) -> None:
    assert condition_of(policy_with(rule)).sentence == sentence


@pytest.mark.parametrize(
    "rule",
    [
        "{first: order, within: 7 days}",
        "{sessions: order, at_least: 1, within: 7 days}",
        "{distinct: order, property: category, at_least: 1, within: 7 days}",
    ],
)
def test_event_that_makes_it_hold_is_evidence_and_its_end_is_foretold(rule: str) -> None:
    policy = policy_with(rule)
    first = event(START, "Order Completed", category="hats")
    step = advance(policy, None, first)
    [evidence] = step.transitions[-1].evidence
    assert (evidence.observed, evidence.threshold, evidence.instants) == (1, 1, [AT])
    assert evidence.event_ids == [first.event_id]
    assert step.user.due == AT + 7 * DAY
    condition = condition_of(policy)
    assert condition.next_change(step.user, AT + 7 * DAY) == NEVER
    assert condition.observe(step.user, AT + 7 * DAY).observed == 0


def test_first_that_never_came_holds_never() -> None:
    policy = policy_with("{first: Signed Up, within: 7 days}")
    user = after(policy, (START, {}))
    condition = condition_of(policy)
    assert condition.holds(user, AT) is False
    assert condition.next_change(user, AT) == NEVER
    assert condition.observe(user, AT) == (0, 1, (), False)


def test_return_is_evidence_with_its_end() -> None:
    policy = policy_with("{returned: order, after: 60 days, within: 14 days}")
    condition = condition_of(policy)
    user = after(policy, (START, {}))
    assert condition.observe(user, AT) == (0, 1, [], False)
    assert condition.next_change(user, AT) == NEVER
    back = event("2026-04-01 10:00", "Order Completed")
    step = advance(policy, user, back)
    [evidence] = step.transitions[-1].evidence
    assert (evidence.observed, evidence.instants) == (1, [back.occurred_at])
    assert evidence.event_ids == [back.event_id]
    assert step.user.due == back.occurred_at + 14 * DAY


def test_return_of_somebody_who_never_came_does_not_hold() -> None:
    policy = policy_with("{returned: Signed Up, after: 60 days}")
    user = after(policy, (START, {}))
    assert condition_of(policy).holds(user, AT) is False
    assert condition_of(policy).next_change(user, AT) == NEVER


@pytest.mark.parametrize(
    ("figure", "expected"),
    [("sum", 304 * 305 / 2), ("average", 152.5), ("max", 304), ("min", 1)],
)
def test_figures_of_more_than_256_events_stay_right_in_all_time(figure: str, expected: float) -> None:
    policy = policy_with(f"{{total: order, property: revenue, as: {figure}, at_least: 1}}")
    events = [
        event(f"2026-01-01 10:{n // 60:02}:{n % 60:02}", "Order Completed", revenue=n) for n in range(1, 305)
    ]
    user: User | None = None
    for one in [*events[8:], *events[:8]]:  # what comes late is older than what is folded
        user = advance(policy, user, one).user
    assert user is not None
    assert condition_of(policy).observe(user, AT + DAY).observed == expected
    assert condition_of(policy).next_change(user, AT + DAY) == NEVER
    assert len(user.facts[0]) == 256


@pytest.mark.parametrize(("figure", "expected"), [("average", 152.5), ("max", 304), ("min", 1)])
def test_figures_of_more_than_256_events_stay_right_since_an_anchor(figure: str, expected: float) -> None:
    policy = policy_with(f"{{total: order, property: revenue, as: {figure}, at_least: 1, since: first_seen}}")
    user: User | None = None
    for n in range(1, 305):
        one = event(f"2026-01-01 10:{n // 60:02}:{n % 60:02}", "Order Completed", revenue=n)
        user = advance(policy, user, one).user
    assert user is not None
    assert condition_of(policy).observe(user, AT + DAY).observed == expected


def test_average_is_told_rounded_to_millionths_and_that_of_nothing_as_nothing() -> None:
    policy = policy_with("{total: order, property: revenue, as: average, at_least: 1, within: 7 days}")
    user = after(
        policy, (START, {"revenue": 1}), ("2026-01-01 11:00", {"revenue": 1}), (NOON, {"revenue": 0})
    )
    condition = condition_of(policy)
    assert condition.observe(user, AT + DAY).observed == 0.666667
    assert condition.observe(user, AT + 8 * DAY) == (None, 1, [], False)
    assert condition.next_change(user, AT + 8 * DAY) == NEVER


def test_regular_days_are_evidence_by_their_beginnings() -> None:
    policy = policy_with("{regular: order, per: 1 day, periods: 2, of_last: 3}")
    user = after(policy, (START, {}))
    back = event("2026-01-02 09:00", "Order Completed")
    [told] = advance(policy, user, back).transitions
    [evidence] = told.evidence
    midnights = [parse_instant("2026-01-02"), parse_instant("2026-01-01")]
    assert (evidence.observed, evidence.threshold, evidence.instants) == (2, 2, midnights)
    assert evidence.event_ids == [back.event_id]


def test_regular_that_nothing_can_change_any_more_names_no_instant() -> None:
    policy = policy_with("{regular: order, per: 1 day, periods: 2, of_last: 3}")
    user = after(policy, (START, {}))
    assert condition_of(policy).next_change(user, AT) == NEVER


def test_regular_that_would_have_to_look_far_ahead_looks_again_on_the_way() -> None:
    policy = policy_with("{regular: order, per: 1 hour, periods: 1, of_last: 100}")
    user = after(policy, (START, {}))
    condition = condition_of(policy)
    at, looks = AT, 0
    while (change := condition.next_change(user, at)) != NEVER:
        at, looks = change, looks + 1
    assert (at, looks) == (AT + 100 * HOUR, 3)


@pytest.mark.parametrize("window", ["within: 7 days", "since: first_seen"])
def test_orders_without_a_figure_are_passed_over_and_wrong_ones_are_told(window: str) -> None:
    policy = policy_with(f"{{total: order, property: revenue, as: max, at_least: 1, {window}}}")
    user = after(policy, (START, {"revenue": 5}), (NOON, {}))
    step = advance(policy, user, event("2026-01-01 13:00", "Order Completed", revenue="much"))
    assert step.bad_properties == ("segments.one.when",)
    assert condition_of(policy).observe(step.user, AT).instants == [AT]


def test_order_that_is_too_late_for_any_window_is_not_kept() -> None:
    policy = policy_with("{total: order, property: revenue, as: min, at_least: 1, within: 7 days}")
    user = after(policy, (START, {"revenue": 5}), ("2025-12-25 09:00", {"revenue": 0}))
    assert len(user.facts[0]) == 1


def test_order_that_comes_again_after_many_others_counts_once() -> None:
    policy = policy_with("{total: order, property: revenue, as: average, at_least: 1, within: 7 days}")
    orders = [event(f"2026-01-01 10:{n:02}", "Order Completed", revenue=n) for n in range(20)]
    user: User | None = None
    for one in [*orders, orders[0]]:  # its id is no longer among the last 16
        user = advance(policy, user, one).user
    assert user is not None
    assert len(user.facts[0]) == 20


def test_figure_in_a_window_whose_anchor_never_came_is_nothing() -> None:
    policy = policy_with("{total: order, property: revenue, as: max, at_least: 1, since: Signed Up}")
    user = after(policy, (START, {"revenue": 5}))
    assert condition_of(policy).observe(user, AT) == (None, 1, [], False)
