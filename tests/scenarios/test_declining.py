"""Use that becomes rarer, compared over whole local days."""

from __future__ import annotations

from typing import Any

import pytest

from stage_models.conditions.declining import Declining
from stage_models.explain import Answer, explain
from stage_models.facts import DayCounts
from stage_models.instants import parse_instant
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.terms import Duration
from stage_models.testing import event
from stage_models.testing import scenario as play
from stage_models.user import User
from tests.scenarios.conftest import Scenario

RARER = """
policy: rarer
version: 1
time_zone: Europe/Berlin
events: {order: [Order Completed]}
ladder: [{stage: signup, action: Welcome}]
segments:
  - segment: declining
    when: {declining: order, by: 50 %, within: 2 days, against: 4 days}
    action: Ask what is missing
"""


def test_half_as_often_is_declining_from_the_first_instant_of_a_local_date(scenario: Scenario) -> None:
    scenario(
        RARER,
        """
        time              event            segments   effective
        2026-01-01 10:00  Order Completed  -          2026-01-01 10:00
        2026-01-02 10:00  Order Completed  -          -
        2026-01-03 10:00  Order Completed  -          -
        2026-01-04 10:00  Order Completed  -          -
        2026-01-05 10:00  Order Completed  -          -
        2026-01-06 22:59  -                -          -                 not known for six days yet
        2026-01-06 23:00  -                declining  2026-01-06 23:00  one in two days, after four in four
        2026-01-07 10:00  Order Completed  declining  -                 today does not count yet
        2026-01-08 23:00  -                -          2026-01-08 23:00  one in two days, but then only two in four
        """,
    )


def test_nothing_before_is_no_decline_and_nothing_lately_is_one(scenario: Scenario) -> None:
    scenario(
        RARER,
        """
        time              event            moves       effective
        2026-01-01 10:00  Signed Up        >signup     2026-01-01 10:00
        2026-01-10 10:00  Order Completed  -           -
        2026-01-12 22:59  -                -           -
        2026-01-12 23:00  -                +declining  2026-01-12 23:00   the order is older than two days
        2026-01-16 22:59  -                -           -
        2026-01-16 23:00  -                -declining  2026-01-16 23:00   and older than six
        """,
    )


def test_late_event_counts_on_its_own_day(scenario: Scenario) -> None:
    scenario(
        RARER,
        """
        time              event            moves       cause  effective         corrects
        2026-01-01 10:00  Signed Up        >signup     event  2026-01-01 10:00  -
        2026-01-10 10:00  Order Completed  -           -      -                 -
        2026-01-12 23:00  -                +declining  time   2026-01-12 23:00  -
        2026-01-12 12:00  Order Completed  -declining  late   2026-01-12 23:00  2
        """,
    )


def _user(policy: Policy, times: list[str]) -> User:
    user = policy.new_user("u")
    for number, time in enumerate(times):
        one = event(time, "Order Completed", f"e{number}")
        user.first_seen = min(user.first_seen, one.occurred_at)
        policy.facts[0].remember(user, one, int.from_bytes(one.digest(), "big"))
    return user


def _answer(policy: Policy, user: User, at: str) -> Answer:
    when = explain(policy, user, parse_instant(at)).memberships[-1].when
    assert when is not None
    return when


def test_evidence_says_how_many_a_day_there_were_and_how_many_it_would_take() -> None:
    policy = load(RARER, "rarer.yaml")
    table = "time              event\n" + "\n".join(
        f"2026-01-{day:02d} 10:00  Order Completed" for day in (1, 2, 3, 4, 5, 7)
    )
    user = play(policy, table)
    seen = _answer(policy, user, "2026-01-07T12:00Z")
    assert seen.condition == "order down by at least 50 % over 2 days against the 4 days before"
    assert (seen.observed, seen.threshold, seen.approximate) == (0.5, 0.5, False)
    assert len(seen.instants) == 5
    assert seen.next_change == parse_instant("2026-01-07T23:00Z")
    condition = policy.segments[0].latch.when
    assert condition.counts(event("2026-01-05 10:00", "Order Completed"), seen.instants)
    assert not condition.counts(event("2026-01-07 10:00", "Order Completed"), seen.instants)
    assert not condition.counts(event("2026-01-05 10:00", "Page Viewed"), seen.instants)


def test_counts_are_the_same_in_any_order_and_doubles_change_nothing() -> None:
    policy = load(RARER, "rarer.yaml")
    times = [f"2026-01-{day:02d} {hour}:00" for day in range(1, 9) for hour in (10, 15)]
    user, doubled = _user(policy, times), _user(policy, times)
    digests = {f"e{number}": time for number, time in enumerate(times)}
    for event_id, time in reversed(digests.items()):
        again = event(time, "Order Completed", event_id)
        assert policy.facts[0].remember(doubled, again, int.from_bytes(again.digest(), "big")) == 0
    backwards = policy.new_user("u")
    for event_id, time in reversed(digests.items()):
        one = event(time, "Order Completed", event_id)
        policy.facts[0].remember(backwards, one, int.from_bytes(one.digest(), "big"))
    assert user.facts == doubled.facts == backwards.facts
    assert len(user.facts[0]) == 7, "today and six days before"


def test_past_the_cap_the_oldest_dates_only_count() -> None:
    policy = load(RARER, "rarer.yaml")
    times = [f"2026-01-0{day} 10:{minute:02d}" for day in range(1, 8) for minute in range(50)]
    user = _user(policy, times)
    counts = [item[1] + len(item) - 2 for item in user.facts[0]]
    assert counts == [50] * 7
    assert sum(len(item) - 2 for item in user.facts[0]) == 256
    assert [item[1] for item in user.facts[0]] == [50, 44, 0, 0, 0, 0, 0]
    user.clock = user.stage = user.stage_since = 0
    assert _answer(policy, user, "2026-01-07T12:00Z").approximate


def test_rules_share_the_deepest_fact() -> None:
    other = RARER + (
        "  - {segment: slow, when: {declining: order, by: 12.5%, within: 7 days, against: 30 days}, action: x}\n"
    )
    (fact,) = load(other, "f").facts
    assert isinstance(fact, DayCounts)
    assert fact.depth == 37


@pytest.mark.parametrize(("by", "share"), [("60 %", 6000), ("60%", 6000), ("12.5 %", 1250), ("0.25 %", 25)])
def test_share_is_read_to_the_hundredth_of_a_percent(by: str, share: int) -> None:
    keys: dict[str, Any] = {"within": Duration("1 day"), "against": Duration("1 day")}
    assert Declining(declining="x", by=by, **keys).share == share
