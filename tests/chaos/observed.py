"""What did come out: the output topics as a consumer sees them, held to the contract record by record."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import blake2b
from uuid import UUID

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from streams.settings import Settings
from streams.topic_reader import read_topic
from streams.topics import topics
from tests.chaos.expected import Expected, Place

_BATCH = 10_000
_KEPT = 10  # problems that are spelt out; all are counted


class _Transition(msgspec.Struct):
    id: str
    user_id: str
    sequence: int


class _Membership(msgspec.Struct):
    name: str


class _Current(msgspec.Struct):
    user_id: str
    stage: str
    segments: list[_Membership]
    sequence: int


_transition = msgspec.json.Decoder(_Transition).decode
_current = msgspec.json.Decoder(_Current).decode


class Problems:
    """What is wrong: the first few in words, all of them counted."""

    def __init__(self) -> None:
        self.count = 0
        self.words: list[str] = []

    def add(self, text: str) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.words) < _KEPT:
            self.words.append(text)


class Observed:
    """The transitions topic, followed from its beginning."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        self.digests: dict[bytes, bytes] = {}  # id -> digest of the whole record
        self.doubles = 0
        self.problems = Problems()
        self._newest: dict[str, tuple[int, int]] = {}  # user -> partition, sequence
        self._settings = settings
        self._topics = topics(settings)
        self._consumer = Consumer(
            {
                "bootstrap.servers": settings.bootstrap_servers,
                "group.id": f"{settings.app_id}-observer",  # librdkafka wants one; it is never joined
                "enable.auto.commit": False,
                "fetch.queue.backoff.ms": 5,
            }
        )
        transitions = self._topics.transitions.name
        self._consumer.assign([TopicPartition(transitions, n, OFFSET_BEGINNING) for n in range(partitions)])

    def close(self) -> None:
        """End the consumer."""
        self._consumer.close()

    def read(self, seconds: float) -> int:
        """Take what is there, or comes within the time; returns the number of records."""
        messages = self._consumer.consume(_BATCH, seconds)
        for message in messages:
            if error := message.error():
                raise KafkaException(error)
            self._take(message)
        return len(messages)

    def read_to_end(self) -> None:
        """Take everything up to the present end of the topic. Call it when nobody writes any more."""
        ends = {
            at.partition: self._consumer.get_watermark_offsets(at, timeout=10)[1]
            for at in self._consumer.assignment()
        }
        while any(max(at.offset, 0) < ends[at.partition] for at in self._positions()):
            self.read(0.5)

    def compare(self, expected: Expected) -> None:
        """Note every difference between what lies in the topics and what `replay` made of the same events."""
        for missing in expected.ids - self.digests.keys():
            self.problems.add(f"transition {UUID(bytes=missing)} of replay is not in the topic")
        for extra in self.digests.keys() - expected.ids:
            self.problems.add(f"transition {UUID(bytes=extra)} in the topic is not one of replay")
        places = self._current_places()
        for user_id in places.keys() | expected.users.keys():
            found, wanted = places.get(user_id), expected.users.get(user_id)
            if found != wanted:
                self.problems.add(f"{user_id}: current-stage says {found}, replay says {wanted}")

    def dead_letters(self) -> list[Message]:
        """All dead letters."""
        return list(read_topic(self._settings, self._topics.dead_letter.name))

    def _positions(self) -> Iterable[TopicPartition]:
        positions: list[TopicPartition] = self._consumer.position(self._consumer.assignment())
        return positions

    def _take(self, message: Message) -> None:
        key, value, partition = message.key() or b"", message.value() or b"", message.partition()
        told = _transition(value)
        digest = blake2b(repr((key, value, message.headers())).encode(), digest_size=8).digest()
        transition_id = UUID(told.id).bytes
        if key.decode() != told.user_id:
            self.problems.add(f"transition {told.id} of {told.user_id} has the key {key!r}")
        seen = self.digests.setdefault(transition_id, digest)
        if seen is not digest:
            self.doubles += 1
            if seen != digest:
                self.problems.add(f"transition {told.id} of {told.user_id} came twice with different bytes")
            return
        home, newest = self._newest.get(told.user_id, (partition, 0))
        if told.sequence != newest + 1:
            self.problems.add(f"{told.user_id}: sequence {told.sequence} comes after {newest}")
        if partition != home:
            self.problems.add(f"{told.user_id}: transitions lie in partitions {home} and {partition}")
        self._newest[told.user_id] = (partition or 0, told.sequence)

    def _current_places(self) -> dict[str, Place]:
        places = {}
        for message in read_topic(self._settings, self._topics.current_stage.name):
            user = _current(message.value() or b"")
            segments = tuple(segment.name for segment in user.segments)
            places[user.user_id] = Place(user.stage, segments, user.sequence)
        return places
