from __future__ import annotations

import random
from typing import Any

import pytest

from stage_models.event_sets import EventSet
from stage_models.events import Event
from stage_models.facts.fact import BAD_PROPERTY, CHANGED, UNCHANGED
from stage_models.facts.values import Values, hash_of
from stage_models.user import User

ORDERS = EventSet("orders", frozenset({"Order"}), frozenset(), [])


def fact(depth: int) -> Values:
    values = Values(ORDERS, "item", depth)
    values.index = 0
    return values


def remember(values: Values, user: User, at: int, value: Any) -> int:
    event = Event(user_id="u", event_id=f"{at}", occurred_at=at, name="Order", properties={"item": value})
    return values.remember(user, event, at)


def test_a_text_a_number_and_a_truth_are_different_but_one_is_one_point_zero() -> None:
    assert len({hash_of(value) for value in ("1", 1, True, 1.5, "True", False, 0)}) == 7
    assert hash_of(1) == hash_of(1.0)


@pytest.mark.parametrize("value", [["hats"], {"name": "hats"}])
def test_lists_and_mappings_are_no_values(value: Any) -> None:
    assert remember(fact(2), User("u"), 1, value) == BAD_PROPERTY


def test_property_that_is_not_there_is_passed_over() -> None:
    assert remember(fact(2), User("u"), 1, None) == UNCHANGED


def test_doubles_and_older_events_of_a_value_change_nothing() -> None:
    values, user = fact(2), User("u")
    assert remember(values, user, 5, "hats") == CHANGED
    assert remember(values, user, 5, "hats") == UNCHANGED
    assert remember(values, user, 4, "hats") == UNCHANGED
    assert user.facts == {0: [[5, hash_of("hats")]]}


def test_values_that_came_last_are_kept_whatever_the_order() -> None:
    dice = random.Random(3)  # noqa: S311  # a seed repeats a failure
    for _ in range(200):
        events = [(dice.randrange(50), dice.choice("abcdef")) for _ in range(20)]
        newest = {value: max(at for at, of in events if of == value) for _, value in events}
        expected = sorted([at, hash_of(value)] for value, at in newest.items())[-3:]
        values, user = fact(3), User("u")
        for at, value in events:
            remember(values, user, at, value)
        assert user.facts == {0: expected}


def test_rules_share_the_deepest() -> None:
    shared = fact(2)
    shared.deepen(fact(5))
    shared.deepen(fact(3))
    assert shared.depth == 5
    assert shared.key == fact(1).key
