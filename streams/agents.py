"""The agent: what happens to a slice, read aloud: decode, advance, remember, observe."""

from __future__ import annotations

import time

from confluent_kafka import Message
from faust import App, StreamT

from stage_models.policy.compile import Policy
from streams.codec import decoder
from streams.dead_letters import Guard
from streams.engine import failure
from streams.engine.engine import Engine
from streams.engine.fetch import Slice
from streams.engine.partition import Partition
from streams.engine.transport import SliceSchema
from streams.metrics import Metrics
from streams.settings import Settings


def add_lifecycle(app: App, engine: Engine, settings: Settings, policy: Policy, metrics: Metrics) -> None:
    """Give the app its agent."""
    slices_of_events = app.topic(engine.topic, schema=SliceSchema(), acks=False)
    lifecycle = Lifecycle(engine, settings, policy, metrics)

    @app.agent(slices_of_events, name="lifecycle")
    async def move_users(slices: StreamT[Slice]) -> None:
        """Move every user of the slice as far as their events say; the outbox makes it durable behind us."""
        async for part in slices:
            try:
                await lifecycle.handle(part)
            except Exception as error:  # noqa: BLE001 -- Faust would restart the agent and go on behind the slice
                failure.die("a slice could not be handled", error, partition=part.partition)


class Lifecycle:
    """Handles slices."""

    def __init__(self, engine: Engine, settings: Settings, policy: Policy, metrics: Metrics) -> None:
        self._engine = engine
        self._decode = decoder(settings.input, policy.max_age_ms)
        self._guard = Guard(settings.dead_letters)
        self._metrics = metrics

    async def handle(self, part: Slice) -> None:
        """Apply the records of a slice, unless it was fetched for an older generation of the group."""
        started = time.perf_counter()
        partition = self._engine.partition_of(part)
        if partition is None:
            return
        if part.begin != partition.position:
            failure.die(
                "a slice was lost on its way to the agent",
                partition=part.partition,
                expected=partition.position,
                found=part.begin,
            )
        if partition.has_strangers:
            await self._engine.adopted(partition)
            if partition.is_closed:
                return
        decode, take = self._decode, partition.take
        for record in part.records:
            take(record, decode)
            if partition.is_full and not await self._has_room(partition, record):
                done = part.records[: part.records.index(record) + 1]
                self._observe(done, partition, time.perf_counter() - started)
                return
        partition.moved_to(part.end)
        self._observe(part.records, partition, time.perf_counter() - started)

    async def _has_room(self, partition: Partition, record: Message) -> bool:
        """Wait in the middle of a slice until the partition has room; False when it was handed over meanwhile."""
        offset: int = record.offset()  # type: ignore[assignment]  # a fetched record has one
        partition.moved_to(offset + 1)
        await self._engine.room(partition)
        return not partition.is_closed

    def _observe(self, records: list[Message], partition: Partition, seconds: float) -> None:
        notes = partition.take_notes()
        notes.records = len(records)
        if records:
            partition.newest_record_ms = records[-1].timestamp()[1]
            self._engine.progress += notes.records
        self._metrics.observe(notes, seconds)
        complaint = self._guard.complaint(notes.records, sum(notes.dead.values()), partition.dead_run)
        if complaint is not None:
            failure.die("the source is bad as a whole", complaint=complaint, partition=partition.number)
