"""What a user keeps when the policy changes, and from when on the rest is complete."""

from __future__ import annotations

import msgspec
import pytest

from stage_models.advance import advance
from stage_models.events import Event
from stage_models.instants import DAY, HOUR, parse_instant
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.replay import Replay
from stage_models.user import NEVER, User, decode, encode

BEGIN = parse_instant("2026-01-01")


def policy_with(rule: str, version: int = 1) -> Policy:
    text = f"""
policy: shop
version: {version}
ladder: [{{stage: visitor, action: Say hello}}, {{stage: buyer, when: {{performed: Bought}}, action: Say thanks}}]
segments: [{{segment: asked, when: {rule}, action: Do something}}]
"""
    return load(text, "shop.yaml")


def bought(at: int) -> Event:
    return Event(user_id="u", event_id=f"e-{at}", occurred_at=at, name="Bought")


def user_of(policy: Policy, count: int, every_ms: int) -> User:
    """Somebody who bought so often, at such a distance."""
    replay = Replay(policy)
    for number in range(count):
        replay.feed(bought(BEGIN + number * every_ms))
    return replay.users["u"]


@pytest.mark.parametrize(
    ("old", "new", "count", "every_ms", "since"),
    [
        ("{performed: Bought, at_least: 2}", "{performed: Bought, at_least: 3}", 1, HOUR, None),
        (
            "{performed: Bought, at_least: 2}",
            "{performed: Bought, at_least: 3}",
            5,
            HOUR,
            BEGIN + 3 * HOUR + 1,
        ),
        (
            "{active_days: Bought, at_least: 2, within: 9 days}",
            "{active_days: Bought, at_least: 3, within: 9 days}",
            *(5, DAY, BEGIN + 3 * DAY),
        ),
        (
            "{declining: Bought, by: 50 %, within: 1 day, against: 2 days}",
            "{declining: Bought, by: 50 %, within: 1 day, against: 4 days}",
            *(9, DAY, BEGIN + 5 * DAY),
        ),
        (
            "{sessions: Bought, at_least: 2}",
            "{sessions: Bought, at_least: 300}",
            *(280, HOUR, BEGIN + 24 * HOUR + 1),
        ),
        (
            "{sessions: Bought, at_least: 2, since: first_seen}",
            "{sessions: Bought, at_least: 300, since: first_seen}",
            *(280, HOUR, NEVER),
        ),
        (
            "{performed: Bought, at_least: 2}",
            "{recent: Bought, last: 2, at_least: 1, where: {discount: {above: 0}}}",
            5,
            HOUR,
            BEGIN + 4 * HOUR + 1,
        ),
    ],
    ids=["all are kept", "newest", "days", "day counts", "visits", "visits since", "another fact"],
)
def test_fact_that_is_asked_deeper_is_complete_from_where_nothing_was_dropped(
    old: str, new: str, count: int, every_ms: int, since: int | None
) -> None:
    before, after = policy_with(old), policy_with(new, 2)
    user = user_of(before, count, every_ms)
    PolicyChange(before.shape, after).adopt(user, user.clock)
    assert {gap.before for gap in user.incomplete.values()} == ({since} if since is not None else set())


def test_what_was_incomplete_stays_so_through_the_next_change() -> None:
    first, second = (
        policy_with("{performed: Bought}"),
        policy_with("{distinct: Bought, property: colour, at_least: 2}", 2),
    )
    third = policy_with("{distinct: Bought, property: colour, at_least: 1}", 3)
    user = user_of(first, 3, HOUR)
    PolicyChange(first.shape, second).adopt(user, user.clock)
    user = decode("u", encode(user, second.shape.id))
    PolicyChange(second.shape, third).adopt(user, user.clock)
    assert [gap.before for gap in user.incomplete.values()] == [BEGIN + 2 * HOUR + 1]


def test_same_policy_in_another_shape_judges_nobody() -> None:
    policy = policy_with("{inactive: Bought, for: 1 day}")
    user = user_of(policy, 3, HOUR)
    before = encode(user, policy.shape.id)
    older = msgspec.structs.replace(policy.shape, facts=policy.shape.facts)
    assert PolicyChange(older, policy).adopt(user, BEGIN + 9 * DAY).transitions == []
    assert encode(user, policy.shape.id) == before


def test_user_of_whom_nobody_was_told_begins_where_the_history_puts_him() -> None:
    policy = policy_with("{performed: Bought, at_least: 2}")
    fresh = user_of(policy, 3, HOUR)
    told = PolicyChange(policy.shape, policy).replace(None, fresh).transitions
    assert [(one.kind, one.from_stage, one.to_stage, one.segment, one.sequence) for one in told] == [
        ("stage.changed", None, "buyer", None, 1),
        ("segment.entered", None, None, "asked", 2),
    ]
    assert {one.cause for one in told} == {"policy"}
    assert advance(policy, fresh, bought(BEGIN + DAY)).transitions == []
