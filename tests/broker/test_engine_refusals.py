"""What the engine does not pass over: it says so, and ends."""

from __future__ import annotations

from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from streams import producing, topics
from streams import settings as all_settings
from streams.embedded import embedded_broker
from streams.policy_files import shipped
from streams.settings import EngineSettings, Settings
from tests import workers
from tests.chaos.campaign import LOG
from tests.kafka.provider import Broker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

PARTITIONS = 2


@pytest.fixture
def worked(settings: Settings, tmp_path: Path) -> Settings:
    """A deployment that has applied the purchase log under a policy file of its own."""
    file = tmp_path / "own.yaml"
    file.write_text(shipped()["retail"].read_text())
    changed = settings.model_copy(update={"policy": str(file), "engine": EngineSettings(time="records")})
    topics.create(changed, PARTITIONS, replication=1)
    producing.produce(changed, LOG, 1, lambda _: None)
    with workers.worker(changed, tmp_path / "before.log") as worker:
        workers.wait_until(lambda: workers.has_committed_all(changed, PARTITIONS), "all is applied", 60)
        assert worker.stop() == 0
    return changed


def refusal(settings: Settings, log: Path) -> str:
    """What a worker says before it ends by itself."""
    with workers.worker(settings, log) as worker:
        workers.wait_until(lambda: not worker.is_running, "the worker ends by itself", 30)
        assert worker.process.returncode not in {0, 1}
        return worker.said()


def test_state_of_the_same_version_of_the_policy_with_another_text_is_refused(
    worked: Settings, tmp_path: Path
) -> None:
    file = Path(worked.policy)
    file.write_text(file.read_text().replace("28 days", "29 days"))
    said = refusal(worked, tmp_path / "after.log")
    assert "the stored users were judged by a policy that this one must not follow" in said
    assert "give the changed policy a higher version" in said


def test_lost_records_are_counted_and_not_passed_over(
    worked: Settings, tmp_path: Path, broker: Broker
) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker deletes no records")
    producing.produce(worked, LOG, 1, lambda _: None)
    admin = AdminClient({"bootstrap.servers": worked.bootstrap_servers})
    ends = [TopicPartition(worked.input.topic, number, -1) for number in range(PARTITIONS)]
    for deleted in admin.delete_records(ends).values():
        deleted.result()
    said = refusal(worked, tmp_path / "after.log")
    assert "records were deleted before they were applied" in said
    assert '"lost_records": ' in said


def test_input_topic_made_anew_is_refused_though_it_has_grown_past_the_position(
    worked: Settings, tmp_path: Path, broker: Broker
) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker gives topics no ids")
    admin = AdminClient({"bootstrap.servers": worked.bootstrap_servers})
    for deleted in admin.delete_topics([worked.input.topic]).values():
        deleted.result(30)
    workers.wait_until(
        lambda: worked.input.topic not in admin.list_topics(timeout=10).topics, "the topic is gone", 20
    )
    topics.create(worked, PARTITIONS, replication=1)
    for _ in range(2):
        producing.produce(worked, LOG, 1, lambda _: None)
    said = refusal(worked, tmp_path / "after.log")
    assert "the input topic was deleted and made anew" in said
    assert "give the deployment a new app id and topic prefix" in said


def test_missing_topics_are_named_with_exit_code_one(settings: Settings, tmp_path: Path) -> None:
    with workers.worker(settings, tmp_path / "worker.log") as worker:
        workers.wait_until(lambda: not worker.is_running, "the worker ends by itself", 30)
        assert worker.process.returncode == 1
        assert f"{settings.input.topic}: no such topic" in worker.said()


def test_broken_policy_is_refused_with_its_located_messages(settings: Settings, tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text(shipped()["retail"].read_text().replace("performed: order", "performed: ordre"))
    with workers.worker(settings.model_copy(update={"policy": str(file)}), tmp_path / "worker.log") as worker:
        workers.wait_until(lambda: not worker.is_running, "the worker ends by itself", 30)
        assert worker.process.returncode == 1
        assert f"{file}:" in worker.said()
        assert "ordre" in worker.said()


def test_worker_ends_when_asked_to_though_the_broker_is_gone(tmp_path: Path) -> None:
    with embedded_broker() as bootstrap_servers:
        alone = all_settings.load(
            bootstrap_servers=bootstrap_servers,
            policy="retail",
            engine={"time": "records", "member_timeout_seconds": 6, "watchdog_seconds": 20},
        )
        topics.create(alone, PARTITIONS, replication=1)
        running = workers.start(alone, tmp_path / "worker.log")
        try:
            workers.wait_until(lambda: running.is_ready, f"it is ready; {running.said()}", 30)
        except BaseException:
            running.kill()
            raise
    assert running.stop(30) == 0, running.said()
