"""Slices follow each other without a gap, and one that is missing ends the worker."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from types import SimpleNamespace

import pytest
from confluent_kafka import KafkaError, Message, TopicPartition

from stage_models.policy.compile import Policy
from streams.agents import Lifecycle
from streams.engine.failure import EXIT_CODE
from streams.engine.fetch import Fetch, Slice
from streams.engine.partition import Partition
from streams.metrics import Metrics
from streams.settings import Settings
from tests.streams.engine.conftest import TOPIC, MakeRecord


class Log:
    """A consumer that hands out what it is given."""

    def __init__(self, *batches: list[Message]) -> None:
        self._batches = list(batches)

    def get_watermark_offsets(self, partition: TopicPartition, timeout: float) -> tuple[int, int]:
        return 0, 1_000

    def assign(self, partitions: list[TopicPartition]) -> None:
        """Nothing to do: it hands out what it is given."""

    def consume(self, count: int, timeout: float) -> list[Message]:
        return self._batches.pop(0)


def end_at(offset: int) -> Message:
    return Message(topic=TOPIC, partition=3, offset=offset, error=KafkaError(KafkaError._PARTITION_EOF))


def taken(*batches: list[Message]) -> list[tuple[int, int, int]]:
    """Begin, number of records and end of the slices that come of the batches."""

    async def take() -> list[Slice]:
        fetch = Fetch(Log(*batches), TOPIC, slice_records=2)  # type: ignore[arg-type]  # all that is asked of it
        await fetch.start({3: 5})
        return [part for _ in batches for part in await fetch.take(1)]

    return [(part.begin, len(part.records), part.end) for part in asyncio.run(take())]


def records(make: MakeRecord, *offsets: int) -> list[Message]:
    return [make(offset, "ada", "2026-01-01T10:00:00Z") for offset in offsets]


def test_each_slice_begins_where_the_one_before_it_ended(record: MakeRecord) -> None:
    batches = [records(record, 5, 6, 9), records(record, 12)]
    assert taken(*batches) == [(5, 2, 7), (7, 1, 10), (10, 1, 13)]


def test_end_behind_markers_is_a_slice_of_its_own(record: MakeRecord) -> None:
    assert taken([*records(record, 5), end_at(8)]) == [(5, 1, 6), (6, 0, 8)]


def test_end_that_records_have_overtaken_takes_the_position_nowhere(record: MakeRecord) -> None:
    assert taken([end_at(5), *records(record, 5, 6)]) == [(5, 2, 7)]


def test_slice_that_is_missing_ends_the_worker(
    make_partition: Callable[..., Partition],
    policy: Policy,
    settings: Settings,
    record: MakeRecord,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)
    partition = make_partition()
    engine = SimpleNamespace(partition_of=lambda _: partition, progress=0)
    lifecycle = Lifecycle(engine, settings, policy, Metrics(settings, policy))  # type: ignore[arg-type]  # as above
    asyncio.run(lifecycle.handle(Slice(1, 3, records(record, 0, 1), 0, 2)))
    assert partition.position == 2
    with pytest.raises(SystemExit) as ended:
        asyncio.run(lifecycle.handle(Slice(1, 3, records(record, 4), 4, 5)))
    assert ended.value.code == EXIT_CODE
    assert partition.position == 2
