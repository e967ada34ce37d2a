from __future__ import annotations

import random
from itertools import pairwise, permutations

from stage_models.events import Event
from stage_models.facts.visits import join
from stage_models.instants import DAY, HOUR, MINUTE
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.user import User

GAP = 30


def visits(instants: list[int]) -> list[list[int]]:
    items: list[list[int]] = []
    for at in instants:
        join(items, at, GAP)
    return items


def obvious(instants: list[int]) -> list[list[int]]:
    """Visits as they are defined, from all events in order."""
    found: list[list[int]] = []
    for before, at in pairwise([-1000, *sorted(instants)]):
        if at - before >= GAP:
            found.append([at, 0])
        found[-1][1] = at - found[-1][0]
    return found


def test_visits_do_not_depend_on_the_order_of_events() -> None:
    instants = [0, 20, 50, 80, 79, 109]
    assert {str(visits(list(order))) for order in permutations(instants)} == {str(obvious(instants))}


def test_visits_are_those_that_all_events_show_and_doubles_change_nothing() -> None:
    dice = random.Random(7)  # noqa: S311  # a seed repeats a failure
    for _ in range(300):
        instants = [dice.randrange(600) for _ in range(dice.randrange(1, 25))]
        assert visits(instants) == obvious(instants)
        assert visits(instants * 2) == obvious(instants)


def policy_with(rule: str) -> Policy:
    text = f"""
policy: shop
version: 1
ladder: [{{stage: base, action: x}}, {{stage: one, when: {rule}, action: y}}]
"""
    return load(text, "shop.yaml")


def remember(policy: Policy, instants: list[int], name: str = "Opened", user: User | None = None) -> User:
    """What these events leave in the facts; nobody is judged."""
    user = user or policy.new_user("u")
    for at in instants:
        user.first_seen = min(user.first_seen, at)
        event = Event(user_id="u", event_id=f"{name} {at}", occurred_at=at, name=name)
        for touch in policy.facts_of(name):
            touch.remember(user, event, int.from_bytes(event.digest(), "big"))
    return user


def test_visits_that_can_no_longer_count_are_forgotten() -> None:
    policy = policy_with("{sessions: Opened, at_least: 2, within: 1 day}")
    user = remember(policy, [hour * HOUR for hour in range(100)])
    reach = DAY + 30 * MINUTE + 10 * MINUTE  # window, gap and allowed lateness
    kept = [[at * HOUR, 0] for at in range(100) if at * HOUR > 99 * HOUR - reach]
    assert user.facts == {0: kept}
    assert remember(policy, [5 * HOUR + 1], user=user).facts == {0: kept}  # late, and too old to join any


def test_visits_of_all_time_are_bounded_by_256_or_what_the_rules_ask() -> None:
    instants = [hour * HOUR for hour in range(400)]
    few = remember(policy_with("{sessions: Opened, at_least: 2}"), instants)
    assert few.facts[0] == [[at, 0] for at in instants[-256:]]
    both = "{any: [{sessions: Opened, at_least: 2}, {sessions: Opened, at_least: 300}]}"
    assert [len(fact) for fact in remember(policy_with(both), instants).facts.values()] == [300]


def test_visits_since_an_anchor_keep_what_may_come_to_count() -> None:
    policy = policy_with("{sessions: Opened, at_least: 2, within: 1 day, since: Signed Up}")
    user = remember(policy, [minute * MINUTE for minute in range(0, 200, 35)])
    assert user.facts[1] == [[at * MINUTE, 0] for at in (140, 175)]  # lateness and gap before the newest
    remember(policy, [160 * MINUTE], "Signed Up", user)
    remember(policy, [300 * MINUTE, DAY + 150 * MINUTE, DAY + 165 * MINUTE, DAY + 195 * MINUTE], user=user)
    last = [DAY + 150 * MINUTE, 10 * MINUTE]  # goes on behind the window; cut at its end
    assert user.facts[1] == [*([at * MINUTE, 0] for at in (140, 175, 300)), last]
    remember(policy, [DAY + 160 * MINUTE, 9 * DAY], user=user)
    assert user.facts[1][-1] == last


def test_visits_since_an_anchor_are_bounded_and_the_oldest_count() -> None:
    one, other = (f"{{sessions: Opened, at_least: {least}, since: first_seen}}" for least in (2, 300))
    instants = [hour * HOUR for hour in range(400)]
    user = remember(policy_with(f"{{any: [{one}, {other}]}}"), instants)
    assert user.facts == {0: [[at, 0] for at in instants[:300]]}


def test_anchor_that_moves_behind_all_visits_forgets_them() -> None:
    policy = policy_with("{sessions: Opened, at_least: 2, within: 1 day, since: Signed Up}")
    user = remember(policy, [0], "Signed Up")
    remember(policy, [DAY + 10 * MINUTE], user=user)
    assert user.facts[1] == []
