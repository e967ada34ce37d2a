"""Topics on a broker: what is created passes the check, what is not fit is told at once."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from contextlib import closing

import pytest
from kafka import KafkaAdminClient

from streams import topics
from streams.settings import Settings
from tests.kafka.provider import Broker

pytestmark = pytest.mark.broker


@pytest.fixture
def admin(broker: Broker) -> Iterator[KafkaAdminClient]:
    """An admin client of the test's own."""
    with closing(KafkaAdminClient(bootstrap_servers=broker.bootstrap_servers)) as client:
        yield client


def _make(admin: KafkaAdminClient, name: str, partitions: int, configs: Mapping[str, str]) -> None:
    topic = {"num_partitions": partitions, "replication_factor": 1, "configs": configs}
    admin.create_topics({name: topic}, wait_for_metadata=True)


def test_what_is_created_passes_the_check(settings: Settings) -> None:
    created = topics.create(settings, partitions=3, replication=1)

    layout = topics.check(settings)

    assert created == [topic.name for topic in topics.topics(settings)]
    assert layout.partitions == 3
    assert layout.warnings == []


def test_creating_twice_creates_nothing(settings: Settings) -> None:
    topics.create(settings, partitions=2, replication=1)

    assert topics.create(settings, partitions=2, replication=1) == []
    assert topics.create(settings) == []


def test_outputs_get_the_partitions_of_an_input_that_is_there(
    settings: Settings, admin: KafkaAdminClient
) -> None:
    source = topics.topics(settings).input
    _make(admin, source.name, 5, source.configs)

    created = topics.create(settings, replication=1)

    assert source.name not in created
    assert topics.check(settings).partitions == 5


def test_input_is_not_created_without_being_asked(settings: Settings) -> None:
    with pytest.raises(topics.TopicsError, match="no such topic"):
        topics.create(settings, replication=1)


def test_another_partition_count_than_the_inputs_is_refused(settings: Settings) -> None:
    topics.create(settings, partitions=2, replication=1)

    with pytest.raises(topics.TopicsError, match="has 2 partitions, not 4"):
        topics.create(settings, partitions=4, replication=1)


def test_more_replicas_than_brokers_is_told_in_the_brokers_words(settings: Settings) -> None:
    with pytest.raises(topics.TopicsError, match="replication factor"):
        topics.create(settings, partitions=1, replication=9)


def test_dead_letters_take_what_the_input_takes_and_their_own_headers(
    settings: Settings, admin: KafkaAdminClient
) -> None:
    wanted = topics.topics(settings)
    configs = {**wanted.input.configs, "max.message.bytes": str(6 * 1024 * 1024)}
    _make(admin, wanted.input.name, 1, configs)
    topics.create(settings, replication=1)

    takes = topics.check(settings).max_message_bytes

    assert takes[wanted.input.name] == 6 * 1024 * 1024
    assert takes[wanted.dead_letter.name] == takes[wanted.input.name] + 64 * 1024


def test_check_tells_every_problem_at_once(settings: Settings, admin: KafkaAdminClient) -> None:
    wanted = topics.topics(settings)
    one = {"num_partitions": 1, "replication_factor": 1}
    two = {"num_partitions": 2, "replication_factor": 1}
    admin.create_topics(
        {
            wanted.input.name: two | {"configs": {"message.timestamp.after.max.ms": "86400000"}},
            wanted.transitions.name: one,
            wanted.current_stage.name: two | {"configs": {"cleanup.policy": "delete"}},
            wanted.changelog.name: two | {"configs": {"cleanup.policy": "compact"}},
        },
        wait_for_metadata=True,
    )

    with pytest.raises(topics.TopicsError) as refused:
        topics.check(settings)

    assert refused.value.problems == [
        f"{wanted.dead_letter.name}: no such topic\n  try: stagestream topics create",
        f"{wanted.transitions.name}: has 1 partitions, but {wanted.input.name} has 2",
        f"{wanted.current_stage.name}: cleanup.policy does not fit\n  expected: compact\n  found:    delete",
        (
            f"{wanted.input.name}: message.timestamp.after.max.ms does not fit\n"
            "  expected: at most 3600000\n  found:    86400000"
        ),
        (
            f"{wanted.changelog.name}: min.compaction.lag.ms does not fit\n"
            "  expected: at least 600000\n  found:    0"
        ),
    ]


def test_input_stamped_by_the_broker_needs_no_limit(settings: Settings, admin: KafkaAdminClient) -> None:
    source = topics.topics(settings).input
    stamped = {"message.timestamp.type": "LogAppendTime"}
    _make(admin, source.name, 1, stamped)
    topics.create(settings, replication=1)

    assert topics.check(settings).partitions == 1


def test_recreated_input_has_another_id(broker: Broker, settings: Settings, admin: KafkaAdminClient) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker gives topics no ids")
    source = topics.topics(settings).input
    topics.create(settings, partitions=1, replication=1)
    before = topics.check(settings).input_id
    admin.delete_topics([source.name])
    while source.name in admin.list_topics():
        time.sleep(0.05)
    topics.create(settings, partitions=1, replication=1)

    after = topics.check(settings).input_id

    assert before is not None
    assert after is not None
    assert before != after
