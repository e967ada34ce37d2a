"""The core alone: what an event costs, and what a user takes.

    python -m bench.core                       # without Kafka
    python -m bench.core --floor               # in turns with the bare aiokafka loop; `make bench ARGS=core` does this
    python -m bench.core --courses oulad_demo.jsonl.gz

Rounds in turns, forwards and backwards, because a machine is not equally fast at all times.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

from bench import machine
from bench.contestants import Arena, floor, write
from bench.core import policies
from bench.core.logs import PURCHASES, from_file, made_up
from bench.core.report import COURSES, MADE_UP, Results, bars, report
from bench.core.report import PURCHASES as OF_PURCHASES
from bench.core.steps import Costs, measure
from tests import workers
from tests.kafka import provider

SEGMENTS = (1, 5, 20, 100)
SHARE = 10  # of the made-up log's users, those on whom single rules are measured
_REPEAT = 5  # of the purchases
_FLOOR_REPEAT = 20
_FLOOR_SECONDS = 300.0

Job = tuple[tuple[str, ...], Callable[[], Costs]]


def main(arguments: Sequence[str]) -> int:
    """Measure, print and write the report; the exit code, 1 when a bar was missed."""
    parser = argparse.ArgumentParser(prog="python -m bench.core")
    parser.add_argument("--users", type=int, default=50_000, help="users of the made-up log")
    parser.add_argument("--rounds", type=int, default=3)
    courses = os.environ.get("BENCH_COURSES")
    parser.add_argument(
        "--courses", type=Path, default=courses, help="the course log, a file (BENCH_COURSES)"
    )
    parser.add_argument(
        "--floor", action="store_true", help="measure the bare aiokafka loop too; needs a broker"
    )
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("report.md"))
    options = parser.parse_args(arguments)
    with _floor(is_wanted=options.floor) as (broker, run_floor):
        jobs = [*_jobs(options.users, options.courses)]
        results = play(jobs, options.rounds, run_floor)
    text = report(machine.description(broker), results)
    options.out.write_text(text)
    print(text)
    print(f"written to {options.out}")
    missed = [bar.words for bar in bars(results) if not bar.is_reached]
    for words in missed:
        print(words, file=sys.stderr)
    return 1 if missed else 0


def play(jobs: Sequence[Job], rounds: int, run_floor: Callable[[], float] | None) -> Results:
    """Every job in every round, after the bare loop."""
    found: dict[tuple[str, ...], list[Costs]] = defaultdict(list)
    floor_us = []
    for number in range(rounds):
        if run_floor is not None:
            floor_us.append(run_floor())
        for names, job in jobs if number % 2 == 0 else reversed(jobs):
            costs = job()
            found[names].append(costs)
            print(
                f"round {number + 1}, {', '.join(names)}: {costs.full_us:.2f} us", file=sys.stderr, flush=True
            )
    found = {names: found[names] for names, _ in jobs}
    return Results(
        policies={(names[1], names[2]): rounds for names, rounds in found.items() if names[0] == "policy"},
        rules={names[1]: rounds for names, rounds in found.items() if names[0] == "rule"},
        segments={int(names[1]): rounds for names, rounds in found.items() if names[0] == "segments"},
        floor_us=floor_us,
    )


def _jobs(users: int, courses: Path | None) -> Iterator[Job]:
    logs = {MADE_UP: made_up(users), OF_PURCHASES: from_file(PURCHASES, _REPEAT)}
    if courses is not None:
        logs[COURSES] = from_file(courses)
    for log, records in logs.items():
        for name, policy in policies.shipped_policies().items():
            yield ("policy", log, name), partial(measure, policy, records)
    few = made_up(users // SHARE)
    for kind in policies.RULES:
        yield ("rule", kind), partial(measure, policies.with_rule(kind), few)
    for count in SEGMENTS:
        yield ("segments", str(count)), partial(measure, policies.with_segments(count), few)


@contextmanager
def _floor(*, is_wanted: bool) -> Iterator[tuple[str | None, Callable[[], float] | None]]:
    """The broker's name, and what runs the bare aiokafka loop on the purchases: CPU microseconds per record."""
    if not is_wanted:
        yield None, None
        return
    provider.prepare()
    with provider.broker() as broker, TemporaryDirectory(prefix="stagestream-bench-") as folder:
        arena = Arena(broker.bootstrap_servers, f"bench-{uuid4().hex[:8]}", Path(folder), _FLOOR_SECONDS)
        try:
            source = write(arena, f"{arena.name}-floor", PURCHASES, _FLOOR_REPEAT)
            run = floor("aiokafka")
            yield broker.name, lambda: run(arena, source, f"{arena.name}-{uuid4().hex[:8]}").cpu_us
        finally:
            workers.delete_topics(arena.bootstrap_servers, arena.name)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
