"""Traits: the newest value by event time, for how long, and what is kept for it."""

from __future__ import annotations

from itertools import permutations
from typing import Any

import pytest

from stage_models.advance import advance
from stage_models.events import Event, Tick
from stage_models.facts import TraitValues
from stage_models.instants import format_instant, parse_instant
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.user import User


def _policy(rule: str, lateness: str = "2 hours") -> Policy:
    text = f"""
policy: traits
version: 1
late: {{allowed_lateness: {lateness}}}
ladder: [{{stage: signup, action: Welcome}}]
segments:
  - {{segment: held, when: {rule}, action: Say so}}
"""
    return load(text, "traits.yaml")


def _said(time: str, traits: dict[str, Any], *, is_active: bool = True, name: str | None = None) -> Event:
    at = parse_instant(f"2026-01-{time}Z")
    return Event(
        user_id="u",
        event_id=f"{time} {traits}",
        occurred_at=at,
        name=name,
        kind="identify",
        traits=traits,
        is_active=is_active,
    )


def _moves(policy: Policy, *arrivals: Event | str) -> list[str]:
    """`+01-01T10:00` for each entering of the segment, `-` for each leaving; a text is a tick."""
    user: User | None = None
    moves = []
    for arrival in arrivals:
        one = Tick(parse_instant(f"2026-01-{arrival}Z") + 1) if isinstance(arrival, str) else arrival
        step = advance(policy, user, one)
        user = step.user
        moves += [
            ("+" if told.kind == "segment.entered" else "-") + format_instant(told.effective_at)[5:16]
            for told in step.transitions
            if told.segment
        ]
    return moves


def test_newest_value_by_event_time_decides_also_when_it_comes_first() -> None:
    policy = _policy("{trait: plan, is: pro}")
    first, second = _said("01T10:00", {"plan": "pro"}), _said("02T10:00", {"plan": "free"})
    assert _moves(policy, first, second) == ["+01-01T10:00", "-01-02T10:00"]
    assert _moves(policy, second, first) == []


def test_values_come_with_events_of_any_name_and_with_those_that_are_no_activity() -> None:
    policy = _policy("{trait: seats, at_least: 10}")
    assert _moves(policy, _said("01T10:00", {"seats": 10}, name="Page Viewed")) == ["+01-01T10:00"]
    assert _moves(policy, _said("01T10:00", {"seats": 12.5}, is_active=False)) == ["+01-01T10:00"]
    assert _moves(policy, _said("01T10:00", {"seats": 9}, is_active=False)) == []


def test_value_must_compare_so_for_that_long_without_a_break() -> None:
    policy = _policy("{trait: plan, in: [pro, team], for: 5 days}")
    assert _moves(
        policy,
        _said("01T10:00", {"plan": "pro"}),
        _said("04T10:00", {"plan": "free"}),
        _said("04T11:00", {"plan": "pro"}),
        _said("06T11:00", {"plan": "team"}),
        "09T10:59",
        "09T11:00",
        _said("20T11:00", {"plan": "free"}),
    ) == ["+01-09T11:00", "-01-20T11:00"]


def test_late_value_breaks_what_time_began() -> None:
    policy = _policy("{trait: plan, is: pro, for: 5 days}", lateness="10 days")
    user: User | None = None
    told = []
    for one in (
        _said("01T10:00", {"plan": "pro"}),
        _said("03T10:00", {"plan": "pro"}),
        Tick(parse_instant("2026-01-06T10:00Z") + 1),
        _said("02T10:00", {"plan": "free"}),
        Tick(parse_instant("2026-01-08T10:00Z") + 1),
    ):
        step = advance(policy, user, one)
        user = step.user
        told += [
            (move.kind, move.cause, format_instant(move.effective_at)[8:16]) for move in step.transitions
        ]
    assert told[1:] == [
        ("segment.entered", "time", "06T10:00"),
        ("segment.left", "late", "06T10:00"),
        ("segment.entered", "time", "08T10:00"),
    ]


@pytest.mark.parametrize(
    "rule", ["{trait: plan, is_not: free, for: 2 days}", "{trait: plan, exists: false, for: 2 days}"]
)
def test_trait_that_was_never_there_counts_from_first_seen(rule: str) -> None:
    seen = _said("01T10:00", {"other": 1})
    assert _moves(_policy(rule), seen, "03T09:59", "03T10:00") == ["+01-03T10:00"]
    assert _moves(_policy("{trait: plan, is: pro, for: 2 days}"), seen, "03T10:00") == []


def test_silence_about_it_and_values_that_pass_are_one_stretch() -> None:
    policy = _policy("{trait: plan, is_not: free, for: 2 days}")
    moves = _moves(policy, _said("01T10:00", {"other": 1}), _said("02T10:00", {"plan": "pro"}), "03T10:00")
    assert moves == ["+01-03T10:00"]


def test_null_takes_the_trait_away_and_what_is_not_said_does_not() -> None:
    policy = _policy("{trait: plan, exists: true}")
    assert _moves(
        policy,
        _said("01T10:00", {"plan": "pro"}),
        _said("02T10:00", {"other": 1}),
        _said("03T10:00", {"plan": None}),
    ) == ["+01-01T10:00", "-01-03T10:00"]


