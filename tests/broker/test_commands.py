"""The commands that need a broker, from the first topic to the last line of `tail`."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from stage_models.policy import load
from streams import topics
from streams.cli import app
from streams.engine.clients import producer
from streams.event_files import Line, read_lines
from streams.history import History
from streams.policy_files import read_policy
from streams.settings import Settings
from tests import workers

pytestmark = pytest.mark.broker

Run = Callable[..., Result]


@pytest.fixture
def run(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    """A command of the deployment that the settings describe."""
    for name, value in workers.environment(settings).items():
        monkeypatch.setenv(name, value)
    return lambda *arguments: CliRunner().invoke(app, [str(argument) for argument in arguments])


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "events.jsonl"
    events = [("ann", "Campaign Sent"), ("bob", "Order Completed"), ("ann", "Order Completed")]
    path.write_text(
        "\n".join(
            json.dumps({"userId": user, "event": name, "timestamp": f"2026-01-0{day}T10:00:00Z"})
            for day, (user, name) in enumerate(events, 1)
        )
    )
    return path


def test_topics_are_created_once_and_then_fit(run: Run) -> None:
    assert run("topics", "check").exit_code == 1
    created = run("topics", "create", "--partitions", 2, "--replication", 1)
    assert (created.exit_code, created.stderr.count("created")) == (0, 5)
    assert "all topics are there" in run("topics", "create").stderr
    assert "the topics fit: 2 partitions" in run("topics", "check").stderr


def test_produce_counts_what_it_wrote(run: Run, log: Path) -> None:
    assert run("produce", log).exit_code == 1
    run("topics", "create", "--partitions", 2, "--replication", 1)
    result = run("produce", log, "--repeat", 2)
    assert (result.exit_code, "6 records in" in result.stderr) == (0, True)


def test_tail_prints_the_transitions_of_everybody_or_of_one(run: Run, settings: Settings, log: Path) -> None:
    run("topics", "create", "--partitions", 1, "--replication", 1)
    tell(settings, list(read_lines([log])))
    everybody = run("tail", "--from-start", "--no-follow").stdout.splitlines()
    assert [line.split(": ")[0] for line in everybody] == [
        "2026-01-01 10:00:00  ann began as signup  after Campaign Sent",
        "2026-01-02 10:00:00  bob began as activated  after Order Completed",
        "2026-01-03 10:00:00  ann moved up from signup to activated  after Order Completed",
    ]
    assert len(run("tail", "--from-start", "--no-follow", "--user", "ann").stdout.splitlines()) == 2
    assert len(run("tail", "--from-start", "--limit", "1").stdout.splitlines()) == 1


def tell(settings: Settings, lines: list[Line]) -> None:
    """Write the transitions of a history to the topic, as a worker would."""
    history = History(load(*read_policy("retail")), settings.input)
    client = producer(settings)
    for line in lines:
        for move in history.feed(line):
            client.produce(
                topics.topics(settings).transitions.name, history.written(move, line.time_ms), move.user_id
            )
    assert client.flush(30) == 0
