"""A policy that changes under a running deployment: what is told, and what is refused."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient

from stage_models.policy import load
from stage_models.policy_change import PolicyChange
from stage_models.transitions import Transition
from streams import producing, topics
from streams.event_files import read_lines
from streams.history import History
from streams.policy_files import shipped
from streams.settings import EngineSettings, Settings
from streams.topic_reader import count_records, read_topic
from tests import workers
from tests.chaos.campaign import LOG
from tests.kafka.provider import Broker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(150)]

PARTITIONS = 2
BEFORE = shipped()["retail"].read_text().partition("examples:")[0]
AFTER = (
    BEFORE.replace("version: 1", "version: 2")
    .replace("for: 28 days", "for: 21 days")
    .replace("- segment: coupon-lover", "- segment: coupon-fan")
    .replace("- stage: churned", "- stage: lost")
)
ASKS_MORE = AFTER.replace("{performed: redemption, at_least: 2", "{performed: redemption, at_least: 4")


@cache
def differences(before: str, after: str) -> list[Transition]:
    """What a rebuild tells, where it comes when the log is at its end; from the files alone."""
    old, new = load(before, "before.yaml"), load(after, "after.yaml")
    told, fresh = (History(policy, Settings().input) for policy in (old, new))
    for line in read_lines([LOG]):
        told.feed(line)
        fresh.feed(line)
    told.finish()
    fresh.finish()
    change = PolicyChange(old.shape, new)
    pairs = ((told.users[user_id], fresh.users[user_id]) for user_id in told.users)
    return [one for pair in pairs for one in change.replace(*pair).transitions]


@cache
def expected() -> tuple[list[Transition], list[Transition]]:
    """What is told before and at the change, where it comes when the log is at its end."""
    policy, later = load(BEFORE, "before.yaml"), load(AFTER, "after.yaml")
    history = History(policy, Settings().input)
    before = [told for line in read_lines([LOG]) for told in history.feed(line)] + history.finish(None)
    assert history.newest_ms is not None
    watermark = history.newest_ms - policy.allowed_lateness_ms
    change = PolicyChange(policy.shape, later)
    return before, [
        told for user in history.users.values() for told in change.adopt(user, watermark).transitions
    ]


@pytest.fixture
def worked(settings: Settings, tmp_path: Path) -> Settings:
    """A deployment whose policy is a file of its own, with the purchase log in its input."""
    engine = EngineSettings(time="records", member_timeout_seconds=6.0, member_id="the-only-one")
    changed = settings.model_copy(update={"policy": str(tmp_path / "own.yaml"), "engine": engine})
    topics.create(changed, PARTITIONS, replication=1)
    producing.produce(changed, LOG, 1, lambda _: None)
    return changed


@pytest.fixture
def leaving(worked: Settings) -> Settings:
    """The same deployment, whose workers are no members any more as soon as they are stopped."""
    return worked.model_copy(update={"engine": worked.engine.model_copy(update={"member_id": None})})


@contextmanager
def under(settings: Settings, text: str, log: Path) -> Iterator[workers.Worker]:
    """A worker under the policy of this text."""
    Path(settings.policy).write_text(text)
    with workers.worker(settings, log) as worker:
        yield worker


def wait_for(settings: Settings, records: int) -> None:
    topic = topics.topics(settings).transitions.name
    workers.wait_until(lambda: count_records(settings, topic) >= records, f"{records} transitions", 60)


def told(settings: Settings) -> set[str]:
    """The ids of what lies on the transitions topic."""
    found = set()
    for message in read_topic(settings, topics.topics(settings).transitions.name):
        name = dict(message.headers() or [])["ce_id"]
        assert isinstance(name, bytes)
        found.add(name.decode())
    return found


def test_policy_that_changes_moves_everybody_once_though_the_worker_is_killed(
    worked: Settings, tmp_path: Path
) -> None:
    before, at_change = expected()
    assert {one.cause for one in at_change} == {"policy"}
    assert {one.kind for one in at_change} == {"stage.changed", "segment.left", "segment.entered"}
    with under(worked, BEFORE, tmp_path / "before.log") as worker:
        wait_for(worked, len(before))
        assert worker.stop() == 0
    with under(worked, AFTER, tmp_path / "killed.log") as worker:
        workers.wait_until(lambda: worker.is_ready, "the worker is ready", 60)
        worker.kill()
    with under(worked, AFTER, tmp_path / "after.log") as worker:
        workers.wait_until(lambda: worker.is_ready, "the worker is ready", 60)
        workers.wait_until(lambda: told(worked) >= {one.id for one in at_change}, "all is told", 60, 0.5)
        assert worker.stop() == 0
    assert told(worked) == {one.id for one in [*before, *at_change]}


def rebuild(settings: Settings, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*workers.COMMAND, "rebuild", *options],
        env=workers.environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def test_rebuild_tells_what_the_new_policy_sees_otherwise_and_the_worker_goes_on(
    leaving: Settings, tmp_path: Path
) -> None:
    before, _ = expected()
    at_change = differences(BEFORE, ASKS_MORE)
    assert {one.kind for one in at_change} == {"stage.changed", "segment.left", "segment.entered"}
    with under(leaving, BEFORE, tmp_path / "before.log") as worker:
        wait_for(leaving, len(before))
        Path(leaving.policy).write_text(ASKS_MORE)
        assert "workers are running" in rebuild(leaving).stderr
        assert worker.stop() == 0
    dry = rebuild(leaving, "--dry-run", "--out", str(tmp_path / "differences.jsonl"))
    assert dry.returncode == 0, dry.stderr
    assert told(leaving) == {one.id for one in before}
    lines = (tmp_path / "differences.jsonl").read_text().splitlines()
    assert {json.loads(line)["id"] for line in lines} == {one.id for one in at_change}
    assert rebuild(leaving).returncode == 0
    assert told(leaving) == {one.id for one in [*before, *at_change]}
    again = rebuild(leaving, "--out", str(tmp_path / "again.jsonl"))
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.jsonl").read_text() == ""
    producing.produce(leaving, LOG, 1, lambda _: None)  # all of it is known: duplicates and late events
    with under(leaving, ASKS_MORE, tmp_path / "after.log") as worker:
        workers.wait_until(lambda: workers.has_committed_all(leaving, PARTITIONS), "all is applied", 60)
        assert worker.stop() == 0


def test_rebuild_refuses_a_history_whose_beginning_is_gone(
    leaving: Settings, tmp_path: Path, broker: Broker
) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker deletes no records")
    before, _ = expected()
    with under(leaving, BEFORE, tmp_path / "before.log") as worker:
        wait_for(leaving, len(before))
        assert worker.stop() == 0
    admin = AdminClient({"bootstrap.servers": leaving.bootstrap_servers})
    for deleted in admin.delete_records([TopicPartition(leaving.input.topic, 0, 100)]).values():
        deleted.result()
    Path(leaving.policy).write_text(ASKS_MORE)
    refused = rebuild(leaving)
    assert refused.returncode == 1
    assert "partition 0 begins at offset 100: the first records are gone" in refused.stderr
    archive = tmp_path / "archive.jsonl.gz"
    archive.write_bytes(LOG.read_bytes())
    assert rebuild(leaving, "--archive", str(archive)).returncode == 0
    assert told(leaving) == {one.id for one in [*before, *differences(BEFORE, ASKS_MORE)]}


def test_policy_that_asks_more_than_was_kept_needs_a_word(worked: Settings, tmp_path: Path) -> None:
    before, _ = expected()
    with under(worked, BEFORE, tmp_path / "before.log") as worker:
        wait_for(worked, len(before))
        assert worker.stop() == 0
    with under(worked, ASKS_MORE, tmp_path / "refused.log") as worker:
        workers.wait_until(lambda: not worker.is_running, "the worker ends by itself", 60)
        assert worker.process.returncode not in {0, 1}
        assert "segments.coupon-fan.when" in worker.said()
        assert "stagestream rebuild" in worker.said()
    engine = worked.engine.model_copy(update={"start_from_now": True})
    willing = worked.model_copy(update={"engine": engine})
    with under(willing, ASKS_MORE, tmp_path / "accepted.log") as worker:
        workers.wait_until(lambda: worker.is_ready, "the worker is ready", 60)
        workers.wait_until(lambda: workers.has_committed_all(worked, PARTITIONS), "all is committed", 60)
        assert worker.stop() == 0
