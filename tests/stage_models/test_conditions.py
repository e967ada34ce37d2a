"""What conditions say of themselves: sentences, evidence, the next change."""

from __future__ import annotations

from typing import Any

import pytest

from stage_models.advance import advance
from stage_models.conditions import Condition
from stage_models.instants import DAY, parse_instant
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.testing import event
from stage_models.user import NEVER, User

START = "2026-01-01 10:00"
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
    assert condition.observe(user, AT) == (0, 1, [], False)


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
