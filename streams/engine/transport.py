"""The seam to Faust: membership is Faust's and aiokafka's, the bytes are librdkafka's.

Faust joins the group and says which partitions are ours. They stay paused in aiokafka. Each time the group settles we
take over exactly these partitions, fetch them by ourselves, and hand the agent one message per slice. When the group
begins to move we hand everything over before Faust forgets what it knows.

The underscore names of Faust and aiokafka that this file relies on are listed, with the versions, in the contract
test of this module.
"""

# ruff: noqa: SLF001 -- the contract test names each

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterable
from typing import Any, ClassVar

from faust.events import Event as FaustEvent
from faust.serializers.schemas import Schema
from faust.transport.drivers import aiokafka as driver
from faust.types import TP, AppT, ConsumerMessage, Message
from mode.types.services import ServiceT
from yarl import URL

from streams.engine import failure
from streams.engine.engine import Engine
from streams.engine.fetch import Slice
from streams.engine.membership import Membership

_IDLE_SECONDS = 0.05
_BEAT_SECONDS = 1.0
_COMMIT_SECONDS = 2.5  # aiokafka would go on trying while no coordinator answers


class SliceSchema(Schema[None, Slice]):
    """Hands a slice through to the agent as it is."""

    def compile(self, app: AppT, **_: Any) -> Callable[..., Awaitable[FaustEvent]]:
        """The decoder of a topic's messages."""

        async def decode(message: Message, *, propagate: bool = False) -> FaustEvent:  # noqa: ARG001
            return FaustEvent(app, None, message.value, message.headers, message)

        return decode


class RebalanceListener(driver.ConsumerRebalanceListener):
    """Runs in the member's thread: pauses our partitions in aiokafka before it can fetch them."""

    _thread: MemberThread

    async def on_partitions_assigned(self, assigned: Iterable[Any]) -> None:
        """The group has settled."""
        partitions = list(assigned)
        self._thread.settled(partitions)
        await super().on_partitions_assigned(partitions)


class MemberThread(driver.AIOKafkaConsumerThread):
    """The thread that keeps us in the group; it tells `membership` what it hears."""

    membership: Membership

    async def on_start(self) -> None:
        """Start the aiokafka consumer and listen to its heartbeats."""
        await super().on_start()
        coordinator = self._ensure_consumer()._coordinator
        do_heartbeat = coordinator._do_heartbeat

        async def heartbeat() -> bool:
            sent_at = time.monotonic()
            is_confirmed: bool = await do_heartbeat()
            if is_confirmed:
                self.membership.heard(coordinator.generation, sent_at)
            elif coordinator.generation == driver.DEFAULT_GENERATION_ID:
                self.membership.lost()
            return is_confirmed

        coordinator._do_heartbeat = heartbeat
        _ = self.add_future(self._beat())

    def settled(self, partitions: list[Any]) -> None:
        """Keep aiokafka from fetching what we fetch, and note the generation."""
        consumer = self._ensure_consumer()
        consumer.pause(*partitions)
        self.membership.heard(consumer._coordinator.generation, time.monotonic())

    async def commit_quietly(self, offsets: dict[TP, int]) -> bool:
        """Commit to the group, for lag tools only: recovery reads the position record, so failing does no harm.

        Whether it succeeded.
        """
        try:
            await asyncio.wait_for(self._ensure_consumer().commit(offsets), _COMMIT_SECONDS)
        except Exception as error:  # noqa: BLE001 -- whatever it is, it is only the figure in a lag tool
            self.log.warning("offsets were not committed: %r", error)
            return False
        return True

    async def _beat(self) -> None:
        """Show that this thread lives, and that its member does not idle although aiokafka fetches nothing."""
        while not self.should_stop:
            with self._ensure_consumer()._subscription.fetch_context():
                self.membership.thread_beat_at = time.monotonic()
            await asyncio.sleep(_BEAT_SECONDS)


class SliceConsumer(driver.Consumer):
    """Faust's consumer with our fetching."""

    RebalanceListener: ClassVar[type[driver.ConsumerRebalanceListener]] = RebalanceListener
    transport: SliceTransport
    _thread: MemberThread

    def _new_consumer_thread(self) -> MemberThread:
        thread = MemberThread(self, loop=self.loop, beacon=self.beacon)
        thread.membership = self.transport.engine.membership
        return thread

    async def on_partitions_revoked(self, revoked: set[TP]) -> None:
        """The group begins to move: hand over first, because Faust forgets before it asks."""
        try:
            await self.transport.engine.hand_over(self._thread_commit)
        except Exception as error:  # noqa: BLE001 -- aiokafka would log it and go on
            failure.die("handing over failed", error)
        await super().on_partitions_revoked(revoked)

    async def on_partitions_assigned(self, assigned: set[TP], generation_id: int = 0) -> None:
        """The group has settled: from now on the fetch loop may take over."""
        engine = self.transport.engine
        engine.give({tp.partition for tp in assigned if tp.topic == engine.topic}, generation_id)
        await super().on_partitions_assigned(assigned, generation_id)

    async def _drain_messages(self, fetcher: ServiceT) -> None:
        """Faust's fetch loop: take over what we were given, then hand slices to the agent."""
        engine = self.transport.engine
        try:
            while not (self.should_stop or fetcher.should_stop):
                if not self.flow_active or not engine.has_assignment:
                    await asyncio.sleep(_IDLE_SECONDS)
                elif not engine.has_taken_over:
                    await engine.take_over()
                else:
                    for part in await engine.fetch():
                        await self.callback(_message(engine.topic, part))
                    await engine.commit_when_due(self._thread_commit)
        except asyncio.CancelledError:
            raise
        except Exception as error:  # noqa: BLE001 -- Faust would only end the loop
            failure.die("the fetch loop failed", error)

    async def hand_over(self) -> None:
        """Make durable what we have and let go of it, before a clean stop."""
        await self.transport.engine.hand_over(self._thread_commit)

    async def _thread_commit(self, offsets: dict[int, int]) -> bool:
        topic = self.transport.engine.topic
        by_partition = {self._new_topicpartition(topic, number): offset for number, offset in offsets.items()}
        is_committed: bool = await self._thread.call_thread(self._thread.commit_quietly, by_partition)
        return is_committed


class SliceTransport(driver.Transport):
    """Faust's aiokafka transport with our consumer."""

    Consumer = SliceConsumer

    def __init__(self, url: list[URL], app: AppT, engine: Engine) -> None:
        super().__init__(url, app)
        self.engine = engine


def _message(topic: str, part: Slice) -> ConsumerMessage:
    """The slice as one message of its partition, which is what an agent gets."""
    tp = TP(topic, part.partition)
    return ConsumerMessage(
        topic,
        part.partition,
        part.end - 1,
        0.0,
        0,
        None,
        b"",
        part,  # type: ignore[arg-type]  # our schema hands it through, whatever it is
        None,
        0,
        0,
        tp=tp,
        generation_id=part.generation,
    )
