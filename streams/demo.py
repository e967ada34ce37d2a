"""The demo's processes: a real worker and a CRM consumer on a broker, fed with the real purchase log.

Every process is started with a leash (see embedded.py): it ends with the demo, however that ends.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError
from pathlib import Path
from typing import NamedTuple
from uuid import uuid4

from stage_models.contract import AnyMove, CurrentStage, read_current, read_transition
from streams import settings as all_settings
from streams.embedded import embedded_broker, embedded_name, free_port, leashed
from streams.settings import PREFIX, Settings
from streams.topic_reader import count_records, read_topic
from streams.topics import topics

_CHECKOUT = Path(__file__).parent.parent
DATA = _CHECKOUT / "examples" / "data" / "complete_journey_demo.jsonl.gz"
_CRM = _CHECKOUT / "examples" / "crm_consumer.py"
_LOOK_EVERY_SECONDS = 0.5


class DemoError(Exception):
    """The demo cannot go on; the text says why and shows what the process at fault said last."""


class Deployment(NamedTuple):
    """Where the demo runs; the environment of this process says the same to those that it starts."""

    broker: str
    settings: Settings


@contextmanager
def deployment() -> Iterator[Deployment]:
    """A deployment of its own, on the broker that STAGESTREAM_BOOTSTRAP_SERVERS names or on the embedded one.

    Raises DemoError when there is neither.
    """
    if given := os.environ.get(PREFIX + "BOOTSTRAP_SERVERS"):
        yield Deployment(f"the broker at {given}", _settings(given, _names_of_its_own()))
        return
    try:
        name = embedded_name()
    except PackageNotFoundError:
        raise DemoError(
            "there is no broker\n"
            "  try: pip install 'stagestream[demo]', which brings an embedded one\n"
            f"  or:  name one in {PREFIX}BOOTSTRAP_SERVERS"
        ) from None
    with embedded_broker() as servers:
        yield Deployment(f"{name} at {servers}", _settings(servers, {}))


def _names_of_its_own() -> dict[str, str]:
    """On a broker that others use too, the demo must not meet what is there."""
    app_id = f"demo-{uuid4().hex[:8]}"
    return {"APP_ID": app_id, "TOPIC_PREFIX": f"{app_id}.", "INPUT__TOPICS": f"{app_id}.product-events"}


def _settings(servers: str, names: dict[str, str]) -> Settings:
    values = names | {
        "BOOTSTRAP_SERVERS": servers,
        "POLICY": "retail",
        "ENGINE__TIME": "records",  # history is loaded: its own times stand for the clock
        "WEB__PORT": str(free_port()),
    }
    os.environ.update({PREFIX + name: value for name, value in values.items()})
    return all_settings.load()


@contextmanager
def worker(folder: Path) -> Iterator[Process]:
    """A worker as an operator would start it."""
    log = folder / "worker.log"
    with leashed([sys.executable, "-m", "streams", "worker"], log) as process:
        yield Process(process, log)


@contextmanager
def crm(folder: Path) -> Iterator[Process]:
    """The CRM consumer; its log is what it would send."""
    log = folder / "crm.log"
    with leashed([sys.executable, str(_CRM)], log) as process:
        yield Process(process, log)


class Process(NamedTuple):
    """A running process and the file that it writes to."""

    popen: subprocess.Popen[bytes]
    log: Path

    def check(self) -> None:
        """Raise DemoError if it has ended."""
        if self.popen.poll() is not None:
            raise DemoError(
                f"{self.log.stem} ended with code {self.popen.returncode}; it said:\n{self.last_words()}"
            )

    def last_words(self, lines: int = 15, seconds: float = 0) -> str:
        """The end of its log; where it has not said that much yet, it is given so many seconds."""
        deadline = time.monotonic() + seconds
        while len(said := self.log.read_text(errors="replace").splitlines()) < lines:
            if time.monotonic() >= deadline:
                break
            time.sleep(_LOOK_EVERY_SECONDS)
        return "\n".join(said[-lines:])


class Found(NamedTuple):
    """What the topics hold."""

    transitions: list[AnyMove]
    current: dict[str, CurrentStage]  # by user id


def wait_for(
    settings: Settings,
    expected: frozenset[str],
    running: Process,
    seconds: float,
    progress: Callable[[int], None],
) -> Found:
    """What the topics hold once all expected transitions are there, or when time is up.

    `progress` is told how many transitions there are. Raises DemoError if the worker ends.
    """
    name = topics(settings).transitions.name
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        running.check()
        there = count_records(settings, name)
        progress(there)
        if there >= len(expected):
            found = read_found(settings)
            if expected <= {str(move.id) for move in found.transitions}:
                return found
        time.sleep(_LOOK_EVERY_SECONDS)
    return read_found(settings)


def read_found(settings: Settings) -> Found:
    """All transitions on the topic and the last state of every user; each record is held to the contract."""
    names = topics(settings)
    moves = [
        read_transition(record.value() or b"") for record in read_topic(settings, names.transitions.name)
    ]
    states = (
        read_current(record.value() or b"") for record in read_topic(settings, names.current_stage.name)
    )
    return Found(moves, {state.user_id: state for state in states})
