"""A real Apache Kafka broker: one KRaft node from Maven Central, on free ports, in a temporary folder."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from streams.embedded import free_port, leashed, wait_for_port

_POM = Path(__file__).with_name("pom.xml")
_CLASSPATH = _POM.parent / "target" / "classpath"
_CLUSTER_ID = "c3RhZ2VzdHJlYW0tdGVzdA"  # any 16 bytes in base64

_PROPERTIES = """
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:{controller_port}
controller.listener.names=CONTROLLER
listeners=PLAINTEXT://127.0.0.1:{port},CONTROLLER://127.0.0.1:{controller_port}
advertised.listeners=PLAINTEXT://127.0.0.1:{port}
log.dirs={folder}/log
auto.create.topics.enable=false
group.initial.rebalance.delay.ms=0
group.min.session.timeout.ms=1000
# record times of tests are those of their events: a retention counted from them would delete at once
log.retention.ms=-1
log.retention.check.interval.ms=5000
log.initial.task.delay.ms=1000
offsets.topic.num.partitions=4
offsets.topic.replication.factor=1
transaction.state.log.num.partitions=4
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.num.partitions=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
controlled.shutdown.enable=false
"""


class ApacheKafkaError(Exception):
    """Apache Kafka cannot be had on this machine; the text says why."""


def version() -> str:
    """The version of Apache Kafka that the pom asks for."""
    found = re.search(r"<artifactId>kafka_2.13</artifactId>\s*<version>(.*)</version>", _POM.read_text())
    assert found, f"no kafka_2.13 in {_POM}"
    return found[1]


def is_possible() -> bool:
    """Whether Java 17 or newer and Maven are here."""
    if shutil.which("java") is None or shutil.which("mvn") is None:
        return False
    answer = subprocess.run(["java", "-version"], capture_output=True, text=True, check=False)
    found = re.search(r'version "(\d+)', answer.stderr)
    return found is not None and int(found[1]) >= 17


def classpath() -> str:
    """The broker's classpath; Maven resolves it once and again when the pom has changed.

    Raises ApacheKafkaError when Maven cannot, or Java or Maven is not here.
    """
    if not is_possible():
        raise ApacheKafkaError("Apache Kafka needs Java 17 and Maven")
    if not _CLASSPATH.exists() or _CLASSPATH.stat().st_mtime < _POM.stat().st_mtime or not _is_there():
        goal = "mvn -q -B -Dstyle.color=never dependency:build-classpath"
        command = [*goal.split(), "-f", str(_POM), f"-Dmdep.outputFile={_CLASSPATH}"]
        answer = subprocess.run(command, capture_output=True, text=True, check=False)
        if answer.returncode != 0:
            why = (answer.stdout or answer.stderr).strip().partition("\n")[0]
            raise ApacheKafkaError(f"Maven cannot resolve Apache Kafka: {why}")
    return _CLASSPATH.read_text()


def _is_there() -> bool:
    return all(Path(jar).exists() for jar in _CLASSPATH.read_text().split(os.pathsep))


@contextmanager
def apache_kafka(heap_mb: int = 512) -> Iterator[str]:
    """Run Apache Kafka while the block runs; gives its bootstrap servers.

    Raises ApacheKafkaError when it cannot be resolved or does not come up.
    """
    java = ["java", f"-Xmx{heap_mb}m", "-XX:+UseSerialGC", "-cp", classpath()]
    java.append("-Dorg.slf4j.simpleLogger.defaultLogLevel=warn")
    with TemporaryDirectory(prefix="stagestream-kafka-", ignore_cleanup_errors=True) as folder:
        port, log = free_port(), Path(folder, "broker.log")
        properties = Path(folder, "server.properties")
        properties.write_text(_PROPERTIES.format(port=port, controller_port=free_port(), folder=folder))
        _format_storage(java, properties)
        with leashed([*java, "kafka.Kafka", str(properties)], log) as process:
            try:
                wait_for_port(port, process, seconds=60)
            except RuntimeError as error:
                raise ApacheKafkaError(f"{error}\n{log.read_text()[-2000:]}") from error
            yield f"127.0.0.1:{port}"


def _format_storage(java: list[str], properties: Path) -> None:
    command = [*java, "kafka.tools.StorageTool", "format", "-t", _CLUSTER_ID, "-c", str(properties)]
    answer = subprocess.run(command, capture_output=True, text=True, check=False)
    if answer.returncode != 0:
        raise ApacheKafkaError(f"the broker's storage cannot be formatted: {answer.stdout}{answer.stderr}")
