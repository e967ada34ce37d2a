"""Finding a user among a worker's partitions and explaining him as he is now or will be."""

from __future__ import annotations

import pytest
from confluent_kafka import Message

from stage_models.advance import advance
from stage_models.events import Event
from stage_models.explain import Explanation
from stage_models.instants import DAY, HOUR, format_instant, parse_instant
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.user import encode
from streams import settings as all_settings
from streams.engine.outputs import Outputs
from streams.engine.partition import Partition
from streams.pages import users
from streams.pages.answers import RefusedError
from tests.streams.pages.conftest import BEGIN, POLICY


@pytest.fixture
def partitions(policy: Policy) -> list[Partition]:
    """Partitions 0 and 1; ann is in 1 and nothing of hers is flushed."""
    outputs = Outputs(all_settings.load(), policy)
    made = [
        Partition(
            "events",
            number,
            policy,
            outputs,
            is_home_of=lambda key: True,
            dialect="auto",
            dead_letter_limit_bytes=100_000,
            state_limit_bytes=100_000,
        )
        for number in (0, 1)
    ]
    work(made[1], "ann", BEGIN)
    return made


def work(partition: Partition, user_id: str, at: int) -> None:
    event = Event(user_id=user_id, event_id="1", occurred_at=at, name="Work Done")
    partition.apply(event, Message(topic="events", partition=1, offset=0, key=b"ann", timestamp=(1, at)))


def explained(
    policy: Policy, partitions: list[Partition], at: str | None = None, user_id: str = "ann"
) -> Explanation:
    return users._explained(policy, partitions, user_id, at)


def refused(
    policy: Policy, partitions: list[Partition], at: str | None = None, user_id: str = "ann"
) -> RefusedError:
    with pytest.raises(RefusedError) as refusal:
        explained(policy, partitions, at, user_id)
    return refusal.value


def test_a_user_whose_change_is_not_flushed_is_explained(policy: Policy, partitions: list[Partition]) -> None:
    found = explained(policy, partitions)
    assert (found.user_id, found.stage, found.at) == ("ann", "active", BEGIN)


def test_a_later_instant_lets_time_act_on_the_copy_alone(policy: Policy, partitions: list[Partition]) -> None:
    before = partitions[1].copy_of("ann")
    assert explained(policy, partitions, format_instant(BEGIN + 14 * DAY)).stage == "at-risk"
    assert explained(policy, partitions, format_instant(BEGIN + 14 * DAY - 1)).stage == "active"
    assert partitions[1].copy_of("ann") == before


def test_the_instant_is_the_watermark_where_that_is_newer(
    policy: Policy, partitions: list[Partition]
) -> None:
    partitions[1].tick(BEGIN + HOUR, 10)
    assert explained(policy, partitions).at == BEGIN + HOUR


@pytest.mark.parametrize(
    ("at", "words"),
    [
        ("yesterday", "no instant"),
        (format_instant(BEGIN - 1), format_instant(BEGIN)),
        (format_instant(BEGIN + 366 * DAY + 1), "more than a year ahead"),
    ],
)
def test_an_instant_that_is_none_or_out_of_reach_is_refused(
    policy: Policy, partitions: list[Partition], at: str, words: str
) -> None:
    refusal = refused(policy, partitions, at)
    assert (refusal.status, words in str(refusal)) == (400, True)


def test_nobody_in_any_partition_is_unknown(policy: Policy, partitions: list[Partition]) -> None:
    refusal = refused(policy, partitions, user_id="eve")
    assert (refusal.status, "partition 0, 1," in str(refusal)) == (404, True)


def test_a_rule_that_raises_is_said_without_values(policy: Policy, partitions: list[Partition]) -> None:
    end_of_all_calendars = parse_instant("9999-12-31T23:00:00Z")
    work(partitions[1], "eve", end_of_all_calendars)
    refusal = refused(policy, partitions, user_id="eve")
    assert (refusal.status, str(refusal)) == (500, "A rule raised an error. The worker's log names its kind.")
    assert refusal.__cause__ is None


def test_a_quarantined_user_is_not_explained_as_if_he_were_current(
    policy: Policy, partitions: list[Partition]
) -> None:
    partitions[1].quarantined.add("ann")
    refusal = refused(policy, partitions)
    assert (refusal.status, "state_too_large" in str(refusal)) == (409, True)


def test_users_of_an_earlier_policy_are_not_explained_before_ours_has_judged_them(
    policy: Policy, partitions: list[Partition]
) -> None:
    earlier = load(POLICY.replace("14 days", "15 days").replace("version: 3", "version: 2"), "earlier.yaml")
    user = advance(
        earlier, None, Event(user_id="bob", event_id="1", occurred_at=BEGIN, name="Work Done")
    ).user
    stored = encode(user, earlier.shape.id)
    changes = {earlier.shape.id: PolicyChange(earlier.shape, policy)}
    partitions[0].resume({"bob": stored}, 0, BEGIN, {}, changes)
    refusal = refused(policy, partitions, user_id="bob")
    assert (refusal.status, refusal.headers) == (503, {"Retry-After": "5"})
    partitions[0].adopt(1)
    assert explained(policy, partitions, user_id="bob").stage == "active"
