"""The chaos run in short: the scenarios of `make chaos` on a shorter log, with a fixed seed."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.chaos.campaign import campaign, report
from tests.kafka.provider import Broker

pytestmark = [pytest.mark.broker, pytest.mark.chaos, pytest.mark.timeout(300)]

REPEAT = 5
SEED = 1


def test_workers_that_are_killed_join_and_leave_write_what_replay_computes(
    broker: Broker, tmp_path: Path
) -> None:
    if broker.kind == "embedded":
        pytest.skip("the embedded broker does not notice members that die; Apache Kafka needs Java and Maven")
    for run in campaign(broker, tmp_path, repeat=REPEAT, seed=SEED, limit_seconds=120, say=print):
        assert run.problems.count == 0, report(run)
