"""When time may act: each mode, and the order of looking."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future
from types import SimpleNamespace
from typing import Any

import pytest
from confluent_kafka import TopicPartition
from confluent_kafka.admin._listoffsets import MaxTimestampSpec, OffsetSpec

from stage_models.instants import HOUR, MINUTE
from stage_models.policy.compile import Policy
from streams.engine.watermark import Promise, Watermarks
from streams.settings import EngineSettings

NOW_MS = 1_800_000_000_000
LATENESS_MS = 10 * MINUTE

MakeWatermarks = Callable[[str], Watermarks]


class Log:
    """An input topic as an admin client shows it, and the clocks beside it."""

    def __init__(self) -> None:
        self.records: dict[int, list[int]] = {0: [], 1: []}  # partition -> record times
        self.seconds = 0.0
        self.asked: list[str] = []

    def list_offsets(
        self, asked: dict[TopicPartition, OffsetSpec], **_: Any
    ) -> dict[TopicPartition, Future[Any]]:
        answers = {}
        for partition, spec in asked.items():
            times = self.records[partition.partition]
            is_newest = isinstance(spec, MaxTimestampSpec)
            self.asked.append("newest" if is_newest else "end")
            found = SimpleNamespace(offset=len(times), timestamp=-1)
            if is_newest:
                found = SimpleNamespace(offset=len(times) - 1, timestamp=max(times, default=-1))
            answer: Future[Any] = Future()
            answer.set_result(found)
            answers[partition] = answer
        return answers


@pytest.fixture
def log() -> Log:
    return Log()


@pytest.fixture
def make(log: Log, policy: Policy) -> MakeWatermarks:
    def make_watermarks(mode: str) -> Watermarks:
        return Watermarks(
            log,  # type: ignore[arg-type]  # all that is asked of it
            "events",
            EngineSettings.model_validate({"time": mode}),
            policy,
            wall_clock=lambda: NOW_MS / 1_000 + log.seconds,
            steady_clock=lambda: log.seconds,
        )

    return make_watermarks


def test_wall_clock_less_the_allowed_lateness_while_records_come(log: Log, make: MakeWatermarks) -> None:
    log.records = {0: [NOW_MS - MINUTE], 1: []}
    assert make("freeze").look(2) == {
        0: Promise(NOW_MS - LATENESS_MS, 1),
        1: Promise(NOW_MS - LATENESS_MS, 0),
    }


def test_time_stands_still_when_nothing_is_young(log: Log, make: MakeWatermarks) -> None:
    log.records = {0: [NOW_MS - HOUR - 1], 1: [NOW_MS - 2 * HOUR]}
    assert make("freeze").look(2) == {0: Promise(None, 1), 1: Promise(None, 1)}


def test_one_partition_that_lives_keeps_time_going_for_all(log: Log, make: MakeWatermarks) -> None:
    log.records = {0: [NOW_MS - 30 * HOUR], 1: [NOW_MS - MINUTE]}
    assert make("freeze").look(2)[0].watermark == NOW_MS - LATENESS_MS


def test_empty_topic_is_frozen(make: MakeWatermarks) -> None:
    assert make("freeze").look(2)[0].watermark is None


def test_wall_never_freezes(make: MakeWatermarks) -> None:
    assert make("wall").look(2)[1].watermark == NOW_MS - LATENESS_MS


def test_freezing_is_looked_up_every_few_seconds_only(log: Log, make: MakeWatermarks) -> None:
    watermarks = make("freeze")
    for _ in range(10):
        watermarks.look(2)
        log.seconds += 0.25
    assert log.asked.count("newest") == 2
    assert log.asked.count("end") == 20


def test_records_mode_takes_the_newest_record_of_the_own_partition(log: Log, make: MakeWatermarks) -> None:
    log.records = {0: [5 * HOUR, 3 * HOUR], 1: [9 * HOUR]}
    assert make("records").look(2) == {
        0: Promise(5 * HOUR - LATENESS_MS, 2),
        1: Promise(9 * HOUR - LATENESS_MS, 1),
    }


def test_records_mode_takes_the_newest_of_all_once_nothing_is_appended_anywhere(
    log: Log, make: MakeWatermarks
) -> None:
    log.records = {0: [5 * HOUR], 1: [9 * HOUR]}
    watermarks = make("records")
    watermarks.look(2)
    log.seconds += 4.9
    assert watermarks.look(2)[0].watermark == 5 * HOUR - LATENESS_MS
    log.records[1].append(9 * HOUR)
    log.seconds += 0.2
    assert watermarks.look(2)[0].watermark == 5 * HOUR - LATENESS_MS
    log.seconds += 5.0
    assert watermarks.look(2)[0].watermark == 9 * HOUR - LATENESS_MS


@pytest.mark.parametrize("mode", ["freeze", "records"])
def test_ends_are_asked_for_after_the_newest_record_times(log: Log, make: MakeWatermarks, mode: str) -> None:
    make(mode).look(2)
    assert log.asked == ["newest", "newest", "end", "end"]
