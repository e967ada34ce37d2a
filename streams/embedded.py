"""The embedded broker: one small process that speaks Kafka's protocol, for the demo and for tests.

It is the `noida-db` package (extra `demo`), pinned, and it is no Kafka. It keeps everything in memory; it stores
topic settings and tells them, but acts on few of them (no retention, no compaction, no limit on future record
times); it gives topics no ids and makes a topic that somebody writes to. A member that dies without leaving its
group stays in it for ever and holds up the others: only one with a name of its own (`ENGINE__MEMBER_ID`) can come
back. Never run it for real.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from importlib import resources
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory

# The shell outlives neither side: it ends with the process it started, and ends that process by its own pid
# when our end of its standard input closes, which happens however we end.
_LEASH = 'exec 3<&0; "$@" 3<&- & pid=$!; (read -r _ <&3; kill "$pid" 2>/dev/null) & exec 3<&-; wait "$pid"'


@contextmanager
def embedded_broker(startup_seconds: float = 15.0) -> Iterator[str]:
    """Run the embedded broker while the block runs; gives its bootstrap servers.

    Raises ModuleNotFoundError without the extra `demo`, and RuntimeError if it does not come up.
    """
    binary = resources.files("noida_db").joinpath("noida-db")
    port = free_port()
    with TemporaryDirectory(prefix="stagestream-broker-") as folder:
        command = [str(binary), "start", "--only", "kafka", "--kafka-port", str(port), "--data-dir", folder]
        with leashed(command, Path(folder, "broker.log")) as process:
            wait_for_port(port, process, startup_seconds)
            yield f"127.0.0.1:{port}"


def embedded_name() -> str:
    """The embedded broker and its version, to say which broker is in use."""
    return f"embedded broker (noida-db {version('noida-db')})"


def free_port() -> int:
    """A TCP port of the loopback address that nobody uses at this moment."""
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def leashed(
    command: Sequence[str], log: Path, stop_seconds: float = 10.0
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a process that ends with the block, or with this process, whichever is first and however it ends.

    Its output goes to `log`. It is asked to stop by SIGTERM, and made to after `stop_seconds`.
    """
    with (
        log.open("wb") as output,
        subprocess.Popen(  # noqa: S603 -- the command is the caller's own
            ["sh", "-c", _LEASH, "sh", *command],  # noqa: S607 -- every POSIX system has it in the PATH
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # Ctrl-C is for us: we end it in our order
        ) as process,
    ):
        try:
            yield process
        finally:
            if process.stdin:
                process.stdin.close()
            try:
                process.wait(stop_seconds)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # its own session: nobody but what we started


def wait_for_port(port: int, process: subprocess.Popen[bytes], seconds: float) -> None:
    """Return when something listens on the port. Raises RuntimeError if the process ends or time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if process.poll() is not None:
            raise RuntimeError(f"the broker ended with code {process.returncode} before it listened")
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            time.sleep(0.05)
        else:
            return
    raise RuntimeError(f"the broker did not listen on port {port} within {seconds:.0f} s")
