"""The scenarios: what is done to the workers while they work, at points that the seed chooses.

Progress is what a consumer sees: the share of the expected transitions that lie in the topic. So a fault
comes at a point of the run, however fast the machine is.
"""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from subprocess import TimeoutExpired

from streams.settings import Settings
from tests import workers
from tests.chaos.expected import Expected
from tests.chaos.ledger import Problems
from tests.chaos.observed import Observed
from tests.workers import Worker

_READ_SECONDS = 0.05
_KILL_JITTER_SECONDS = 0.3  # a flush cycle is shorter, so kills fall into any of its steps


@dataclass
class Run:
    """One scenario on a deployment of its own, from the first worker to the comparison."""

    settings: Settings
    expected: Expected
    partitions: int
    seed: str
    log: Path
    limit_seconds: float
    faults: list[str] = field(default_factory=list)
    workers: dict[str, Worker] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        self.rng = random.Random(self.seed)  # noqa: S311 -- repeatable on purpose
        self.observed = Observed(self.settings, self.partitions)
        self._started = time.monotonic()

    @property
    def problems(self) -> Problems:
        """What went wrong so far."""
        return self.observed.ledger.problems

    @property
    def share(self) -> float:
        """Which share of the expected transitions lies in the topic."""
        return self.observed.ledger.transitions / len(self.expected.ids)

    def play(self, scenario: Callable[[Run], None]) -> None:
        """Play the scenario, let the workers finish, compare. Ends every worker, whatever happens."""
        self._started = time.monotonic()
        with ExitStack() as at_end:
            at_end.callback(self.observed.close)
            at_end.callback(self._kill_all)
            try:
                scenario(self)
                self._follow(self._is_done, "all transitions and all offsets")
            except (TimeoutError, ChildProcessError) as error:
                self.problems.add(str(error))
            self.seconds = time.monotonic() - self._started
            for name in list(self.workers):
                self.stop(name)
            self.observed.read_to_end()
            self.observed.compare(self.expected)
            for letter in self.observed.dead_letters():
                self.problems.add(f"a dead letter: {letter.headers()}")

    def start(self, name: str) -> None:
        """Start a worker."""
        self.workers[name] = workers.start(self.settings, self.log)
        self._note(f"{name} started")

    def kill(self, name: str) -> None:
        """SIGKILL."""
        self.workers.pop(name).kill()
        self._note(f"{name} killed (SIGKILL)")

    def stop(self, name: str) -> None:
        """SIGTERM; anything but a clean end in time is a problem."""
        worker = self.workers.pop(name)
        try:
            code = worker.stop()
        except TimeoutExpired:
            self.problems.add(f"{name} did not end on SIGTERM; it said:\n{worker.said()}")
            return
        if code != 0:
            self.problems.add(f"{name} ended with {code} on SIGTERM; it said:\n{worker.said()}")
        self._note(f"{name} stopped (SIGTERM)")

    def reach(self, share: float) -> None:
        """Return when the share of the expected transitions lies in the topic."""
        self._follow(lambda: self.share >= share, f"{share:.0%} of the transitions")

    def reach_ready(self, name: str) -> None:
        """Return when the worker has what the group gave it."""
        self._follow(lambda: self.workers[name].is_ready, f"{name} ready")
        self._note(f"{name} ready")

    def _follow(self, is_reached: Callable[[], bool], what: str) -> None:
        while not is_reached():
            self.observed.read(_READ_SECONDS)
            for name, worker in list(self.workers.items()):
                if not worker.is_running:
                    code = self.workers.pop(name).process.returncode
                    raise ChildProcessError(f"{name} ended by itself with {code}; it said:\n{worker.said()}")
            if time.monotonic() > self._started + self.limit_seconds:
                said = "\n".join(worker.said() for worker in self.workers.values())
                raise TimeoutError(
                    f"{what}: not within {self.limit_seconds:.0f} s ({self.share:.1%} seen); it said:\n{said}"
                )

    def _is_done(self) -> bool:
        return self.share >= 1 and workers.has_committed_all(self.settings, self.partitions)

    def _note(self, what: str) -> None:
        seconds = time.monotonic() - self._started
        self.faults.append(f"{seconds:6.1f} s, {self.share:6.1%} of the transitions seen: {what}")

    def _kill_all(self) -> None:
        for worker in self.workers.values():
            worker.kill()


def killed_three_times(run: Run) -> None:
    """One worker, killed with SIGKILL at three points of the run, each time restarted at once."""
    run.start("the worker")
    for least, most in ((0.02, 0.25), (0.3, 0.55), (0.6, 0.95)):
        run.reach(run.rng.uniform(least, most))
        time.sleep(run.rng.uniform(0, _KILL_JITTER_SECONDS))
        run.kill("the worker")
        run.start("the worker")


def joined_and_left(run: Run) -> None:
    """A second worker joins during the run; later one of the two, chosen by the seed, leaves it (SIGTERM)."""
    run.start("the first")
    run.reach(run.rng.uniform(0.01, 0.1))
    run.start("the second")
    run.reach_ready("the second")
    run.reach(run.rng.uniform(0.5, 0.8))
    run.stop(run.rng.choice(["the first", "the second"]))


SCENARIOS = (killed_three_times, joined_and_left)
