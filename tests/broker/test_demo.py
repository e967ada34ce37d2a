"""The demo as a newcomer sees it: one command, real figures, a proof, and an end."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from streams.settings import PREFIX
from tests.kafka.provider import Broker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]


def demo(broker: Broker, folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    environment |= {
        PREFIX + "BOOTSTRAP_SERVERS": broker.bootstrap_servers,
        "COLUMNS": "150",
        "TMPDIR": str(folder),
    }
    return subprocess.run(
        [sys.executable, "-m", "streams", "demo", *options],
        capture_output=True,
        text=True,
        timeout=170,
        env=environment,
        check=False,
    )


def test_the_demo_shows_real_moves_with_reasons_and_proves_that_replay_agrees(
    broker: Broker, tmp_path: Path
) -> None:
    result = demo(broker, tmp_path)
    assert result.returncode == 0, result.stdout + result.stderr
    said = result.stdout
    for expected in (
        broker.bootstrap_servers,
        "5 created, 4 partitions",
        "19,725 events in",
        "events per second",
        "moves between stages",
        "users at the end",
        "u_",
        "the topic holds exactly what replay computes: 6,599 transitions, same ids",
        "transitions.v1",
        "/metrics",
    ):
        assert expected in said
    sent = said[said.index("the CRM consumer would send") : said.index("proof")]
    assert sent.count("u_") == 3
    words = said[said.index("five transitions in words") : said.index("the CRM consumer")]
    assert words.count("because") + words.count("after Order Completed") == 5
    assert list(tmp_path.iterdir()) == []


def test_the_demo_fails_when_the_topic_does_not_hold_what_replay_computes(
    broker: Broker, tmp_path: Path
) -> None:
    result = demo(broker, tmp_path, "--seconds", "0")
    assert result.returncode == 1
    assert "proof failed" in result.stdout
    assert "are missing" in result.stdout
