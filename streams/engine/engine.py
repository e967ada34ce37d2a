"""Taking over and handing over partitions, and what goes on in between.

    given by the group -> fence, recovery, fetching  = taken over: slices, ticks and flushes
    the group moves    -> no more slices, one bounded flush, commit, forget  = handed over

All of it lives on the event loop; what blocks (recovery, looking at offsets) runs in a thread. Whatever goes wrong
here ends the process: see `failure`.
"""

from __future__ import annotations

import asyncio
import gc
import time
from collections.abc import Awaitable, Callable, Sequence
from contextlib import closing
from uuid import uuid4

import structlog
from confluent_kafka import KafkaException

from stage_models.policy.compile import Policy
from streams import metrics as m
from streams.engine import clients, failure
from streams.engine.fetch import Fetch, Slice
from streams.engine.homes import home_of
from streams.engine.membership import NOT_A_MEMBER, Membership
from streams.engine.outbox import Outbox
from streams.engine.outputs import Outputs
from streams.engine.owners import owner_of
from streams.engine.partition import Partition, new_partition
from streams.engine.policy_changes import changes_to
from streams.engine.recovery import (
    CancelledError,
    Recovered,
    ensure_source,
    recover,
    users_between,
)
from streams.engine.watermark import Promise, Watermarks
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topics import Layout, TopicsError, check, topics

Commit = Callable[[dict[int, int]], Awaitable[bool]]
"""Commits positions by partition to the group, and says whether that succeeded; never raises, never takes long."""

_FLUSH_PAUSE_SECONDS = 0.05
_LOOK_SECONDS = 0.25
_RETRY_SECONDS = 2.0
_TICK_ROUND_USERS = 500
_FULL_SECONDS = 0.005

log = structlog.get_logger("stagestream.engine")


