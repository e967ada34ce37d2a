"""What did come out: the output topics as a consumer sees them."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaException, Message, TopicPartition

from streams.settings import Settings
from streams.topic_reader import read_topic
from streams.topics import topics
from tests.chaos.expected import Expected, Place
from tests.chaos.ledger import Ledger

_BATCH = 10_000


class _Membership(msgspec.Struct):
    name: str


class _Current(msgspec.Struct):
    user_id: str
    stage: str
    segments: list[_Membership]
    sequence: int


_current = msgspec.json.Decoder(_Current).decode


class Observed:
    """The transitions topic, followed from its beginning into a ledger; the other topics at the end."""

    def __init__(self, settings: Settings, partitions: int) -> None:
        self.ledger = Ledger()
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
        name = self._topics.transitions.name
        self._consumer.assign([TopicPartition(name, n, OFFSET_BEGINNING) for n in range(partitions)])

    def close(self) -> None:
        """End the consumer."""
        self._consumer.close()

    def read(self, seconds: float) -> None:
        """Take what is there, or comes within the time."""
        for message in self._consumer.consume(_BATCH, seconds):
            if error := message.error():
                raise KafkaException(error)
            key, value = message.key() or b"", message.value() or b""
            self.ledger.take(message.partition() or 0, key, value, message.headers())

    def read_to_end(self) -> None:
        """Take everything up to the present end of the topic. Call it when nobody writes any more."""
        ends = {
            at.partition: self._consumer.get_watermark_offsets(at, timeout=10)[1]
            for at in self._consumer.assignment()
        }
        while any(max(at.offset, 0) < ends[at.partition] for at in self._positions()):
            self.read(0.5)

    def compare(self, expected: Expected) -> None:
        """Note every difference between what lies in the topics and what replay made of the same events."""
        self.ledger.compare(expected, self._places())

    def dead_letters(self) -> list[Message]:
        """All dead letters."""
        return list(read_topic(self._settings, self._topics.dead_letter.name))

    def _positions(self) -> Iterable[TopicPartition]:
        positions: list[TopicPartition] = self._consumer.position(self._consumer.assignment())
        return positions

    def _places(self) -> dict[str, Place]:
        places = {}
        for message in read_topic(self._settings, self._topics.current_stage.name):
            user = _current(message.value() or b"")
            segments = tuple(segment.name for segment in user.segments)
            places[user.user_id] = Place(user.stage, segments, user.sequence)
        return places
