"""The contestants of a round: each is a process that works through a topic, watched from outside.

The clock and the CPU of a run start at the first processed record, so that nobody's start-up counts. They stop when
the last record is processed and everything is committed: then the process is asked to end (SIGTERM), because none
commits the very last records sooner than at its next interval, and the broker is asked for the committed offsets.
The floors commit nothing and stop at the last record.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from threading import Timer

from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from bench.processes import Reading, peak_mib, read, stop
from streams import producing, topics
from streams.settings import Settings
from tests import workers

PARTITIONS = 4
_COMMIT_SECONDS = 60.0
_LOOK_SECONDS = 0.2  # between two looks at the worker's metrics, of which each costs it some milliseconds
_FIRST_LOOK_SECONDS = 0.02


@dataclass(frozen=True)
class Source:
    """An input topic and how many records it holds."""

    topic: str
    total: int


@dataclass(frozen=True)
class Result:
    """What a run came to."""

    events: int
    events_per_second: float
    cpu_us: float  # per event, all threads of the process
    peak_mib: float


@dataclass(frozen=True)
class Arena:
    """Where runs take place."""

    bootstrap_servers: str
    name: str  # all topics of the run begin with it
    folder: Path
    limit_seconds: float


Contestant = Callable[[Arena, Source, str], Result]
"""Runs once on the source under a name that nobody else has."""


def write(arena: Arena, topic: str, file: Path, repeat: int) -> Source:
    """A topic of its own with the file of events in it `repeat` times."""
    settings = Settings(
        bootstrap_servers=arena.bootstrap_servers,
        app_id=topic,
        topic_prefix=f"{topic}.",
        input={"topics": (topic,)},
    )
    topics.create(settings, PARTITIONS, replication=1)
    total = producing.produce(settings, file, repeat, lambda _: None)
    return Source(topic, total)


def floor(client: str) -> Contestant:
    """The bare fetch loop of a client."""
    return lambda arena, source, name: _peer(arena, source, name, ["bench.peers.floor", client], None)


def faust(arena: Arena, source: Source, name: str) -> Result:
    """The ladder job in idiomatic Faust."""
    admin = AdminClient({"bootstrap.servers": arena.bootstrap_servers})
    sink = f"{name}-transitions"
    admin.create_topics([NewTopic(sink, PARTITIONS, 1)])[sink].result(30)
    settings = Settings(
        bootstrap_servers=arena.bootstrap_servers, app_id=name, input={"topics": (source.topic,)}
    )
    return _peer(arena, source, name, ["bench.peers.faust_peer"], settings)


def stagestream(arena: Arena, source: Source, name: str) -> Result:
    """A whole worker with the retail policy."""
    settings = Settings(
        bootstrap_servers=arena.bootstrap_servers,
        app_id=name,
        topic_prefix=f"{name}.",
        policy="retail",
        input={"topics": (source.topic,)},
        engine={"time": "records"},
    )
    topics.create(settings, replication=1)
    with workers.worker(settings, arena.folder / f"{name}.log") as worker:

        def done() -> int:
            if not worker.is_running:
                raise ChildProcessError(f"{name} ended by itself; it said:\n{worker.said()}")
            return int(worker.metrics().get("stagestream_records_total", 0))

        limit = arena.limit_seconds
        workers.wait_until(lambda: done() > 0, f"{name}: the first record", limit, _FIRST_LOOK_SECONDS)
        first, start = done(), read(worker.pid)
        workers.wait_until(lambda: done() == source.total, f"{name}: the last record", limit, _LOOK_SECONDS)
        if (applied := worker.metrics()["stagestream_events_total"]) != source.total:
            raise ValueError(f"{name}: {applied:.0f} events applied, {source.total} expected")
        peak = peak_mib(worker.pid)
        worker.process.terminate()
        _wait_committed(settings)
        end = read(worker.pid)
        if (code := worker.stop()) != 0:
            raise ChildProcessError(f"{name} ended with {code}; it said:\n{worker.said()}")
    return _result(source.total - first, start, end, peak)


def _peer(arena: Arena, source: Source, name: str, module: list[str], committing: Settings | None) -> Result:
    """Run a peer, which says `first` and `last` on its standard output."""
    own = {
        "PEER_BOOTSTRAP_SERVERS": arena.bootstrap_servers,
        "PEER_SOURCE": source.topic,
        "PEER_SINK": f"{name}-transitions",
        "PEER_APP_ID": name,
        "PEER_STATE_DIR": str(arena.folder / name),
        "PEER_PARTITIONS": str(PARTITIONS),
        "PEER_TOTAL": str(source.total),
    }
    log = arena.folder / f"{name}.log"
    with (
        log.open("wb") as errors,
        subprocess.Popen(
            [sys.executable, "-m", *module],
            env=os.environ | own,
            stdout=subprocess.PIPE,
            stderr=errors,
            text=True,
        ) as process,
    ):
        timer = Timer(arena.limit_seconds, process.kill)
        timer.start()
        try:
            at = _marks(process)
            if "last" not in at:
                raise ChildProcessError(
                    f"{name} ended before its last record; it said:\n{log.read_text()[-4_000:]}"
                )
            peak, end = peak_mib(process.pid), at["last"]
            if committing is not None:
                process.terminate()
                _wait_committed(committing)
                end = read(process.pid)
        finally:
            timer.cancel()
            stop(process)
    return _result(source.total, at["first"], end, peak)


def _marks(process: subprocess.Popen[str]) -> dict[str, Reading]:
    at: dict[str, Reading] = {}
    for line in process.stdout or ():
        at[line.strip()] = read(process.pid)
        if "last" in at:
            break
    return at


def _wait_committed(settings: Settings) -> None:
    what = f"{settings.app_id}: the commit of all offsets"
    workers.wait_until(
        lambda: workers.has_committed_all(settings, PARTITIONS), what, _COMMIT_SECONDS, pause_seconds=0.01
    )


def _result(events: int, start: Reading, end: Reading, peak: float) -> Result:
    wall_seconds = end.wall_seconds - start.wall_seconds
    cpu_seconds = end.cpu_seconds - start.cpu_seconds
    return Result(events, events / wall_seconds, cpu_seconds / events * 1e6, peak)
