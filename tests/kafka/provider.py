"""Which broker is in use: the one that is named, else Apache Kafka, else the embedded one.

    with broker() as kafka:
        print(kafka.name, kafka.bootstrap_servers)

TEST_BROKER=apache or TEST_BROKER=embedded asks for that one and nothing else.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Literal

from streams.embedded import embedded_broker, embedded_name
from tests.kafka import apache

Kind = Literal["given", "apache", "embedded"]


@dataclass(frozen=True)
class Broker:
    """A running broker: what it is, what to call it, where it listens."""

    kind: Kind
    name: str
    bootstrap_servers: str


def planned() -> tuple[Kind, str]:
    """The broker that `broker` would use, without starting it: its kind and its name."""
    if given := os.environ.get("STAGESTREAM_BOOTSTRAP_SERVERS"):
        return "given", f"the broker at {given} (STAGESTREAM_BOOTSTRAP_SERVERS)"
    wanted = os.environ.get("TEST_BROKER")
    if wanted == "apache" or (wanted != "embedded" and apache.is_possible()):
        return "apache", f"Apache Kafka {apache.version()}"
    return "embedded", embedded_name()


def prepare() -> tuple[Kind, str]:
    """The broker that `broker` will use, fetched; the first time this may take a minute.

    Where Maven cannot fetch Apache Kafka the embedded broker takes its place and its name says so, unless
    TEST_BROKER asks for Apache Kafka: then `apache.ApacheKafkaError` is raised.
    """
    kind, name = planned()
    if kind == "apache":
        try:
            apache.classpath()
        except apache.ApacheKafkaError as error:
            if os.environ.get("TEST_BROKER") == "apache":
                raise
            return "embedded", f"{embedded_name()}, because {error}"
    return kind, name


@contextmanager
def broker() -> Iterator[Broker]:
    """Run the broker while the block runs, or use the one that is given."""
    kind, name = prepare()
    if kind == "given":
        yield Broker(kind, name, os.environ["STAGESTREAM_BOOTSTRAP_SERVERS"])
        return
    with apache.apache_kafka() if kind == "apache" else embedded_broker() as bootstrap_servers:
        yield Broker(kind, name, bootstrap_servers)
