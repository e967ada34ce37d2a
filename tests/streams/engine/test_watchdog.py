"""Rather dead than stuck."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest

from streams.engine.membership import Membership
from streams.engine.watchdog import Watchdog

PATIENCE = 100.0


@pytest.fixture
def engine() -> SimpleNamespace:
    """What the watchdog looks at in an engine that works."""
    return SimpleNamespace(membership=Membership(15.0), is_behind=False, progress=0)


def watchdog(engine: SimpleNamespace) -> Watchdog:
    return Watchdog(engine, PATIENCE)  # type: ignore[arg-type]  # it looks at these three things only


def test_idle_worker_is_left_alone(engine: SimpleNamespace) -> None:
    dog = watchdog(engine)
    assert dog.complaint(time.monotonic()) is None


def test_loop_that_stands_still_is_noticed(engine: SimpleNamespace) -> None:
    dog = watchdog(engine)
    assert dog.complaint(time.monotonic() + PATIENCE + 1) == "the event loop stands still"


def test_dead_member_thread_is_noticed(engine: SimpleNamespace) -> None:
    dog = watchdog(engine)
    engine.membership.thread_beat_at -= PATIENCE + 1
    assert dog.complaint(time.monotonic()) == "the member's thread is dead"


def test_lag_without_progress_is_noticed(engine: SimpleNamespace) -> None:
    dog = watchdog(engine)
    engine.is_behind = True
    start = time.monotonic()
    assert dog.complaint(start) is None
    dog._loop_beat_at = engine.membership.thread_beat_at = start + PATIENCE
    assert dog.complaint(start + PATIENCE + 1) == "no progress though there is something to do"


def test_lag_with_progress_is_left_alone(engine: SimpleNamespace) -> None:
    dog = watchdog(engine)
    engine.is_behind = True
    start = time.monotonic()
    for step in range(5):
        engine.progress += 1
        now = start + step * (PATIENCE - 1)
        dog._loop_beat_at = engine.membership.thread_beat_at = now
        assert dog.complaint(now) is None


def test_process_that_was_asked_to_end_and_does_not_is_noticed(engine: SimpleNamespace) -> None:
    dog = watchdog(engine)
    dog.stop()
    assert dog.complaint(time.monotonic() + PATIENCE - 1) is None
    assert dog.complaint(time.monotonic() + PATIENCE + 1) == "the process was asked to end and does not"
