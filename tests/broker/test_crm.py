"""The CRM example: each transition is applied once, whatever comes twice."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import msgspec
import pytest

from stage_models.transitions import Action, Evidence, PolicyRef, Transition
from streams import topics
from streams.codec.transitions import encode_transition
from streams.embedded import leashed
from streams.engine.clients import producer
from streams.settings import PREFIX, Settings

pytestmark = [pytest.mark.broker, pytest.mark.timeout(90)]

CONSUMER = Path(__file__).parents[2] / "examples" / "crm_consumer.py"
ENTERED = Transition(
    id="e48fb60d-657d-58ca-b947-6a3887bb675c",
    kind="segment.entered",
    user_id="u_1",
    group_id=None,
    sequence=1,
    segment="second-basket",
    cause="time",
    corrects=[],
    event=None,
    effective_at=0,
    previous_entered_at=None,
    next_check_at=None,
    evidence=[Evidence("rule", "no order for 21 days", 0, 0, [], [])],
    stage="signup",
    segments=[],
    highest_stage="signup",
    action=Action("voucher", "Send a voucher", None),
    policy=PolicyRef("retail", 1, "0" * 16),
    consent={},
)


def change(sequence: int, text: str | None, corrects: tuple[str, ...] = ()) -> Transition:
    action = None if text is None else Action("a", text, None)
    return msgspec.structs.replace(ENTERED, sequence=sequence, action=action, corrects=list(corrects))


def wait_for(log: Path, text: str, seconds: float = 60) -> str:
    """What was said once the text is in it."""
    deadline = time.monotonic() + seconds
    while text not in (said := log.read_text()):
        assert time.monotonic() < deadline, said
        time.sleep(0.1)
    return said


def test_doubles_and_old_sequences_are_skipped_and_the_rest_is_sent_once(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(PREFIX + "BOOTSTRAP_SERVERS", settings.bootstrap_servers)
    monkeypatch.setenv(PREFIX + "TOPIC_PREFIX", settings.topic_prefix)
    topics.create(settings, 1, replication=1)
    client = producer(settings)
    for move in (
        change(1, "Send a voucher"),
        change(1, "Send a voucher"),  # a double
        change(2, None),  # left: nothing to send
        change(1, "Send a voucher"),  # of a paused process
        change(3, "Say hello", (ENTERED.id,)),
    ):
        client.produce(
            topics.topics(settings).transitions.name,
            key=b"u_1",
            value=encode_transition(move, 0, replay=False),
        )
    assert client.flush(30) == 0
    log = tmp_path / "crm.log"
    with leashed([sys.executable, str(CONSUMER)], log):
        said = wait_for(log, "Say hello").splitlines()
    assert said == [
        "u_1: Send a voucher [a, 1970-01-01T00:00:00.000Z: no order for 21 days]",
        f"u_1: cancel what has not been sent of {ENTERED.id}",
        "u_1: Say hello [a, 1970-01-01T00:00:00.000Z: no order for 21 days]",
    ]
