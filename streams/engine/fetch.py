"""The bytes: librdkafka fetches exactly the partitions that this generation was given, in one thread.

It fetches ahead by itself into a bounded queue; `take` hands over what is there, cut into slices of one partition.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import msgspec
from confluent_kafka import Consumer, KafkaError, Message, TopicPartition

from streams.engine import failure

_WAIT_SECONDS = 0.1
_ASK_SECONDS = 30.0

T = TypeVar("T")


class Slice(msgspec.Struct, gc=False, frozen=True):
    """Consecutive records of one partition, fetched for one generation of the group.

    It may be empty: then it only says that the partition ends at `end`, behind records that are none of ours
    (the markers of transactions).
    """

    generation: int
    partition: int
    records: list[Message]
    begin: int  # where the slice before it ended, or where fetching began
    end: int  # the offset behind the last record


class Fetch:
    """Fetches the records of one topic."""

    def __init__(self, consumer: Consumer, topic: str, slice_records: int) -> None:
        self._consumer = consumer
        self._topic = topic
        self._slice_records = slice_records
        self._next: dict[int, int] = {}  # partition -> where its next slice begins
        self._thread = ThreadPoolExecutor(1, "stagestream-fetch")

    async def log_start(self, number: int) -> int:
        """The first offset of the partition that the log still holds."""
        low, _ = await self._bounds(number)
        return low

    async def start(self, positions: dict[int, int]) -> None:
        """Fetch these partitions from these offsets on, and nothing else.

        A position outside the log ends the process: what lies between would be passed over.
        """
        for number, position in positions.items():
            self._ensure_in_log(number, position, *await self._bounds(number))
        self._next = dict(positions)
        assignment = [TopicPartition(self._topic, number, offset) for number, offset in positions.items()]
        await self._in_thread(lambda: self._consumer.assign(assignment))

    async def stop(self) -> None:
        """Fetch nothing."""
        await self._in_thread(self._consumer.unassign)

    async def take(self, generation: int) -> list[Slice]:
        """What has arrived, in slices; waits at most 0.1 s for it."""
        messages = await self._in_thread(
            lambda: self._consumer.consume(2 * self._slice_records, _WAIT_SECONDS)
        )
        by_partition: dict[int, list[Message]] = {}
        ends: dict[int, int] = {}
        for message in messages:
            number: int = message.partition()  # type: ignore[assignment]  # a fetched record has both
            offset: int = message.offset()  # type: ignore[assignment]
            if (error := message.error()) is not None:
                if error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 -- its public name
                    failure.die("the input cannot be read", topic=self._topic, error_text=str(error))
                ends[number] = offset
                continue
            records = by_partition.get(number)
            if records is None:
                records = by_partition[number] = []
            records.append(message)
        slices = [
            part
            for number, records in by_partition.items()
            for part in self._cut(generation, number, records)
        ]
        for number, end in ends.items():
            if end > self._next[number]:  # otherwise the records behind that end have come with it
                slices.append(self._slice(generation, number, [], end))
        return slices

    def _cut(self, generation: int, number: int, records: list[Message]) -> Iterator[Slice]:
        for start in range(0, len(records), self._slice_records):
            part = records[start : start + self._slice_records]
            last: int = part[-1].offset()  # type: ignore[assignment]  # a fetched record has one
            yield self._slice(generation, number, part, last + 1)

    def _slice(self, generation: int, number: int, records: list[Message], end: int) -> Slice:
        begin, self._next[number] = self._next[number], end
        return Slice(generation, number, records, begin, end)

    async def _bounds(self, number: int) -> tuple[int, int]:
        partition = TopicPartition(self._topic, number)
        return await self._in_thread(
            lambda: self._consumer.get_watermark_offsets(partition, timeout=_ASK_SECONDS)
        )

    def _ensure_in_log(self, number: int, position: int, low: int, high: int) -> None:
        where: dict[str, Any] = {"topic": self._topic, "partition": number, "position": position}
        if position < low:
            failure.die(
                "records were deleted before they were applied; the worker does not pass over a gap",
                log_start=low,
                lost_records=low - position,
                **where,
            )
        if position > high:
            failure.die(
                "the input topic ends before the position: it was deleted and made anew",
                log_end=high,
                **where,
            )

    async def _in_thread(self, work: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
