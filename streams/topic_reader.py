"""Reads a topic as a bystander: in no group, committing nothing. For `tail`, the demo and tests."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing

from confluent_kafka import (
    OFFSET_BEGINNING,
    OFFSET_END,
    Consumer,
    KafkaError,
    KafkaException,
    Message,
    TopicPartition,
)

from streams.engine.clients import connection
from streams.settings import Settings
from streams.topics import TopicsError

_ANSWER_SECONDS = 10.0
_BATCH = 5_000


def count_records(settings: Settings, topic: str) -> int:
    """How many records the topic holds now. Raises TopicsError when it cannot be asked."""
    with closing(_consumer(settings)) as consumer:
        partitions = [TopicPartition(topic, number) for number in _partitions_of(consumer, topic)]
        marks = [
            consumer.get_watermark_offsets(partition, timeout=_ANSWER_SECONDS) for partition in partitions
        ]
        return sum(end - begin for begin, end in marks)


def read_topic(
    settings: Settings, topic: str, *, from_start: bool = True, follow: bool = False
) -> Iterator[Message]:
    """The records of a topic, each partition in order.

    Ends at the present end of the topic, or never when it follows. Raises TopicsError when it cannot be read.
    """
    with closing(_consumer(settings)) as consumer:
        numbers = _partitions_of(consumer, topic)
        begin = OFFSET_BEGINNING if from_start else OFFSET_END
        consumer.assign([TopicPartition(topic, number, begin) for number in numbers])
        ended: set[int] = set()
        while follow or len(ended) < len(numbers):
            for message in consumer.consume(_BATCH, 0.2):
                error = message.error()
                if error is None:
                    yield message
                elif error.code() == KafkaError._PARTITION_EOF:  # noqa: SLF001 -- its public name
                    ended.add(message.partition() or 0)
                else:
                    raise TopicsError([f"{topic}: cannot be read: {error.str()}"])


def _consumer(settings: Settings) -> Consumer:
    return Consumer(
        connection(settings)
        | {
            "group.id": f"{settings.app_id}-reader",  # librdkafka wants one; it is never joined
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "fetch.queue.backoff.ms": 5,
        }
    )


def _partitions_of(consumer: Consumer, topic: str) -> list[int]:
    """The topic's partitions. Raises TopicsError when there is no such topic or no broker answers."""
    try:
        found = consumer.list_topics(topic, timeout=_ANSWER_SECONDS).topics[topic]
    except KafkaException as error:
        raise TopicsError([f"no answer from Kafka: {error.args[0].str()}"]) from error
    if found.error is not None or not found.partitions:
        raise TopicsError([f"{topic}: no such topic\n  try: stagestream topics create"])
    return sorted(found.partitions)
