"""The embedded broker, and the leash that ends what we started, however we end."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kafka import KafkaConsumer, KafkaProducer, TopicPartition

from streams.embedded import embedded_broker, embedded_name, free_port, leashed, wait_for_port

pytestmark = pytest.mark.broker


def _is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return Path(f"/proc/{pid}/stat").read_text().split()[2] != "Z" if Path("/proc").is_dir() else True


def _ends(pid: int, seconds: float = 10.0) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not _is_running(pid):
            return True
        time.sleep(0.02)
    return False


def test_what_is_written_is_read_back_with_key_time_and_headers() -> None:
    with embedded_broker() as servers:
        producer = KafkaProducer(bootstrap_servers=servers)
        producer.send("t", b"value", key=b"key", headers=[("h", b"1")], partition=0, timestamp_ms=1_000).get(
            10
        )
        producer.close()
        consumer = KafkaConsumer(bootstrap_servers=servers)
        place = TopicPartition("t", 0)
        consumer.assign([place])
        consumer.seek_to_beginning(place)
        [record] = consumer.poll(timeout_ms=10_000)[place]
        consumer.close()

    assert (record.key, record.value, record.timestamp) == (b"key", b"value", 1_000)
    assert [tuple(header) for header in record.headers] == [("h", b"1")]


def test_the_name_tells_package_and_version() -> None:
    assert embedded_name() == "embedded broker (noida-db 0.2.3)"


def test_a_process_ends_with_its_block(tmp_path: Path) -> None:
    with leashed(["sh", "-c", f"echo $$ > {tmp_path}/pid; exec sleep 60"], tmp_path / "log") as process:
        pid = _pid_in(tmp_path / "pid")
        assert _is_running(pid)

    assert process.returncode is not None
    assert not _is_running(pid)


def test_a_process_ends_when_we_are_killed(tmp_path: Path) -> None:
    code = (
        "import sys, time; from pathlib import Path; from streams.embedded import leashed\n"
        f"with leashed(['sh', '-c', 'echo $$ > {tmp_path}/pid; exec sleep 60'], Path('{tmp_path}/log')):\n"
        "    time.sleep(60)"
    )
    with subprocess.Popen([sys.executable, "-c", code]) as owner:
        pid = _pid_in(tmp_path / "pid")
        owner.send_signal(signal.SIGKILL)

    assert _ends(pid)


def test_a_process_that_does_not_stop_is_made_to(tmp_path: Path) -> None:
    stubborn = f"trap '' TERM; echo $$ > {tmp_path}/pid; while :; do sleep 1; done"
    with leashed(["sh", "-c", stubborn], tmp_path / "log", stop_seconds=0.3):
        pid = _pid_in(tmp_path / "pid")

    assert _ends(pid)


def test_a_broker_that_ends_at_once_is_told(tmp_path: Path) -> None:
    with (
        leashed(["sh", "-c", "exit 3"], tmp_path / "log") as process,
        pytest.raises(RuntimeError, match="ended with code 3"),
    ):
        wait_for_port(free_port(), process, 10)


def test_a_broker_that_never_listens_is_told(tmp_path: Path) -> None:
    with (
        leashed(["sleep", "60"], tmp_path / "log") as process,
        pytest.raises(RuntimeError, match="did not listen"),
    ):
        wait_for_port(free_port(), process, 0.2)


def _pid_in(file: Path, seconds: float = 10.0) -> int:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if file.exists() and (text := file.read_text().strip()):
            return int(text)
        time.sleep(0.02)
    raise TimeoutError(f"{file} was not written")
