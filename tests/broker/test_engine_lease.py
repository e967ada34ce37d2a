"""What a paused process had handed to its producer is not sent once its partitions may be somebody else's."""

from __future__ import annotations

import signal
import subprocess
import sys
import time

import pytest
from confluent_kafka import TopicPartition

from streams import topics
from streams.engine import clients
from streams.settings import Settings
from tests import workers

pytestmark = [pytest.mark.broker, pytest.mark.timeout(60)]

MEMBER_TIMEOUT_SECONDS = 4.0
RECORDS = 25_000
OF_ONE_REQUEST = 1_100  # of 1 kB each: what was half sent when the pause began may be finished after it
HANDS_OVER = f"""
import sys
from streams import settings
from streams.engine import clients
servers, topic = sys.argv[1:]
own = settings.load(
    bootstrap_servers=servers, engine={{"member_timeout_seconds": {MEMBER_TIMEOUT_SECONDS}}}
)
producer = clients.producer(own)
producer.produce(topic, b"warm", b"k", 0)
assert producer.flush(20) == 0
for _ in range({RECORDS}):
    producer.produce(topic, b"x" * 1_000, b"k", 0)
print("handed over", flush=True)
producer.flush(30)
"""


def end(settings: Settings) -> int:
    consumer = clients.fetcher(settings)
    try:
        partition = TopicPartition(settings.input.topic, 0)
        _, high = consumer.get_watermark_offsets(partition, timeout=10)
    finally:
        consumer.close()
    return int(high)


def test_paused_process_sends_nothing_more_when_it_wakes(settings: Settings) -> None:
    topics.create(settings, 1, replication=1)
    command = [sys.executable, "-c", HANDS_OVER, settings.bootstrap_servers, settings.input.topic]
    own = workers.environment(settings)
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=own) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.readline() == "handed over\n"
            process.send_signal(signal.SIGSTOP)
            time.sleep(MEMBER_TIMEOUT_SECONDS / 2 + 0.5)
            sent = end(settings)
            if sent > RECORDS - 2 * OF_ONE_REQUEST:
                pytest.skip("everything was sent before the pause")
            process.send_signal(signal.SIGCONT)
            assert process.wait(40) == 0
        finally:
            process.kill()
    assert end(settings) - sent <= OF_ONE_REQUEST
