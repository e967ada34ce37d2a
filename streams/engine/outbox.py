"""The order in which things become durable, and the proof that each of them did.

One flush cycle, over all partitions at once; the next begins when this one is confirmed:

1. a snapshot of what changed, and of the position P behind the last applied record;
2. dead letters, acked;
3. changelog: one record per changed user, with what he still has to tell, acked;
4. transitions and current-stage, acked;
5. the position record of each partition: P, and the changelog offset before which everything is told.

Whatever is written twice after a crash is written with the same ids; nothing is ever passed over: a record that the
broker does not take ends the process.

Two guards against a process that was paused and writes after its partitions have gone to somebody else. It asks the
membership before each step, and ends. And should it have handed something over before: each ack tells where the record
lies, so the present owner sees a hole between two of its own records, reads it, and writes again every user in it.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import NamedTuple

import structlog
from confluent_kafka import KafkaError, Message, Producer

from stage_models.policy.compile import Policy
from streams.codec.cloudevents import Headers
from streams.codec.stored import (
    FENCE_KEY,
    POSITION_KEY,
    Position,
    encode_position,
    encode_shape,
    shape_key,
)
from streams.engine import failure
from streams.engine.partition import Batch, Partition
from streams.metrics import PRODUCE_ERRORS, STALE_WRITES, Metrics
from streams.topics import Topics

UsersBetween = Callable[[int, int, int], set[str]]
"""The users who have a record in a changelog partition from one offset up to another. Blocks."""

OnDelivery = Callable[[KafkaError | None, Message], None]
Batches = Sequence[tuple[Partition, Batch]]


class Outgoing(NamedTuple):
    """A record for the producer."""

    topic: str
    partition: int
    key: bytes | None
    value: bytes | None
    headers: Headers
    on_delivery: OnDelivery


_BY_KEY = -1  # the producer chooses the partition
_POSITION_SECONDS = 60.0  # at least so often a position record is written, so that a hole is found in time
_ROUND = 1_000  # records handed over between two looks at the event loop
_POLL_SECONDS = 0.002

log = structlog.get_logger("stagestream.engine.outbox")


class Outbox:
    """The engine's producer. `ensure_ours` ends the process when the partitions may have gone to somebody else."""

    def __init__(
        self,
        producer: Producer,
        topics: Topics,
        policy: Policy,
        metrics: Metrics,
        ensure_ours: Callable[[], None],
        users_between: UsersBetween,
    ) -> None:
        self._producer = producer
        self._topics = topics
        self._policy = policy
        self._metrics = metrics
        self._ensure_ours = ensure_ours
        self._users_between = users_between
        self._unacked = 0
        self._source_id: str | None = None
        self._changelog_ends: dict[int, int] = {}  # partition -> changelog offset behind our newest record
        self._holes: list[tuple[int, int, int]] = []  # partition, from, to: written by somebody else
        self._written_at: dict[int, float] = {}  # partition -> when its position was last confirmed

    async def flush(self, partitions: Sequence[Partition]) -> None:
        """One cycle. Returns when everything that had changed before is durable and told."""
        now = time.monotonic()
        due = now - _POSITION_SECONDS
        batches = [
            (partition, partition.snapshot())
            for partition in partitions
            if partition.has_news or self._written_at.setdefault(partition.number, now) < due
        ]
        if not batches:
            return
        await self._send(self._dead(batches))
        started = time.monotonic()
        await self._send(self._changelog(batches))
        stored = time.monotonic()
        await self._send(self._transitions(batches))
        told = time.monotonic()
        await self._send(self._positions(batches))
        for partition, batch in batches:
            partition.confirm(batch)
            self._written_at[partition.number] = told
        await self._heal({partition.number: partition for partition, _ in batches})
        self._metrics.observe_flush(stored - started, told - stored)

    async def fence(self, numbers: Sequence[int], token: bytes, source_id: str | None) -> dict[int, int]:
        """Write our shape and a fence into the changelog partitions: partition -> the fence's offset, up to which
        recovery reads.

        `source_id` is the input topic's, for the position records from here on.
        """
        self._source_id = source_id
        for number in numbers:
            self._changelog_ends.pop(number, None)
        topic = self._topics.changelog.name
        shape = self._policy.shape
        records = [(shape_key(shape), encode_shape(shape)), (FENCE_KEY, token)]
        await self._send(
            Outgoing(topic, number, key, value, [], self._on_changelog)
            for number in numbers
            for key, value in records
        )
        return {number: self._changelog_ends[number] - 1 for number in numbers}

    def _dead(self, batches: Batches) -> Iterator[Outgoing]:
        topic, on_delivery = self._topics.dead_letter.name, self._on_delivery
        for _, batch in batches:
            for letter in batch.dead:
                yield Outgoing(topic, _BY_KEY, letter.key, letter.value, letter.headers, on_delivery)

    def _changelog(self, batches: Batches) -> Iterator[Outgoing]:
        topic, on_delivery = self._topics.changelog.name, self._on_changelog
        for partition, batch in batches:
            for user_id, value in batch.users:
                yield Outgoing(topic, partition.number, user_id.encode(), value, [], on_delivery)

    def _transitions(self, batches: Batches) -> Iterator[Outgoing]:
        topic, on_delivery = self._topics.transitions.name, self._on_delivery
        current_stage = self._topics.current_stage.name
        for partition, batch in batches:
            number = partition.number
            for tale in batch.tales:
                key = tale.user_id.encode()
                for news in tale.waiting:
                    yield Outgoing(topic, number, key, news.value, news.headers, on_delivery)
                if tale.current is not None:
                    yield Outgoing(
                        current_stage, number, key, tale.current, tale.current_headers, on_delivery
                    )

    def _positions(self, batches: Batches) -> Iterator[Outgoing]:
        topic, on_delivery = self._topics.changelog.name, self._on_changelog
        for partition, batch in batches:
            number = partition.number
            partition.delivered = self._changelog_ends.get(number, partition.delivered)
            record = Position(
                position=batch.position,
                delivered=partition.delivered,
                watermark=batch.watermark,
                policy=self._policy.name,
                version=self._policy.version,
                fingerprint=self._policy.fingerprint,
                source_id=self._source_id,
                quarantined=batch.quarantined,
            )
            yield Outgoing(topic, number, POSITION_KEY, encode_position(record), [], on_delivery)

    async def _heal(self, partitions: dict[int, Partition]) -> None:
        """Write again, with the next flush, every user whose record somebody else's may shadow."""
        holes, self._holes = self._holes, []
        for number, start, end in holes:
            user_ids = await asyncio.to_thread(self._users_between, number, start, end)
            log.warning(
                "somebody else wrote into our changelog", partition=number, offset=start, users=len(user_ids)
            )
            STALE_WRITES.inc(len(user_ids))
            if partition := partitions.get(number):
                for user_id in user_ids:
                    partition.rewrite(user_id)

    async def _send(self, records: Iterable[Outgoing]) -> None:
        """Hand the records to the producer, in rounds so that slices go on, and return when all are acked."""
        self._ensure_ours()
        produce = self._producer.produce
        for count, (topic, partition, key, value, headers, on_delivery) in enumerate(records, 1):
            while True:
                try:
                    produce(topic, value, key, partition, on_delivery, headers=headers)  # type: ignore[arg-type]
                    break
                except BufferError:
                    self._producer.poll(0)
                    await asyncio.sleep(_POLL_SECONDS)
            self._unacked += 1
            if count % _ROUND == 0:
                self._producer.poll(0)
                await asyncio.sleep(0)
                self._ensure_ours()
        while self._unacked:
            self._producer.poll(0)
            await asyncio.sleep(_POLL_SECONDS)

    def _on_delivery(self, error: KafkaError | None, message: Message) -> None:
        if error is not None:
            PRODUCE_ERRORS.labels(message.topic() or "").inc()
            failure.die("a record was not taken by the broker", topic=message.topic(), error_text=str(error))
        self._unacked -= 1

    def _on_changelog(self, error: KafkaError | None, message: Message) -> None:
        self._on_delivery(error, message)
        number: int = message.partition()  # type: ignore[assignment]  # a delivered record has both
        offset: int = message.offset()  # type: ignore[assignment]
        expected = self._changelog_ends.get(number, offset)
        if offset > expected:
            self._holes.append((number, expected, offset))
        self._changelog_ends[number] = offset + 1
