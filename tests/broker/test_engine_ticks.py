"""Time without events, on a real broker: exact instants, and never ahead of events that wait in the lag."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest
from aiokafka.partitioner import murmur2
from confluent_kafka import Producer

from stage_models.instants import format_instant, parse_instant
from streams import topics
from streams.settings import EngineSettings, Settings
from streams.topic_reader import read_topic
from tests import workers

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

PARTITIONS = 2
LATENESS_MS = 1_000
POLICY = """
policy: hasty
version: 1
goal: Lose users within seconds, so that a test can watch
owner: tests@example.com
review_by: 2099-01-01
time_zone: UTC
late: {allowed_lateness: 1 second}
events:
  work: [Work Done]
ladder:
  - stage: new
    action: Say hello
  - stage: active
    when: {performed: work}
    action: Say thanks
  - stage: at-risk
    lapsed: true
    when: {inactive: work, for: 4 seconds}
    action: Say we miss you
  - stage: churned
    lapsed: true
    when: {inactive: work, for: 7 seconds}
    action: Say goodbye
"""

Write = Callable[[str, int], None]


@pytest.fixture
def hasty(settings: Settings, tmp_path: Path) -> Settings:
    """A deployment with the hasty policy; its topics are there."""
    file = tmp_path / "hasty.yaml"
    file.write_text(POLICY)
    engine = EngineSettings(time="wall")
    changed = settings.model_copy(update={"policy": str(file), "engine": engine})
    topics.create(changed, PARTITIONS, replication=1)
    return changed


class Writer:
    """Writes work events with chosen times; the record's time is the event's."""

    def __init__(self, settings: Settings) -> None:
        self._producer = Producer({"bootstrap.servers": settings.bootstrap_servers, "linger.ms": 1})
        self._topic = settings.input.topic
        self._count = 0

    def write(self, user_id: str, at_ms: int) -> None:
        self._count += 1
        key = user_id.encode()
        value = {"messageId": f"m-{self._count}", "userId": user_id, "event": "Work Done"}
        self._producer.produce(
            self._topic,
            msgspec.json.encode(value | {"timestamp": format_instant(at_ms)}),
            key,
            partition=(murmur2(key) & 0x7FFFFFFF) % PARTITIONS,
            timestamp=at_ms,
        )
        self._producer.poll(0)

    def flush(self) -> None:
        assert self._producer.flush(30) == 0


def now_ms() -> int:
    return int(time.time() * 1_000)


def moves(settings: Settings, user_id: str) -> list[dict[str, Any]]:
    records = read_topic(settings, topics.topics(settings).transitions.name)
    told = [
        msgspec.json.decode(record.value() or b"") for record in records if record.key() == user_id.encode()
    ]
    return sorted(told, key=lambda move: int(move["sequence"]))


def stages(settings: Settings, user_id: str) -> list[tuple[str, str]]:
    return [(move["to_stage"], move["cause"]) for move in moves(settings, user_id)]


def test_user_who_stops_falls_at_the_exact_instants(hasty: Settings, tmp_path: Path) -> None:
    writer = Writer(hasty)
    with workers.worker(hasty, tmp_path / "worker.log") as worker:
        workers.wait_until(lambda: worker.is_ready, "the worker is ready", 30)
        at_ms = now_ms()
        writer.write("ada", at_ms)
        writer.flush()
        workers.wait_until(
            lambda: len(moves(hasty, "ada")) == 3, f"ada has churned; {worker.said()}", 25, 0.3
        )
        assert worker.stop() == 0
    found = moves(hasty, "ada")
    assert [
        (move["to_stage"], move["cause"], parse_instant(move["effective_at"]) - at_ms) for move in found
    ] == [
        ("active", "event", 0),
        ("at-risk", "time", 4_000),
        ("churned", "time", 7_000),
    ]
    for move in found[1:]:
        late_ms = parse_instant(move["detected_at"]) - parse_instant(move["effective_at"]) - LATENESS_MS
        assert 0 <= late_ms < 1_500, f"detected {late_ms} ms after due and allowed lateness"


def test_lagging_partition_churns_nobody_whose_events_wait_in_the_lag(
    hasty: Settings, tmp_path: Path
) -> None:
    writer = Writer(hasty)
    begin_ms = now_ms() - 60_000
    writer.write("ada", begin_ms)
    for number in range(30_000):  # what ada's next event waits behind
        writer.write(f"filler-{number % 500}", begin_ms + number)
    for seconds in range(3, 60, 3):
        writer.write("ada", begin_ms + seconds * 1_000)
    for second in range(12):
        writer.write("ada", now_ms() + second * 1_000)
    writer.flush()
    with workers.worker(hasty, tmp_path / "worker.log") as worker:
        workers.wait_until(
            lambda: worker.metrics().get("stagestream_records_total", 0) >= 30_000,
            f"everything is applied; {worker.said()}",
            40,
        )
        worker.stop()
    assert stages(hasty, "ada") == [("active", "event")]


def test_restart_lets_the_time_act_that_passed_meanwhile(hasty: Settings, tmp_path: Path) -> None:
    writer = Writer(hasty)
    log = tmp_path / "worker.log"
    with workers.worker(hasty, log) as first:
        workers.wait_until(lambda: first.is_ready, "the worker is ready", 30)
        at_ms = now_ms()
        writer.write("ada", at_ms)
        writer.flush()
        workers.wait_until(lambda: len(moves(hasty, "ada")) == 1, "ada is active", 10)
        assert first.stop() == 0
    time.sleep(max(0.0, (at_ms + 9_000 - now_ms()) / 1_000))
    with workers.worker(hasty, log) as second:
        workers.wait_until(
            lambda: len(moves(hasty, "ada")) == 3, f"ada has churned; {second.said()}", 20, 0.3
        )
        assert second.stop() == 0
    assert stages(hasty, "ada") == [("active", "event"), ("at-risk", "time"), ("churned", "time")]
    assert [parse_instant(move["effective_at"]) - at_ms for move in moves(hasty, "ada")] == [0, 4_000, 7_000]