def test_nested_traits_are_named_by_their_path() -> None:
    policy = _policy("{trait: company.seats, above: 5}")
    assert _moves(policy, _said("01T10:00", {"company": {"seats": 6}})) == ["+01-01T10:00"]
    assert _moves(policy, _said("01T10:00", {"company": {}})) == []


def test_value_of_the_wrong_type_is_told_and_does_not_compare() -> None:
    policy = _policy("{trait: seats, at_least: 10}")
    user = advance(policy, None, _said("01T10:00", {"seats": 10})).user
    step = advance(policy, user, _said("02T10:00", {"seats": "many"}))
    assert step.bad_properties == ("segments.held.when",)
    assert policy.segments_of(step.user) == []


@pytest.mark.parametrize(
    ("rule", "value", "observed", "threshold"),
    [
        ("{trait: seats, at_least: 10}", 12, 12, 10),
        ("{trait: seats, at_least: 10, below: 20}", 20, 20, "at least 10 and below 20"),
        ("{trait: plan, in: [pro, team]}", "pro" * 50, ("pro" * 50)[:100], "in pro, team"),
        ("{trait: plan, exists: true}", ["pro"], None, True),
    ],
)
def test_evidence_shows_the_value(rule: str, value: Any, observed: Any, threshold: Any) -> None:
    policy = _policy(rule)
    condition = policy.segments[0].latch.when
    before = condition.observe(policy.new_user("u"), 0)
    assert (before.observed, list(before.instants)) == (None, [])
    trait = "seats" if "seats" in rule else "plan"
    said = _said("01T10:00", {trait: value})
    user = advance(policy, None, said).user
    seen = condition.observe(user, user.clock)
    assert (seen.observed, seen.threshold, list(seen.instants)) == (observed, threshold, [user.clock])
    assert condition.counts(said, seen.instants)
    assert not condition.counts(_said("01T10:00", {"other": 1}), seen.instants)
    assert not condition.counts(_said("01T10:01", {trait: 1}), seen.instants)


def _kept(policy: Policy, arrivals: list[Event]) -> list[list[Any]]:
    (fact,) = policy.facts
    assert isinstance(fact, TraitValues)
    user = policy.new_user("u")
    for one in arrivals:
        fact.remember(user, one, int.from_bytes(one.digest(), "big"))
    kept: list[list[Any]] = user.facts[0]
    return kept


def test_order_of_arrival_inside_the_lateness_and_doubles_do_not_matter() -> None:
    policy = _policy("{trait: plan, is: pro, for: 1 hour}")
    values = ["pro", "free", "pro", "pro"]
    said = [_said(f"01T1{hour}:00", {"plan": value}) for hour, value in enumerate(values[:3])]
    found = [_kept(policy, [*order, *order]) for order in permutations(said)]
    assert all(one == found[0] for one in found)
    assert len(found[0]) == 3


def test_of_what_is_older_than_the_span_only_the_newest_is_kept() -> None:
    policy = _policy("{trait: plan, is: pro, for: 6 hours}")
    said = [_said(f"01T1{hour}:00", {"plan": "pro"}) for hour in range(8)]
    assert [format_instant(item[0])[11:13] for item in _kept(policy, said)] == [
        f"1{hour}" for hour in range(8)
    ]
    later = [*said, _said("02T00:30", {"plan": "pro"})]
    assert [format_instant(item[0])[8:13] for item in _kept(policy, later)] == ["01T16", "01T17", "02T00"]
    assert _kept(policy, [*later, *said]) == _kept(policy, later), "what was forgotten changes nothing"


def test_of_many_values_only_changes_are_kept_where_they_are_settled() -> None:
    policy = _policy("{trait: plan, is: pro, for: 6 hours}")
    said = [_said(f"01T10:{minute:02}", {"plan": "free" if minute < 2 else "pro"}) for minute in range(32)]
    assert len(_kept(policy, said)) == 32
    kept = _kept(policy, [*said, _said("01T13:00", {"plan": "pro"})])
    assert [format_instant(item[0])[11:16] for item in kept] == ["10:00", "10:02", "13:00"]


def test_value_that_comes_very_late_between_two_alike_counts_for_its_own_time() -> None:
    policy = _policy("{trait: plan, is: pro, for: 10 hours}", lateness="30 minutes")
    user = None
    for hour, plan in ((0, "pro"), (2, "pro"), (14, "pro"), (1, "free")):
        user = advance(policy, user, _said(f"01T{hour:02}:00", {"plan": plan})).user
    assert user is not None
    [latch] = policy.latches
    assert latch.when.holds(user, user.clock), "pro since 02:00; of the changes alone it would be since 14:00"


def test_without_for_only_the_newest_is_kept() -> None:
    policy = _policy("{trait: plan, is: pro}")
    said = [_said(f"01T1{hour}:00", {"plan": "pro"}) for hour in range(3)]
    assert [format_instant(item[0])[11:13] for item in _kept(policy, said[::-1])] == ["12"]
