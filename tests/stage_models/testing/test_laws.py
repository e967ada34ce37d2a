"""The laws hold for the shipped policies; each notices what breaks it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import count
from pathlib import Path

import msgspec
import pytest

from stage_models.advance import Step, advance
from stage_models.conditions.inactive import InactiveFor
from stage_models.events import Event, Tick
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.testing import laws
from stage_models.testing.histories import history
from stage_models.testing.laws import LAWS, LawBrokenError, hold_laws
from stage_models.transitions import Transition
from stage_models.user import NEVER, User, decode

ROOT = Path(__file__).parents[3]
POLICIES = [
    *sorted((ROOT / "policies").glob("*.yaml")),
    *sorted((ROOT / "examples/behaviours").glob("*.yaml")),
]
SHOP = """
policy: shop
version: 1
events: {order: [Order Completed]}
ladder:
  - {stage: visitor, action: Welcome}
  - {stage: buyer, when: {performed: order, at_least: 2, within: 7 days}, action: Thank them}
  - {stage: gone, lapsed: true, when: {inactive: order, for: 3 days}, action: Ask why}
segments:
  - {segment: first, when: {first: order, within: 2 days}, action: Say hello}
  - {segment: again, when: {performed: order, at_most: 1, within: 2 days}, action: Ask them back}
"""


def broken(law: str) -> list[str]:
    """What one law says of the shop's first histories."""
    policy = load(SHOP, "shop.yaml")
    found = (LAWS[law](policy, history(policy, seed)) for seed in range(20))
    return [complaint for complaint in found if complaint]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_laws_hold_for_each_policy_of_the_repository(path: Path) -> None:
    hold_laws(load(path.read_text(encoding="utf-8"), path.name), histories=20)


def test_instant_that_is_missed_is_noticed_and_shown_with_few_events(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(InactiveFor, "next_change", lambda self, user, at: NEVER)
    assert broken("the next instant is not missed")
    with pytest.raises(LawBrokenError) as caught:
        hold_laws(load(SHOP, "shop.yaml"))
    first, complaint, *rows = str(caught.value).splitlines()
    assert first.startswith("policy shop: the law does not hold that the next instant is not missed (seed ")
    assert complaint.startswith("gone turns at ")
    assert len(rows) <= 3


def test_state_that_is_lost_in_a_restart_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def forget(user_id: str, stored: bytes) -> User:
        user = decode(user_id, stored)
        user.facts.clear()
        return user

    monkeypatch.setattr(laws, "decode", forget)
    assert broken("replay equals live")


def test_tick_that_leaves_a_trace_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    def trace(policy: Policy, user: User | None, arrival: Event | Tick) -> Step:
        step = advance(policy, user, arrival)
        step.user.offset += isinstance(arrival, Tick)
        return step

    monkeypatch.setattr(laws, "advance", trace)
    assert broken("more ticks change nothing")


def test_event_that_counts_twice_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    numbers = count()

    def as_new(policy: Policy, user: User | None, arrival: Event | Tick) -> Step:
        if isinstance(arrival, Event):
            arrival = msgspec.structs.replace(arrival, event_id=f"{next(numbers)}")
        return advance(policy, user, arrival)

    monkeypatch.setattr(laws, "advance", as_new)
    assert broken("repeats change nothing")


def renumber(told: list[Transition]) -> None:
    for move in told:
        move.sequence *= 2


def go_back(told: list[Transition]) -> None:
    for move in told:
        move.effective_at = -move.effective_at


def forget_where_from(told: list[Transition]) -> None:
    for move in told:
        move.from_stage = "nowhere"


def always_enter(told: list[Transition]) -> None:
    for move in told:
        if move.kind == "segment.left":
            move.kind = "segment.entered"


@pytest.mark.parametrize("spoil", [renumber, go_back, forget_where_from, always_enter])
def test_moves_that_do_not_follow_each_other_are_noticed(
    spoil: Callable[[list[Transition]], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoiled(policy: Policy, user: User | None, arrival: Event | Tick) -> Step:
        step = advance(policy, user, arrival)
        spoil(step.transitions)
        return step

    monkeypatch.setattr(laws, "advance", spoiled)
    assert broken("moves follow each other")
