"""The floor: fetch the records, decode the fields that the ladder job needs, do nothing with them.

    python -m bench.peers.floor aiokafka
    python -m bench.peers.floor confluent

No engine on the same client can go below it. Nothing is committed.
"""

from __future__ import annotations

import asyncio
import sys
from contextlib import closing

from aiokafka import AIOKafkaConsumer
from aiokafka import TopicPartition as AioPartition
from confluent_kafka import Consumer, TopicPartition

from bench.peers.ladder import decode
from bench.peers.marks import Job, Progress


async def with_aiokafka(job: Job) -> None:
    """The bare fetch loop of the client that Faust is built on."""
    progress = Progress(job.total)
    consumer = AIOKafkaConsumer(bootstrap_servers=job.bootstrap_servers, auto_offset_reset="earliest")
    await consumer.start()
    consumer.assign([AioPartition(job.source, number) for number in range(job.partitions)])
    try:
        while progress.done < job.total:
            for records in (await consumer.getmany(timeout_ms=1_000)).values():
                progress.add(0)
                for record in records:
                    decode(record.value)
                progress.add(len(records))
    finally:
        await consumer.stop()


def with_confluent(job: Job) -> None:
    """The bare fetch loop of librdkafka, which Stagestream's worker is built on."""
    progress = Progress(job.total)
    config = {
        "bootstrap.servers": job.bootstrap_servers,
        "group.id": "floor",  # librdkafka wants one; it is never joined
        "enable.auto.commit": False,
        "fetch.queue.backoff.ms": 5,  # by default it stops fetching for a second whenever its queue is full
    }
    with closing(Consumer(config)) as consumer:
        consumer.assign([TopicPartition(job.source, number, 0) for number in range(job.partitions)])
        while progress.done < job.total:
            # never more than there are: it would wait for the rest of them
            messages = consumer.consume(min(5_000, job.total - progress.done), 1.0)
            progress.add(0)
            for message in messages:
                decode(message.value() or b"")
            progress.add(len(messages))


if __name__ == "__main__":
    if sys.argv[1:] == ["aiokafka"]:
        asyncio.run(with_aiokafka(Job()))
    elif sys.argv[1:] == ["confluent"]:
        with_confluent(Job())
    else:
        sys.exit(__doc__)
