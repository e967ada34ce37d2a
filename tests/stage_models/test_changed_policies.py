"""A policy change, where random policies do not lead."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from stage_models.advance import advance
from stage_models.events import Event, Tick
from stage_models.explain import explain
from stage_models.instants import DAY, HOUR
from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.transitions import Transition
from stage_models.user import User
from tests.laws.live import apply, compiled, told_by
from tests.laws.test_shape import segments_do_not_alternate, stages_do_not_chain
from tests.laws.test_spans import policy_of

BASE: dict[str, Any] = {"stage": "base", "action": "Say hello"}
VIP: dict[str, Any] = {"when": {"performed": "Alpha"}, "action": "Say thanks"}


def one_of(version: int, ladder: list[Any], segments: list[Any]) -> Policy:
    return compiled({**policy_of({}, "UTC"), "version": version, "ladder": ladder, "segments": segments})


def event(at: int, name: str = "Alpha", traits: dict[str, Any] | None = None, **properties: Any) -> Event:
    return Event(
        user_id="u",
        event_id=f"{name} {at}",
        occurred_at=at,
        name=name,
        properties=properties,
        traits=traits or {},
    )


def changed(old: Policy, new: Policy, events: list[Event]) -> tuple[User, list[Transition]]:
    user, steps = apply(old, events)
    return user, told_by([*steps, PolicyChange(old.shape, new).adopt(user, user.clock)])


def moves(told: list[Transition]) -> list[str]:
    return [one.segment or f"{one.from_stage}>{one.to_stage}" for one in told]


@pytest.mark.parametrize("is_segment_later", [True, False])
def test_stage_and_segment_of_one_name_are_different_things(is_segment_later: bool) -> None:
    has_stage: tuple[list[Any], list[Any]] = [BASE, {"stage": "vip", **VIP}], []
    has_segment: tuple[list[Any], list[Any]] = [BASE], [{"segment": "vip", **VIP}]
    before, after = (has_stage, has_segment) if is_segment_later else (has_segment, has_stage)
    old, new = one_of(1, *before), one_of(2, *after)
    user, told = changed(old, new, [event(1)])
    assert moves(told[-2:]) == (["vip>base", "vip"] if is_segment_later else ["vip", "base>vip"])
    assert (told[-1].stage, told[-1].segments) == (new.stage_of(user), new.segments_of(user))


def test_who_cannot_be_judged_is_told_where_he_is_all_the_same() -> None:
    gone = [{"segment": "gone", **VIP}, {"segment": "kept", **VIP}]
    old = one_of(1, [BASE, {"stage": "a", **VIP}, {"stage": "b", **VIP}], gone)
    new = one_of(2, [BASE, {"stage": "a", **VIP}], gone[1:])
    user, steps = apply(old, [event(1)])
    step = PolicyChange(old.shape, new).take_over(user)
    assert moves(step.transitions) == ["gone", "b>a"]
    assert (new.stage_of(user), new.segments_of(user)) == ("a", ["kept"])
    told = told_by([*steps, step, advance(new, user, Tick(DAY))])
    assert not stages_do_not_chain(told)
    assert not segments_do_not_alternate(told)
    assert len(told) == 5
    assert PolicyChange(new.shape, new).take_over(user).transitions == []


@pytest.mark.parametrize(
    "rule",
    [
        {"total": "Alpha", "property": "amount", "at_least": 3, "within": "7 days"},
        {"total": "Alpha", "property": "amount", "at_least": 3, "within": "7 days", "since": "Alpha"},
        {"performed": "Alpha", "at_least": 2, "within": "7 days", "since": "first_seen"},
        {"sessions": "Alpha", "at_least": 2, "within": "7 days"},
        {"sessions": "Alpha", "at_least": 2, "within": "7 days", "since": "Alpha"},
        {"sequence": ["Alpha", "Alpha"], "within": "7 days"},
        {"trait": "plan", "is": "pro"},
        {"trait": "plan", "is": "pro", "for": "2 hours"},
    ],
)
def test_rule_keeps_its_memory_when_the_allowed_lateness_changes(rule: dict[str, Any]) -> None:
    old = compiled({**policy_of(rule, "UTC"), "late": {"allowed_lateness": "1 hour"}})
    new = compiled({**policy_of(rule, "UTC"), "version": 2, "late": {"allowed_lateness": "2 days"}})
    events = [event(at * HOUR, amount=2, traits={"plan": "pro"}) for at in (1, 4)]
    user, told = changed(old, new, events)
    assert PolicyChange(old.shape, new).starts_anew == []
    assert (user.incomplete, moves(told)) == ({}, moves(told_by(apply(old, events)[1])))
    assert new.segments_of(user) == ["held"]


@pytest.mark.parametrize(
    ("asks", "asks_less"),
    [
        (
            {"recent": "Alpha", "last": 3, "at_least": 2, "where": {"amount": {"above": 1}}},
            {"recent": "Alpha", "last": 2, "at_least": 1, "where": {"amount": {"above": 1}}},
        ),
        (
            {"performed": "Alpha", "at_least": 4, "since": "first_seen"},
            {"performed": "Alpha", "at_least": 2, "since": "first_seen"},
        ),
    ],
)
def test_rule_that_asks_for_fewer_keeps_its_memory(asks: dict[str, Any], asks_less: dict[str, Any]) -> None:
    old, new = compiled(policy_of(asks, "UTC")), compiled({**policy_of(asks_less, "UTC"), "version": 2})
    assert PolicyChange(old.shape, new).starts_anew == []
    assert PolicyChange(new.shape, old).starts_anew == ["segments.held.when"]
    user, told = changed(old, new, [event(at, amount=at) for at in (0, 1, 2)])
    assert moves(told) == ["None>base", "held"]
    assert not user.incomplete


def test_trait_that_came_late_proves_nothing_about_what_came_after_it() -> None:
    rule = {"trait": "plan", "is": "pro", "for": "5 hours"}
    old = compiled({**policy_of({"performed": "Alpha"}, "UTC")})
    new = compiled({**policy_of(rule, "UTC"), "version": 2})
    user, _ = changed(old, new, [event(0, traits={"plan": "pro"}), event(2 * HOUR, traits={"plan": "free"})])
    for at in (3, 1):  # the second comes late
        advance(new, user, event(at * HOUR, "Delta", traits={"plan": "pro"}))
    held = new.heeding(user).segment_latches[0].when
    assert [held.holds(user, at * HOUR) for at in (6, 7, 8)] == [None, None, True]


def test_explanation_heeds_what_is_undecided() -> None:
    old = compiled(policy_of({"performed": "Delta"}, "UTC"))
    new = compiled(
        {**policy_of({"performed": "Alpha", "at_most": 1, "within": "1 day"}, "UTC"), "version": 2}
    )
    user, _ = changed(old, new, [event(0), event(2 * DAY)])
    [_, held] = explain(new, user, user.clock).memberships
    assert held.when is not None
    assert (held.when.holds, held.when.next_change) == (None, 3 * DAY)


def test_history_that_ends_before_what_was_told_lets_time_act_until_there() -> None:
    policy = compiled(policy_of({"inactive": "Alpha", "for": "1 day"}, "UTC"))
    told, before = apply(policy, [event(0), Tick(2 * DAY)])
    fresh, _ = apply(policy, [event(0)])
    step = PolicyChange(policy.shape, policy).replace(told, fresh)
    assert step.transitions == []
    after = advance(policy, step.user, Tick(9 * DAY)).transitions
    assert moves(told_by([*before, step])) == ["None>base", "held"]
    assert after == []


def test_when_a_stage_was_left_is_undecided_until_it_is_too_long_ago() -> None:
    ladder = [
        BASE,
        {"stage": "vip", "when": {"performed": "Alpha", "within": "1 day"}, "action": "Say thanks"},
    ]
    held = {"segment": "held", "action": "Do something"}
    old = one_of(1, ladder, [{**held, "when": {"reached": "vip"}}])
    new = one_of(2, ladder, [{**held, "when": {"reached": "vip", "within": "2 days"}}])
    assert PolicyChange(old.shape, new).starts_anew == ["segments.held.when"]
    user, steps = apply(old, [event(0), event(4 * DAY), Tick(6 * DAY)])
    step = PolicyChange(old.shape, new).adopt(user, 6 * DAY)
    assert new.segments_of(user) == ["held"]  # left vip some time before the clock, 5 days
    ended = advance(new, user, Tick(8 * DAY)).transitions
    assert [(one.segment, one.effective_at) for one in ended] == [("held", 7 * DAY)]
    again = advance(new, user, event(9 * DAY)), advance(new, user, Tick(20 * DAY))
    assert [one.effective_at for one in told_by(again) if one.segment] == [9 * DAY, 12 * DAY]
    told = told_by([*steps, step]) + ended + told_by(again)
    assert not segments_do_not_alternate(told)


def test_same_policy_that_remembers_otherwise_is_looked_at_when_it_is_decided() -> None:
    policy = compiled(
        policy_of({"total": "Alpha", "property": "amount", "at_least": 3, "within": "2 days"}, "UTC")
    )
    user, _ = apply(policy, [event(0, amount=9), event(DAY, amount=9)])
    assert policy.segments_of(user) == ["held"]
    older = msgspec.structs.replace(policy.shape, facts=[])
    assert PolicyChange(older, policy).adopt(user, 9 * DAY).transitions == []
    told = advance(policy, user, Tick(9 * DAY)).transitions
    assert [(one.kind, one.effective_at) for one in told] == [("segment.left", 3 * DAY)]