class Engine:
    """The partitions that this worker holds, and everything that is done with them."""

    def __init__(self, settings: Settings, policy: Policy, metrics: Metrics) -> None:
        self.topic = settings.input.topic
        self.membership = Membership(settings.engine.member_timeout_seconds)
        self.partitions: dict[int, Partition] = {}
        self.has_taken_over = False
        self.was_ready = False
        self.progress = (
            0  # grows with every record that is recovered or applied; the watchdog looks whether it moves
        )
        self._settings = settings
        self._policy = policy
        self._metrics = metrics
        self._topics = topics(settings)
        self._outputs = Outputs(settings, policy)
        self._fetch = Fetch(clients.fetcher(settings), self.topic, settings.engine.slice_records)
        self._outbox = Outbox(
            clients.producer(settings), self._topics, policy, metrics, self._ensure_ours, self._users_between
        )
        self._admin = clients.admin(settings)
        self._watermarks = Watermarks(self._admin, self.topic, settings.engine, policy)
        self._promises: dict[int, Promise] = {}
        self._given: frozenset[int] | None = None
        self._generation = NOT_A_MEMBER
        self._turn = 0  # grows whenever the group gives or takes
        self._flushing = asyncio.Lock()
        self._lag_records = 0
        self._committed: dict[int, int] = {}
        self._committed_at = time.monotonic()
        self._layout: Layout | None = None

    @property
    def has_assignment(self) -> bool:
        """Whether the group has settled and told us what is ours."""
        return self._given is not None

    @property
    def is_behind(self) -> bool:
        """Whether there is something to do: a recovery, or records that are not applied."""
        return self.has_assignment and (not self.has_taken_over or self._lag_records > 0)

    # --- partitions come and go

    def give(self, numbers: set[int], generation: int) -> None:
        """The group gives us these partitions."""
        self._turn += 1
        self._given = frozenset(numbers)
        self._generation = generation
        self.has_taken_over = False
        m.REBALANCES.inc()
        log.info("partitions given", partitions=sorted(numbers), generation=generation)

    async def take_over(self) -> None:
        """Recover what we were given and begin to fetch it; on failure try again with the next call."""
        turn, numbers, started = self._turn, sorted(self._given or ()), time.monotonic()
        try:
            partitions = await self._recover(turn, numbers)
            positions = {number: partition.position for number, partition in partitions.items()}
            await self._fetch.start(positions)
        except CancelledError:
            return
        except KafkaException as error:
            log.warning("recovery failed; trying again", error_text=str(error))
            await asyncio.sleep(_RETRY_SECONDS)
            return
        if turn != self._turn:
            return
        self.partitions = partitions
        self._promises = {}
        self.has_taken_over = self.was_ready = True
        self._committed = {}
        _spare_the_collector()
        m.READY.set(1)
        m.RECOVERY_DURATION.observe(time.monotonic() - started)
        users = sum(len(partition.users) for partition in partitions.values())
        log.info(
            "partitions taken over",
            partitions=numbers,
            users=users,
            seconds=round(time.monotonic() - started, 2),
        )

    async def hand_over(self, commit: Commit) -> None:
        """Stop taking slices, make durable what we have in one bounded flush, commit, and let go."""
        self._turn += 1
        self._given = None
        self.has_taken_over = False
        m.READY.set(0)
        partitions, self.partitions = self.partitions, {}
        if not partitions:
            return
        for partition in partitions.values():
            partition.is_closed = True
        limit_seconds = self._settings.engine.member_timeout_seconds / 2
        try:
            await asyncio.wait_for(self._flush(list(partitions.values())), limit_seconds)
        except TimeoutError:
            failure.die("the last flush before handing over was not confirmed in time", seconds=limit_seconds)
        await commit({number: partition.position for number, partition in partitions.items()})
        await self._fetch.stop()
        self._lag_records = 0
        for number in partitions:
            self._metrics.forget(number)
        self._metrics.observe_state([])
        log.info("partitions handed over", partitions=sorted(partitions))

    async def _recover(self, turn: int, numbers: list[int]) -> dict[int, Partition]:
        layout = self._layout = self._layout or await self._check_topics()
        if turn != self._turn:  # the group moved on meanwhile: a fence of ours would be a stranger's
            raise CancelledError
        if not numbers:
            return {}
        fences = await self._outbox.fence(numbers, uuid4().bytes, layout.input_id)
        consumer = clients.fetcher(self._settings)
        try:
            recovered = await asyncio.to_thread(
                recover,
                consumer,
                self._topics.changelog.name,
                fences,
                lambda: turn != self._turn,
                self._observe_recovery,
            )
        finally:
            await asyncio.to_thread(consumer.close)
        m.RECOVERY_REMAINING.set(0)
        return {number: await self._resume(number, state, layout) for number, state in recovered.items()}

    def _observe_recovery(self, read: int, remaining: int) -> None:
        self.progress += read
        m.RECOVERY_REMAINING.set(remaining)

    async def _check_topics(self) -> Layout:
        try:
            return await asyncio.to_thread(check, self._settings)
        except TopicsError as error:
            failure.die("the topics cannot be used", problems=error.problems)

    async def _resume(self, number: int, state: Recovered, layout: Layout) -> Partition:
        changes = changes_to(self._policy, number, state, start_from_now=self._settings.engine.start_from_now)
        ensure_source(layout.input_id, self.topic, number, state)
        partition = new_partition(self._settings, layout, self._policy, self._outputs, number)
        record = state.position
        start, watermark = await self._fetch.log_start(number), partition.watermark
        if record is not None:
            start, watermark = record.position, record.watermark
            partition.quarantined = set(record.quarantined)
        partition.resume(state.users, start, watermark, state.waiting, changes)
        for user_id in state.shadowed:
            partition.rewrite(user_id)
        m.STALE_WRITES.inc(len(state.shadowed))
        m.RESENT.inc(partition.waiting_transitions)
        return partition

    def _users_between(self, number: int, start: int, end: int) -> set[str]:
        with closing(clients.fetcher(self._settings)) as consumer:
            return users_between(consumer, self._topics.changelog.name, number, start, end)

    def _ensure_ours(self) -> None:
        self.membership.ensure_ours(self._generation)

    # --- slices

    async def fetch(self) -> list[Slice]:
        """The next slices of the partitions that we have taken over."""
        return await self._fetch.take(self._generation)

    def partition_of(self, part: Slice) -> Partition | None:
        """The partition that a slice belongs to; None when the slice was fetched for an older generation."""
        return self.partitions.get(part.partition) if part.generation == self._generation else None

    def home_of(self, key: bytes) -> int | None:
        """The partition to which a key belongs; None where the producers may put it anywhere. Only after a take-over."""
        assert self._layout is not None  # noqa: S101
        home = home_of(self._settings.input.partitioner, self._layout.partitions)
        return None if home is None else home(key)

    async def owner_of(self, number: int) -> str | None:
        """Which worker holds a partition, in words; None when that is not known. Asks the group's coordinator."""
        return await asyncio.to_thread(owner_of, self._admin, self._settings.app_id, self.topic, number)

    async def room(self, partition: Partition) -> None:
        """Return when the partition has room for more, or is handed over."""
        while partition.is_full and not partition.is_closed:  # noqa: ASYNC110 -- rare, and short
            await asyncio.sleep(_FULL_SECONDS)

    async def adopted(self, partition: Partition) -> None:
        """Return when all users of the partition are our policy's, or it is handed over."""
        while partition.has_strangers and not partition.is_closed:  # noqa: ASYNC110 -- once for each policy
            await asyncio.sleep(_FULL_SECONDS)

    # --- beside the slices

    async def keep_durable(self) -> None:
        """Flush, again and again; the next cycle begins when the last is confirmed."""
        while True:
            await self._flush(list(self.partitions.values()))
            await asyncio.sleep(_FLUSH_PAUSE_SECONDS)

    async def _flush(self, partitions: Sequence[Partition]) -> None:
        async with self._flushing:
            await self._outbox.flush(partitions)

    async def commit_when_due(self, commit: Commit) -> None:
        """Commit to the group what is durable, every so often."""
        started = time.monotonic()
        if started - self._committed_at < self._settings.engine.commit_seconds:
            return
        self._committed_at = started
        durable = {number: partition.durable for number, partition in self.partitions.items()}
        if durable == self._committed:
            m.LAST_SUCCESS.labels("commit").set(time.time())
        elif await commit(durable):
            self._committed = durable
            self._metrics.observe_commit(time.monotonic() - started)

    async def let_time_act(self) -> None:
        """Look at the input's end and tick wherever a promise has come true; several times a second."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            held = list(self.partitions.values())
            if not held or self._layout is None:
                continue
            for partition in held:
                await self._adopt(partition)
            try:
                promises = await asyncio.to_thread(self._watermarks.look, self._layout.partitions)
            except KafkaException as error:
                log.warning("the input's end is unknown; ticks wait", error_text=str(error))
                continue
            await self._tick_all(held, promises)

    async def _tick_all(self, held: list[Partition], promises: dict[int, Promise]) -> None:
        for partition in held:
            if partition.is_closed:
                continue
            newest = promises[partition.number]
            self._metrics.observe_lag(partition, newest.end, int(time.time() * 1_000))
            promise = self._promises.setdefault(partition.number, newest)
            if partition.position >= promise.end:
                del self._promises[partition.number]
                if promise.watermark is not None:
                    await self._tick(partition, promise.watermark)
        held = [partition for partition in held if not partition.is_closed]
        self._lag_records = sum(max(promises[p.number].end - p.position, 0) for p in held)
        self._metrics.observe_state(held)

    async def _adopt(self, partition: Partition) -> None:
        """Make users ours whom an earlier policy stored, in short rounds, before any slice or tick."""
        adopted = 0
        while not partition.is_closed and (count := partition.adopt(_TICK_ROUND_USERS)):
            adopted += count
            self.progress += count
            self._metrics.observe_time(partition.take_notes())
            await asyncio.sleep(0)
            await self.room(partition)
        if adopted:
            log.info("users judged by the new policy", partition=partition.number, users=adopted)

    async def _tick(self, partition: Partition, watermark: int) -> None:
        """Let time act in short rounds, between slices."""
        while not partition.is_closed and partition.tick(watermark, _TICK_ROUND_USERS):
            self._metrics.observe_time(partition.take_notes())
            await asyncio.sleep(0)
            await self.room(partition)
        m.LAST_SUCCESS.labels("tick").set(time.time())


def _spare_the_collector() -> None:
    """Recovered users live as long as we do: the cyclic collector need not look at them again, and seldom at the rest."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
