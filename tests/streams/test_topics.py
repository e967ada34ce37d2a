"""Names and settings of topics, and what is said when there is no broker to ask."""

from __future__ import annotations

import os
import subprocess
import sys

from streams import topics
from streams.embedded import free_port
from streams.settings import Settings


def test_topics_are_named_after_prefix_and_app_id() -> None:
    named = topics.topics(Settings(app_id="ladder", topic_prefix="b2b.", input={"topics": "clicks"}))

    assert [topic.name for topic in named] == [
        "clicks",
        "b2b.transitions.v1",
        "b2b.current-stage.v1",
        "b2b.dead-letter.v1",
        "ladder-users-changelog",
    ]


def test_only_states_are_compacted() -> None:
    named = topics.topics(Settings())

    policies = {topic.name: topic.configs["cleanup.policy"] for topic in named}

    assert policies == {
        "product-events": "delete",
        "stagestream.transitions.v1": "delete",
        "stagestream.current-stage.v1": "compact",
        "stagestream.dead-letter.v1": "delete",
        "stagestream-users-changelog": "compact",
    }


def test_transitions_age_out_in_thirty_days_and_input_never() -> None:
    named = topics.topics(Settings())

    assert named.transitions.configs["retention.ms"] == "2592000000"
    assert named.input.configs["retention.ms"] == "-1"


def test_an_absent_broker_is_named_and_nothing_hangs() -> None:
    address = f"127.0.0.1:{free_port()}"
    code = "from streams import settings, topics; topics._PATIENCE_MS = 200; topics.check(settings.load())"
    # in a process of its own, because a client of kafka-python that finds no broker leaves its thread running
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "STAGESTREAM_BOOTSTRAP_SERVERS": address},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )

    assert answer.returncode == 1
    assert f"TopicsError: {address}" in answer.stderr
