"""Users whom an earlier policy stored: adopted once, in rounds, before anything else happens to them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from structlog.testing import capture_logs

from stage_models.instants import parse_instant
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.user import decode, shape_of, stage_of
from streams.codec.stored import Position, stored_user, waiting
from streams.engine.partition import Partition
from streams.engine.policy_changes import changes_to
from streams.engine.recovery import Recovered
from tests.streams.engine.conftest import POLICY, Feed, MakeRecord

AFTER = POLICY.replace("version: 1", "version: 2").replace("for: 14 days", "for: 10 days")
NOON = "2026-01-0{}T12:00:00Z"

Make = Callable[..., Partition]


@pytest.fixture
def later() -> Policy:
    return load(AFTER, "small.yaml")


@pytest.fixture
def stored(make_partition: Make, record: MakeRecord, feed: Feed) -> tuple[dict[str, bytes], dict[str, Any]]:
    """Three users as the earlier policy wrote them, and what they still have to tell."""
    partition = make_partition()
    for number, user_id in enumerate(("ada", "bo", "cy"), 1):
        feed(partition, record(number, user_id, NOON.format(number)))
    values = dict(partition.snapshot().users)
    users = {user_id: stored_user(value) for user_id, value in values.items()}
    return users, {user_id: waiting(value) for user_id, value in values.items()}


def resumed(
    make_partition: Make,
    policy: Policy,
    later: Policy,
    users: dict[str, bytes],
    untold: dict[str, Any],
    **given: Any,
) -> Partition:
    partition = make_partition(policy=later, **given)
    changes = {policy.shape.id: PolicyChange(policy.shape, later)}
    partition.resume(users, 4, parse_instant(NOON.format(5)), untold, changes)
    return partition


def test_strangers_are_adopted_in_rounds(
    make_partition: Make, policy: Policy, later: Policy, stored: tuple[dict[str, bytes], dict[str, Any]]
) -> None:
    partition = resumed(make_partition, policy, later, stored[0], {})
    assert partition.stage_counts == [0, 0, 0, 0, 0]
    assert (partition.adopt(2), partition.has_strangers) == (2, True)
    assert (partition.adopt(2), partition.has_strangers) == (1, False)
    assert partition.adopt(2) == 0
    assert partition.stage_counts == [0, 3, 0, 0, 0]
    assert len(partition.dues) == 3
    assert {shape_of(one) for one in partition.users.values()} == {later.shape.id}
    assert len(partition.snapshot().users) == 3


def test_what_was_not_told_is_told_again_with_the_user_as_he_is_now(
    make_partition: Make, policy: Policy, later: Policy, stored: tuple[dict[str, bytes], dict[str, Any]]
) -> None:
    users, untold = stored
    partition = resumed(make_partition, policy, later, users, {"bo": untold["bo"]})
    [tale] = partition.snapshot().tales
    assert tale.user_id == "bo"
    assert tale.waiting == untold["bo"]
    assert tale.current is not None
    assert msgspec.json.decode(tale.current)["stage"] == "active"
    assert partition.adopt(10) == 2


def test_what_comes_before_the_watermark_is_told_with_cause_policy_and_later_with_cause_time(
    make_partition: Make, policy: Policy, later: Policy, stored: tuple[dict[str, bytes], dict[str, Any]]
) -> None:
    partition = resumed(make_partition, policy, later, stored[0], {})
    partition.watermark = parse_instant(
        "2026-01-12T12:00:00Z"
    )  # ada is silent for more than 10 days, bo just not
    partition.adopt(10)
    told = {transition.user_id: transition for transition, _ in partition.notes.told}
    assert set(told) == {"ada"}
    assert (told["ada"].cause, told["ada"].effective_at) == ("policy", parse_instant("2026-01-11T12:00:00Z"))
    partition.tick(parse_instant("2026-01-12T12:00:01Z"), 10)
    told = {transition.user_id: transition for transition, _ in partition.notes.told}
    assert (told["bo"].cause, told["bo"].effective_at) == ("time", parse_instant("2026-01-12T12:00:00Z"))


def test_rule_that_raises_costs_its_judgement_only(
    make_partition: Make,
    policy: Policy,
    later: Policy,
    stored: tuple[dict[str, bytes], dict[str, Any]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    partition = resumed(make_partition, policy, later, stored[0], {})

    def raises(*_: object) -> None:
        raise ArithmeticError

    with monkeypatch.context() as patch:
        patch.setattr(PolicyChange, "adopt", raises)
        partition.adopt(10)
    assert partition.notes.dead["rule_error"] == 3
    assert [stage_of(one) for one in partition.users.values()] == [1, 1, 1]
    assert partition.stage_counts == [0, 3, 0, 0, 0]
    while partition.tick(parse_instant("2026-01-30T12:00:00Z"), 10):
        pass
    assert partition.stage_counts == [0, 0, 0, 3, 0]


def test_adopted_user_who_grew_too_large_stays_as_an_earlier_policy_stored_him(
    make_partition: Make, policy: Policy, later: Policy, stored: tuple[dict[str, bytes], dict[str, Any]]
) -> None:
    users, untold = stored
    before = dict(users)
    partition = resumed(make_partition, policy, later, users, untold, state_limit_bytes=10)
    partition.adopt(10)
    batch = partition.snapshot()
    assert (batch.users, batch.quarantined) == ([], ["ada", "bo", "cy"])
    assert partition.users == before
    assert {tale.user_id: (tale.waiting, tale.current) for tale in batch.tales} == {
        user_id: (news, None) for user_id, news in untold.items()
    }
    assert partition.stage_counts == [0, 0, 0, 0, 0]
    put = resumed(make_partition, policy, later, {}, untold, state_limit_bytes=10)
    for user_id, one in before.items():
        user = decode(user_id, one)
        put.put(
            user,
            one,
            PolicyChange(policy.shape, later).adopt(user, parse_instant(NOON.format(9))).transitions,
        )
    assert (put.snapshot().tales, put.users) == (batch.tales, before)


def test_nobody_judges_the_quarantined(
    make_partition: Make, policy: Policy, later: Policy, stored: tuple[dict[str, bytes], dict[str, Any]]
) -> None:
    users, untold = stored
    position = Position(
        position=4,
        delivered=0,
        watermark=0,
        policy=policy.name,
        version=policy.version,
        fingerprint=policy.fingerprint,
        quarantined=["ada", "bo", "cy"],
    )
    state = Recovered(users=users, position=position)  # their shape may have been forgotten
    assert changes_to(later, 3, state, start_from_now=False) == {}
    partition = resumed(make_partition, policy, later, {}, {})
    partition.quarantined = set(users)
    partition.resume(users, 4, parse_instant(NOON.format(5)), untold, {})
    assert not partition.has_strangers
    assert [tale.current for tale in partition.snapshot().tales] == [None, None, None]


def test_policy_that_asks_only_what_was_kept_may_follow(
    policy: Policy, later: Policy, stored: tuple[dict[str, bytes], dict[str, Any]]
) -> None:
    state = Recovered(users=stored[0], shapes={policy.shape.id: policy.shape})
    assert set(changes_to(later, 3, state, start_from_now=False)) == {policy.shape.id}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (AFTER.replace("policy: small", "policy: other"), 'policy "small"'),
        (AFTER.replace("version: 2", "version: 1"), "version 1 with another text"),
        (AFTER, "version 9"),
        (AFTER.replace("at_least: 2, within: 7", "at_least: 3, within: 7"), "'ladder.busy.when'"),
        (AFTER.replace("{performed: work}", "{sessions: work, at_least: 2}"), "'ladder.active.when'"),
    ],
    ids=["another name", "same version", "lower version", "deeper fact", "new fact"],
)
def test_policy_that_must_not_follow_is_refused(
    policy: Policy,
    stored: tuple[dict[str, bytes], dict[str, Any]],
    text: str,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("os._exit", _end)
    shape = msgspec.structs.replace(policy.shape, version=9) if said == "version 9" else policy.shape
    state = Recovered(users=stored[0], shapes={policy.shape.id: shape})
    with capture_logs() as logged, pytest.raises(_EndedError):
        changes_to(load(text, "small.yaml"), 3, state, start_from_now=False)
    assert said in str(logged)


class _EndedError(Exception):
    pass


def _end(code: int) -> None:
    raise _EndedError(code)
