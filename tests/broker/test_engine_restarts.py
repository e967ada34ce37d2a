"""However workers come and go, what lies in the topics is what replay makes of the same events."""

from __future__ import annotations

import signal
from collections.abc import Callable
from pathlib import Path

import pytest

from stage_models import policy as policies
from streams import producing, topics
from streams.engine.failure import EXIT_CODE
from streams.policy_files import read_policy
from streams.settings import EngineSettings, Settings
from tests import workers
from tests.chaos.campaign import LOG, report
from tests.chaos.expected import Expected, replay
from tests.chaos.scenarios import Run
from tests.kafka.provider import Broker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

PARTITIONS = 4


@pytest.fixture(scope="module")
def wanted() -> Expected:
    return replay(policies.load(*read_policy("retail")), LOG, 1)


@pytest.fixture
def loaded(settings: Settings) -> Settings:
    """A deployment whose input holds the purchase log."""
    engine = EngineSettings(time="records", member_timeout_seconds=6.0, member_id="the-only-one")
    changed = settings.model_copy(update={"policy": "retail", "engine": engine})
    topics.create(changed, PARTITIONS, replication=1)
    producing.produce(changed, LOG, 1, lambda _: None)
    return changed


def stopped_and_started(run: Run) -> None:
    """SIGTERM in the middle, then another worker."""
    run.start("the first")
    run.reach(0.1)
    run.stop("the first")
    run.start("the second")


def killed_and_started(run: Run) -> None:
    """SIGKILL in the middle, then another worker."""
    run.start("the first")
    run.reach(0.1)
    run.kill("the first")
    run.start("the second")


def started_again_at_the_end(run: Run) -> None:
    """Everything is done; then one more worker finds nothing to do."""
    run.start("the first")
    run.reach(1.0)
    run.kill("the first")
    run.start("the second")
    run.reach_ready("the second")


@pytest.mark.parametrize("scenario", [stopped_and_started, killed_and_started, started_again_at_the_end])
def test_equals_replay(
    loaded: Settings, wanted: Expected, tmp_path: Path, scenario: Callable[[Run], None]
) -> None:
    run = Run(loaded, wanted, PARTITIONS, scenario.__name__, tmp_path / "worker.log", 120)
    run.play(scenario)
    assert run.problems.count == 0, report(run)


def test_second_worker_takes_its_share_and_gives_it_back(
    loaded: Settings, wanted: Expected, tmp_path: Path, broker: Broker
) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker moves a group on before its members have handed over")
    engine = loaded.engine.model_copy(update={"member_id": None})
    two = loaded.model_copy(update={"engine": engine})

    def scenario(run: Run) -> None:
        run.start("the first")
        run.reach(0.05)
        run.start("the second")
        run.reach_ready("the second")
        workers.wait_until(
            lambda: run.workers["the second"].metrics().get("stagestream_assigned_partitions") == 2,
            "the second has half of the partitions",
            30,
        )
        run.stop("the first")
        workers.wait_until(
            lambda: run.workers["the second"].metrics().get("stagestream_assigned_partitions") == PARTITIONS,
            "the second has all partitions",
            30,
        )

    run = Run(two, wanted, PARTITIONS, "two", tmp_path / "worker.log", 120)
    run.play(scenario)
    assert run.problems.count == 0, report(run)


def test_paused_worker_does_not_write_after_its_partitions_have_gone(
    loaded: Settings, wanted: Expected, tmp_path: Path, broker: Broker
) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker does not notice members that are silent")
    engine = loaded.engine.model_copy(update={"member_id": None})
    two = loaded.model_copy(update={"engine": engine})

    def scenario(run: Run) -> None:
        run.start("the paused")
        run.reach(0.05)
        paused = run.workers.pop("the paused")
        paused.process.send_signal(signal.SIGSTOP)
        try:
            run.start("the other")
            workers.wait_until(
                lambda: (
                    run.workers["the other"].metrics().get("stagestream_assigned_partitions") == PARTITIONS
                ),
                "the other has all partitions",
                40,
            )
            run.reach(0.3)
            paused.process.send_signal(signal.SIGCONT)
            workers.wait_until(lambda: not paused.is_running, f"the paused ends; {paused.said()}", 30)
            assert paused.process.returncode == EXIT_CODE
        finally:
            paused.kill()

    run = Run(two, wanted, PARTITIONS, "paused", tmp_path / "worker.log", 120)
    run.play(scenario)
    assert run.problems.count == 0, report(run)
