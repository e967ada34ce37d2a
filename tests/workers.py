"""Real worker processes, for tests and measurements that need a whole one: started, asked, killed, ended."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.error import URLError
from urllib.request import urlopen

from confluent_kafka import Consumer, KafkaException, TopicPartition
from confluent_kafka.admin import AdminClient
from prometheus_client.parser import text_string_to_metric_families

from streams.embedded import free_port
from streams.settings import PREFIX, Settings

COMMAND = [sys.executable, "-m", "streams"]
_LOG_TAIL_CHARACTERS = 4_000


class Worker:
    """A worker process of one deployment. Use `worker` or `start`, and always end it."""

    def __init__(self, process: subprocess.Popen[bytes], port: int, log: Path) -> None:
        self.process = process
        self.port = port
        self.log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self.process.pid

    @property
    def is_running(self) -> bool:
        """Whether the process is still there."""
        return self.process.poll() is None

    @property
    def is_ready(self) -> bool:
        """Whether all its partitions are recovered and no rebalance is going on."""
        return self._get("/health/ready") is not None

    def metrics(self) -> dict[str, float]:
        """Its metrics: each sample as `name{label="value",...}`, and as `name` their sum; {} when silent."""
        figures: dict[str, float] = {}
        for family in text_string_to_metric_families(self._get("/metrics") or ""):
            for sample in family.samples:
                labels = ",".join(f'{label}="{value}"' for label, value in sorted(sample.labels.items()))
                figures[sample.name] = figures.get(sample.name, 0.0) + sample.value
                if labels:
                    figures[f"{sample.name}{{{labels}}}"] = sample.value
        return figures

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace")[-_LOG_TAIL_CHARACTERS:]

    def kill(self) -> None:
        """SIGKILL: it gets no chance to finish anything."""
        self.process.kill()
        self.process.wait(10)

    def stop(self, seconds: float = 30.0) -> int:
        """SIGTERM: it hands over and ends. Gives its exit code; when it takes longer it is killed.

        Raises TimeoutExpired in that case.
        """
        if self.is_running:
            self.process.terminate()
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.kill()
            raise

    def _get(self, path: str) -> str | None:
        try:
            with urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as answer:
                text: str = answer.read().decode()
                return text
        except (URLError, TimeoutError, ConnectionError):
            return None


def environment(settings: Settings) -> dict[str, str]:
    """The environment of a process that has exactly these settings, and none that we have by chance."""
    ours = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
    return ours | dict(_named(settings.model_dump(mode="json", exclude_unset=True), PREFIX))


def _named(group: dict[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for field, value in group.items():
        name = prefix + field.upper()
        if isinstance(value, dict):
            yield from _named(value, name + "__")
        elif value is not None:
            yield name, ",".join(value) if isinstance(value, list) else str(value)


def start(settings: Settings, log: Path) -> Worker:
    """Start a worker of the deployment on a web port of its own; its output goes to the end of `log`."""
    port = free_port()
    own = environment(settings) | {
        f"{PREFIX}WEB__ENABLED": "true",
        f"{PREFIX}WEB__PORT": str(port),
        f"{PREFIX}LOG__FORMAT": "json",
    }
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*COMMAND, "worker"],
            env=own,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
    return Worker(process, port, log)


@contextmanager
def worker(settings: Settings, log: Path) -> Iterator[Worker]:
    """A worker that runs while the block runs, however the block ends."""
    running = start(settings, log)
    try:
        yield running
    finally:
        if running.is_running:
            running.kill()


def wait_until(is_so: Callable[[], bool], what: str, seconds: float, pause_seconds: float = 0.05) -> None:
    """Return when it is so. Raises TimeoutError, naming what was waited for, when time is up."""
    deadline = time.monotonic() + seconds
    while not is_so():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{what}: not within {seconds:.0f} s")
        time.sleep(pause_seconds)


def has_committed_all(settings: Settings, partitions: int) -> bool:
    """Whether the deployment's group has committed up to the present end of the input.

    A broker that cannot say (its coordinator moves or loads) has not said yes: whoever waits asks again.
    """
    consumer = Consumer({"bootstrap.servers": settings.bootstrap_servers, "group.id": settings.app_id})
    try:
        asked = [TopicPartition(settings.input.topic, number) for number in range(partitions)]
        return all(
            at.offset == consumer.get_watermark_offsets(at, timeout=10)[1]
            for at in consumer.committed(asked, timeout=10)
        )
    except KafkaException:
        return False
    finally:
        consumer.close()


def delete_topics(bootstrap_servers: str, prefix: str) -> None:
    """Delete every topic whose name begins so, for a broker that outlives the run."""
    admin = AdminClient({"bootstrap.servers": bootstrap_servers})
    names = [name for name in admin.list_topics(timeout=10).topics if name.startswith(prefix)]
    for deleted in admin.delete_topics(names).values() if names else ():
        deleted.result(30)
