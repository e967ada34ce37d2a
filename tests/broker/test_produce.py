"""produce: records lie where the Java client would have put them, at their own time, under their own users."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from aiokafka.partitioner import murmur2
from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined]  # its types forget it

from stage_models.instants import DAY, parse_instant
from streams import producing, topics
from streams.settings import Settings
from streams.topic_reader import count_records, read_topic
from streams.topics import TopicsError

pytestmark = pytest.mark.broker

PARTITIONS = 4
USERS = 20


@pytest.fixture
def log(tmp_path: Path) -> Path:
    """Five events of each of 20 users, an hour apart."""
    path = tmp_path / "events.jsonl"
    with path.open("w") as file:
        for number in range(5 * USERS):
            hours, user = divmod(number, USERS)
            time = f"2026-01-01T{hours:02d}:{user:02d}:00Z"
            event = {"messageId": f"m-{number}", "userId": f"u_{user}", "event": "x", "timestamp": time}
            file.write(json.dumps(event) + "\n")
    return path


def produce(settings: Settings, log: Path, repeat: int = 1) -> int:
    topics.create(settings, PARTITIONS, replication=1)
    return producing.produce(settings, log, repeat, lambda _: None)


def test_records_have_the_users_key_its_partition_and_the_events_time(settings: Settings, log: Path) -> None:
    assert produce(settings, log) == 5 * USERS
    records = list(read_topic(settings, settings.input.topic))
    assert sorted(record.value() or b"" for record in records) == sorted(log.read_bytes().splitlines())
    for record in records:
        event = json.loads(record.value() or b"")
        key = record.key() or b""
        assert key == event["userId"].encode()
        assert record.partition() == (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
        assert record.timestamp()[1] == parse_instant(event["timestamp"])


def test_a_log_is_written_several_times_under_new_users_in_the_order_of_time(
    settings: Settings, log: Path
) -> None:
    assert produce(settings, log, repeat=3) == 15 * USERS
    assert count_records(settings, settings.input.topic) == 15 * USERS
    times: dict[int, list[int]] = {}
    users: dict[str, int] = {}
    for record in read_topic(settings, settings.input.topic):
        times.setdefault(record.partition() or 0, []).append(record.timestamp()[1])
        user = json.loads(record.value() or b"")["userId"]
        users[user] = users.get(user, 0) + 1
    assert all(of_one == sorted(of_one) for of_one in times.values())
    assert len(users) == 3 * USERS
    assert set(users.values()) == {5}


def test_a_topic_that_would_delete_the_oldest_line_is_refused(settings: Settings) -> None:
    topic = NewTopic(settings.input.topic, 1, 1, config={"retention.ms": str(7 * DAY)})
    client = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    client.create_topics([topic])[topic.topic].result(30)
    with pytest.raises(TopicsError, match=r"retention\.ms 604800000 \(7\.0 days\)"):
        producing.check_retention(settings, parse_instant("2017-01-01"))


def test_a_topic_that_keeps_its_records_is_fine(settings: Settings) -> None:
    topics.create(settings, PARTITIONS, replication=1)
    producing.check_retention(settings, parse_instant("2017-01-01"))


def test_a_topic_that_is_not_there_is_told(settings: Settings) -> None:
    with pytest.raises(TopicsError, match="no such topic"):
        list(read_topic(settings, "nowhere"))
