"""When time may act without events.

A tick at w is a promise that nothing older than w follows, except late events. What makes the promise safe is the
order of looking: first the newest record times, which give w; then the end offsets; and a partition may tick at w once
everything below its end is applied. While it lags, ticks are off.

w is the wall clock less the allowed lateness, but while no record at all is younger than `freeze_after` time stands
still, so that an outage of the ingestion does not churn everybody. `wall` never freezes. `records` is for loading
history: the newest record time of the partition, less the allowed lateness; once nothing has been appended anywhere
for 5 s, the newest of all partitions.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from confluent_kafka import TopicPartition
from confluent_kafka.admin import AdminClient
from confluent_kafka.admin._listoffsets import OffsetSpec  # its public place is not typed

from stage_models.policy.compile import Policy
from streams.settings import EngineSettings

_NEWEST = OffsetSpec.max_timestamp()  # type: ignore[no-untyped-call]  # confluent-kafka types it only in part
_END = OffsetSpec.latest()  # type: ignore[no-untyped-call]
_ASK_SECONDS = 10.0
_FROZEN_LOOK_SECONDS = 3.0
_QUIET_SECONDS = 5.0


class Promise(NamedTuple):
    """A partition may tick at `watermark` (UTC milliseconds) once everything below `end` is applied.

    No watermark: time stands still, only the end was looked at.
    """

    watermark: int | None
    end: int


class Watermarks:
    """Looks at the input topic and makes promises. Its look blocks: call it in a thread, one at a time."""

    def __init__(
        self,
        admin: AdminClient,
        topic: str,
        settings: EngineSettings,
        policy: Policy,
        *,
        wall_clock: Callable[[], float] = time.time,
        steady_clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._admin = admin
        self._topic = topic
        self._mode = settings.time
        self._freeze_after_ms = settings.freeze_after.ms
        self._lateness_ms = policy.allowed_lateness_ms
        self._newest: dict[int, int] = {}  # partition -> newest record time
        self._looked_at = float("-inf")
        self._ends: dict[int, int] = {}
        self._wall_clock = wall_clock
        self._steady_clock = steady_clock
        self._appended_at = steady_clock()

    def look(self, partitions: int) -> dict[int, Promise]:
        """A promise for each of the topic's partitions. Raises KafkaException when the broker does not answer."""
        if self._mode == "records" or self._steady_clock() - self._looked_at > _FROZEN_LOOK_SECONDS:
            self._newest = self._newest_record_times(partitions)
            self._looked_at = self._steady_clock()
        now_ms = int(self._wall_clock() * 1_000)
        ends = self._end_offsets(partitions)
        if ends != self._ends:
            self._ends = ends
            self._appended_at = self._steady_clock()
        is_quiet = self._steady_clock() - self._appended_at >= _QUIET_SECONDS
        return {
            number: Promise(self._watermark(number, now_ms, is_quiet=is_quiet), end)
            for number, end in ends.items()
        }

    def _watermark(self, number: int, now_ms: int, *, is_quiet: bool) -> int | None:
        newest = max(self._newest.values(), default=None)
        if self._mode == "records":
            of = newest if is_quiet else self._newest.get(number)
            return None if of is None else of - self._lateness_ms
        if self._mode == "freeze" and (newest is None or newest < now_ms - self._freeze_after_ms):
            return None
        return now_ms - self._lateness_ms

    def _newest_record_times(self, partitions: int) -> dict[int, int]:
        asked = {TopicPartition(self._topic, number): _NEWEST for number in range(partitions)}
        answers = self._admin.list_offsets(asked, request_timeout=_ASK_SECONDS)
        found = {partition.partition: answer.result() for partition, answer in answers.items()}
        return {number: newest.timestamp for number, newest in found.items() if newest.offset >= 0}

    def _end_offsets(self, partitions: int) -> dict[int, int]:
        asked = {TopicPartition(self._topic, number): _END for number in range(partitions)}
        answers = self._admin.list_offsets(asked, request_timeout=_ASK_SECONDS)
        return {partition.partition: answer.result().offset for partition, answer in answers.items()}
