"""A policy that changes under a running deployment: what is told, and what is refused."""

from __future__ import annotations

import gzip
import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from pathlib import Path

import msgspec
import pytest
from confluent_kafka import Producer, TopicPartition
from confluent_kafka.admin import AdminClient

from stage_models.policy import load
from stage_models.policy_change import PolicyChange
from stage_models.transitions import Transition
from streams import producing, topics
from streams.codec.stored import POSITION_KEY, decode_position, encode_position
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
UNCONFIRMED = 300
"""Records of a partition that users have seen though its position lies before them."""

BEFORE = shipped()["retail"].read_text().partition("examples:")[0].rstrip()
AFTER = (
    BEFORE.replace("version: 1", "version: 2")
    .replace("for: 28 days", "for: 21 days")
    .replace("- segment: coupon-lover", "- segment: coupon-fan")
    .replace("- stage: churned", "- stage: lost")
)
WITH_A_NEW_RULE = (
    AFTER
    + """
  - segment: browser
    when: {sessions: order, at_most: 3, within: 30 days}
    action: Ask what is missing
"""
)
ASKS_MORE = AFTER.replace("{performed: redemption, at_least: 2", "{performed: redemption, at_least: 4")


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Some users of the purchase log, with all that they did."""
    path = tmp_path_factory.mktemp("log") / "log.jsonl"
    lines = gzip.decompress(LOG.read_bytes()).splitlines(keepends=True)
    path.write_bytes(b"".join(line for line in lines if json.loads(line)["userId"][-1] in "0123"))
    return path


@cache
def judged(log: Path, text: str) -> tuple[History, list[Transition]]:
    """The log under the policy of this text, and what is told where it comes when the log is at its end."""
    history = History(load(text, "own.yaml"), Settings().input)
    return history, [told for line in read_lines([log]) for told in history.feed(line)] + history.finish()


def differences(log: Path, before: str, after: str) -> list[Transition]:
    """What a rebuild tells, where it comes when the log is at its end; from the files alone."""
    change = PolicyChange(load(before, "before.yaml").shape, load(after, "after.yaml"))
    told, fresh = (deepcopy(judged(log, text)[0].users) for text in (before, after))
    return [one for user_id in told for one in change.replace(told[user_id], fresh[user_id]).transitions]


def at_change(log: Path, before: str, after: str) -> list[Transition]:
    """What is told at the change, where it comes when the log is at its end."""
    old, history = load(before, "before.yaml"), judged(log, before)[0]
    assert history.newest_ms is not None
    watermark = history.newest_ms - old.allowed_lateness_ms
    change = PolicyChange(old.shape, load(after, "after.yaml"))
    users = deepcopy(history.users).values()
    return [told for user in users for told in change.adopt(user, watermark).transitions]


@pytest.fixture
def worked(settings: Settings, tmp_path: Path, log: Path) -> Settings:
    """A deployment whose policy is a file of its own, with the log in its input."""
    engine = EngineSettings(time="records", member_timeout_seconds=6.0)
    changed = settings.model_copy(update={"policy": str(tmp_path / "own.yaml"), "engine": engine})
    topics.create(changed, PARTITIONS, replication=1)
    producing.produce(changed, log, 1, lambda _: None)
    return changed


@contextmanager
def under(settings: Settings, text: str, said: Path) -> Iterator[workers.Worker]:
    """A worker under the policy of this text."""
    Path(settings.policy).write_text(text)
    with workers.worker(settings, said) as worker:
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


def ids(transitions: list[Transition]) -> set[str]:
    return {one.id for one in transitions}


def test_policy_that_changes_moves_everybody_once_though_the_worker_is_killed(
    worked: Settings, tmp_path: Path, log: Path
) -> None:
    member = worked.engine.model_copy(update={"member_id": "the-only-one"})
    hesitant = worked.model_copy(update={"engine": member})
    willing = worked.model_copy(update={"engine": member.model_copy(update={"start_from_now": True})})
    before, wanted = judged(log, BEFORE)[1], at_change(log, BEFORE, WITH_A_NEW_RULE)
    assert {one.cause for one in wanted} == {"policy"}
    assert {one.kind for one in wanted} == {"stage.changed", "segment.left", "segment.entered"}
    with under(hesitant, BEFORE, tmp_path / "before.log") as worker:
        wait_for(hesitant, len(before))
        assert worker.stop() == 0
    with under(hesitant, WITH_A_NEW_RULE, tmp_path / "refused.log") as worker:
        workers.wait_until(lambda: not worker.is_running, "the worker ends by itself", 60)
        assert worker.process.returncode not in {0, 1}
        assert "segments.browser.when" in worker.said()
        assert "stagestream rebuild" in worker.said()
    with under(willing, WITH_A_NEW_RULE, tmp_path / "killed.log") as worker:
        workers.wait_until(lambda: worker.is_ready, "the worker is ready", 60)
        worker.kill()
    with under(willing, WITH_A_NEW_RULE, tmp_path / "after.log") as worker:
        workers.wait_until(lambda: told(willing) >= ids(wanted), "all is told", 60, 0.5)
        assert worker.stop() == 0
    assert told(willing) == ids(before) | ids(wanted)


def rebuild(settings: Settings, *options: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*workers.COMMAND, "rebuild", *options],
        env=workers.environment(settings),
        capture_output=True,
        text=True,
        check=False,
        timeout=100,
    )


def end_suddenly(settings: Settings) -> None:
    """Write the positions of a worker that was killed between its users and its positions: they lie before what the
    users have seen.
    """
    changelog = topics.topics(settings).changelog.name
    newest = {
        message.partition(): decode_position(message.value() or b"")
        for message in read_topic(settings, changelog)
        if message.key() == POSITION_KEY
    }
    producer = Producer({"bootstrap.servers": settings.bootstrap_servers})
    for number, position in newest.items():
        earlier = msgspec.structs.replace(position, position=position.position - UNCONFIRMED)
        producer.produce(changelog, encode_position(earlier), POSITION_KEY, number or 0)
    assert producer.flush(10) == 0


def test_rebuild_tells_what_the_new_policy_sees_otherwise_and_the_worker_goes_on(
    worked: Settings, tmp_path: Path, log: Path, broker: Broker
) -> None:
    before, wanted = judged(log, BEFORE)[1], differences(log, BEFORE, ASKS_MORE)
    assert {one.kind for one in wanted} == {"stage.changed", "segment.left", "segment.entered"}
    with under(worked, BEFORE, tmp_path / "before.log") as worker:
        wait_for(worked, len(before))
        hasty = worked.engine.model_copy(update={"member_timeout_seconds": 1.0})
        Path(worked.policy).write_text(ASKS_MORE)
        assert "workers are running" in rebuild(worked.model_copy(update={"engine": hasty})).stderr
        assert worker.stop() == 0
    end_suddenly(worked)
    dry = rebuild(worked, "--dry-run", "--out", str(tmp_path / "differences.jsonl"))
    assert dry.returncode == 0, dry.stderr
    assert told(worked) == ids(before)
    lines = (tmp_path / "differences.jsonl").read_text().splitlines()
    assert {json.loads(line)["id"] for line in lines} == ids(wanted)
    assert rebuild(worked).returncode == 0
    assert told(worked) == ids(before) | ids(wanted)
    if broker.kind != "embedded":  # that one deletes no records
        admin = AdminClient({"bootstrap.servers": worked.bootstrap_servers})
        for deleted in admin.delete_records([TopicPartition(worked.input.topic, 0, 100)]).values():
            deleted.result()
        refused = rebuild(worked)
        assert refused.returncode == 1
        assert "partition 0 begins at offset 100: the first records are gone" in refused.stderr
    again = rebuild(worked, "--archive", str(log), "--out", str(tmp_path / "again.jsonl"))
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "again.jsonl").read_text() == ""
    Path(worked.policy).write_text(BEFORE)
    refused = rebuild(worked, "--dry-run")
    assert refused.returncode == 1
    assert "the stored users were judged by version 2" in refused.stderr
    producing.produce(worked, log, 1, lambda _: None)  # all of it is known: duplicates and late events
    with under(worked, ASKS_MORE, tmp_path / "after.log") as worker:
        workers.wait_until(lambda: workers.has_committed_all(worked, PARTITIONS), "all is applied", 60)
        assert worker.stop() == 0
    assert told(worked) == ids(before) | ids(wanted)
