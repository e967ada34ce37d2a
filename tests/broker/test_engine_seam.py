"""The seams of a running worker: Faust's own command, its pages, and a stranger in the changelog."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pytest
from aiokafka.partitioner import murmur2
from confluent_kafka import Producer

from streams import producing, topics
from streams.embedded import free_port
from streams.settings import PREFIX, EngineSettings, Settings
from streams.topic_reader import read_topic
from tests import workers
from tests.chaos.campaign import LOG

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

PARTITIONS = 2


@pytest.fixture
def loaded(settings: Settings) -> Settings:
    """A deployment whose input holds the purchase log."""
    changed = settings.model_copy(update={"policy": "retail", "engine": EngineSettings(time="records")})
    topics.create(changed, PARTITIONS, replication=1)
    producing.produce(changed, LOG, 1, lambda _: None)
    return changed


def is_done(settings: Settings) -> bool:
    return workers.has_committed_all(settings, PARTITIONS)


def get(port: int, path: str) -> bytes:
    with urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
        body: bytes = answer.read()
        return body


def test_faust_command_runs_the_same_worker(loaded: Settings, tmp_path: Path) -> None:
    port = free_port()
    own = workers.environment(loaded) | {f"{PREFIX}WEB__PORT": str(port)}
    command = [
        sys.executable,
        "-m",
        "faust",
        "-A",
        "streams.app",
        "worker",
        "-l",
        "info",
        "--web-port",
        str(port),
    ]
    with (tmp_path / "faust.log").open("wb") as log:
        process = subprocess.Popen(command, env=own | {"PYTHONPATH": str(Path.cwd())}, stdout=log, stderr=log)
        try:
            workers.wait_until(lambda: is_done(loaded) or process.poll() is not None, "all is applied", 60)
            said = (tmp_path / "faust.log").read_text()
            assert process.poll() is None, said[-4_000:]
            process.terminate()
            assert process.wait(30) == 0
        finally:
            if process.poll() is None:
                process.kill()


def test_pages_answer_with_and_without_a_slash(loaded: Settings, tmp_path: Path) -> None:
    with workers.worker(loaded, tmp_path / "worker.log") as worker:
        workers.wait_until(lambda: worker.is_ready, "the worker is ready", 30)
        for path in ("/health/live", "/health/ready", "/health/startup"):
            checks = json.loads(get(worker.port, path))
            assert checks
            assert all(checks.values())
            assert json.loads(get(worker.port, path + "/")) == checks
        assert b"stagestream_records_total" in get(worker.port, "/metrics/")


def test_metrics_count_every_record_once(loaded: Settings, tmp_path: Path) -> None:
    with workers.worker(loaded, tmp_path / "worker.log") as worker:
        workers.wait_until(lambda: is_done(loaded), f"all is applied; {worker.said()}", 60)
        workers.wait_until(
            lambda: worker.metrics().get("stagestream_users", 0) == 300, "the users are counted", 10
        )
        found = worker.metrics()
    records = found["stagestream_records_total"]
    assert records == 19_725
    assert records == (
        found["stagestream_events_total"]
        + found["stagestream_drops_total"]
        + found["stagestream_dead_letters_total"]
    )
    assert found["stagestream_consumer_lag_records"] == 0


def test_user_whose_record_a_stranger_shadows_is_written_again(loaded: Settings, tmp_path: Path) -> None:
    changelog = topics.topics(loaded).changelog.name
    with workers.worker(loaded, tmp_path / "worker.log") as worker:
        workers.wait_until(lambda: is_done(loaded), f"all is applied; {worker.said()}", 60)
        stale = next(record for record in read_topic(loaded, changelog) if (record.key() or b"\0")[0] != 0)
        stranger = Producer({"bootstrap.servers": loaded.bootstrap_servers})
        stranger.produce(changelog, stale.value(), stale.key(), stale.partition() or 0)
        assert stranger.flush(10) == 0
        for number in range(20):  # of other users: the worker writes on, behind the stranger's record
            key = f"another-{number}".encode()
            value = {"userId": key.decode(), "event": "Order Completed", "timestamp": "2018-01-01T00:00:00Z"}
            partition = (murmur2(key) & 0x7FFFFFFF) % PARTITIONS
            stranger.produce(
                loaded.input.topic, json.dumps(value), key, partition, timestamp=1_514_764_800_000
            )
        assert stranger.flush(10) == 0
        workers.wait_until(
            lambda: worker.metrics().get("stagestream_stale_writes_total", 0) > 0,
            "the stranger is noticed",
            30,
        )
        assert worker.stop() == 0
    newest = [record for record in read_topic(loaded, changelog) if record.key() == stale.key()][-1]
    assert newest.value() != stale.value(), "the stranger has the last word"
