"""Records made to end the worker: each costs itself at most, and the events behind it are applied."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from aiokafka.partitioner import murmur2
from confluent_kafka import Producer
from kafka import KafkaProducer

from streams import topics
from streams.settings import EngineSettings, Settings
from streams.topic_reader import read_topic
from tests import workers

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

PARTITIONS = 2
AT_MS = 1_514_764_800_000


class NotUtf8(str):
    """A header name that a careless producer writes."""

    __slots__ = ()

    def encode(self, *_: Any, **__: Any) -> bytes:
        return b"\xff\xfe"


@pytest.fixture
def deployed(settings: Settings) -> Settings:
    changed = settings.model_copy(update={"policy": "retail", "engine": EngineSettings(time="records")})
    topics.create(changed, PARTITIONS, replication=1)
    return changed


def order(user_id: str, number: int = 0, **fields: Any) -> bytes:
    event = {"messageId": f"{user_id}-{number}", "userId": user_id, "event": "Order Completed"}
    return json.dumps(event | {"timestamp": "2018-01-01T00:00:00Z"} | fields).encode()


def home(user_id: str) -> int:
    hashed: int = murmur2(user_id.encode())
    return (hashed & 0x7FFFFFFF) % PARTITIONS


def write_all(settings: Settings) -> None:
    """The poison, and behind it in both partitions an event of somebody."""
    topic = settings.input.topic
    plain = Producer(
        {
            "bootstrap.servers": settings.bootstrap_servers,
            "compression.type": "gzip",
            "message.max.bytes": 8_000_000,
        }
    )

    def write(user_id: str, value: bytes, headers: dict[str, str | bytes | None] | None = None) -> None:
        plain.produce(topic, value, user_id.encode(), home(user_id), timestamp=AT_MS, headers=headers or {})

    for user_id in ("header-0", "header-1"):
        careless = KafkaProducer(bootstrap_servers=settings.bootstrap_servers)
        careless.send(
            topic,
            order(user_id),
            user_id.encode(),
            headers=[(NotUtf8("x"), b"1")],
            partition=home(user_id),
            timestamp_ms=AT_MS,
        ).get(10)
        careless.close()
    write("swollen", b"not JSON", {"swollen": b"0" * 3_000_000})
    write("traced", order("traced"), {"traceparent": b"0" * 3_000_000})
    for number in range(300):
        write("rich", order("rich", number, properties={"revenue": 9_000_000_000_000}))
    for number in range(20):
        write(f"somebody-{number}", order(f"somebody-{number}"))
    assert plain.flush(30) == 0


def test_poison_costs_itself_at_most(deployed: Settings, tmp_path: Path) -> None:
    write_all(deployed)
    with workers.worker(deployed, tmp_path / "worker.log") as worker:
        workers.wait_until(
            lambda: workers.has_committed_all(deployed, PARTITIONS) or not worker.is_running,
            f"all is applied; {worker.said()}",
            60,
        )
        assert worker.is_running, worker.said()
        assert worker.stop() == 0
    names = topics.topics(deployed)
    letters = read_topic(deployed, names.dead_letter.name)
    reasons = {(record.key(), dict(record.headers() or [])["dlq_reason"]) for record in letters}
    assert reasons == {
        (b"header-0", b"unreadable"),
        (b"header-1", b"unreadable"),
        (b"swollen", b"unreadable"),
        (b"rich", b"state_too_large"),
    }
    moved = {record.key() for record in read_topic(deployed, names.transitions.name)}
    assert moved >= {f"somebody-{number}".encode() for number in range(20)} | {b"traced"}
