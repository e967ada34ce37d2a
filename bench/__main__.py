"""The benchmark: Stagestream's worker beside its peers, on real Kafka, in one run; and the core alone.

    make bench
    make bench ARGS="--repeat 10 --rounds 1 --out /tmp/report.md"
    make bench ARGS="core"    # the core alone in detail, beside the bare aiokafka loop

Rounds in alternation, because a machine is not equally fast at all times; medians, with the least and the greatest.
Exits with 1 when the worker is slower than a quarter of the bare aiokafka loop or 15 times the Faust peer.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections import defaultdict
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import bench.core.__main__ as core
from bench import machine
from bench.contestants import Arena, Contestant, Result, faust, floor, stagestream, write
from bench.core.logs import PURCHASES, from_file
from bench.core.policies import shipped_policies
from bench.core.report import table
from bench.core.steps import measure
from bench.report import FLOOR, FLOOR_OF_OURS, OURS, PEER, misses, report
from tests import workers
from tests.kafka import provider

CONTESTANTS: dict[str, Contestant] = {
    FLOOR: floor("aiokafka"),
    FLOOR_OF_OURS: floor("confluent"),
    PEER: faust,
    OURS: stagestream,
}
FAUST_SHARE = 10  # Faust reads every tenth user; all of them would take it minutes


def main() -> int:
    """Measure, print and write the report; the exit code."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that processes and broker are ended
    if sys.argv[1:2] == ["core"]:
        return core.main([*sys.argv[2:], "--floor"])
    parser = argparse.ArgumentParser(prog="python -m bench")
    parser.add_argument("--repeat", type=int, default=50, help="how often the purchase log is repeated")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--limit", type=float, default=300, help="seconds that one run may take")
    parser.add_argument("--out", type=Path, default=Path(__file__).with_name("report.md"))
    options = parser.parse_args()

    kind, broker_name = provider.prepare()
    if kind == "embedded":
        print(f"the benchmark needs Apache Kafka; here is only the {broker_name}", file=sys.stderr)
        return 2
    log, policy = from_file(PURCHASES, repeat=5), shipped_policies()["retail"]
    costs = [measure(policy, log) for _ in range(options.rounds)]
    with provider.broker() as broker, TemporaryDirectory(prefix="stagestream-bench-") as folder:
        arena = Arena(broker.bootstrap_servers, f"bench-{uuid4().hex[:8]}", Path(folder), options.limit)
        try:
            results = play(arena, options.repeat, options.rounds)
        finally:
            workers.delete_topics(arena.bootstrap_servers, arena.name)
    text = report(
        machine.description(broker.name), results, table(("log", "policy"), {("purchases", "retail"): costs})
    )
    options.out.write_text(text)
    print(text)
    print(f"written to {options.out}")
    missed = misses(results)
    for words in missed:
        print(words, file=sys.stderr)
    return 1 if missed else 0


def play(arena: Arena, repeat: int, rounds: int) -> dict[str, list[Result]]:
    """Every contestant in every round, in turns forwards and backwards."""
    whole = write(arena, f"{arena.name}-whole", PURCHASES, repeat)
    tenth = write(arena, f"{arena.name}-tenth", PURCHASES, max(1, repeat // FAUST_SHARE))
    results: dict[str, list[Result]] = defaultdict(list)
    for number in range(rounds):
        turns = list(CONTESTANTS.items())
        for name, contestant in turns if number % 2 == 0 else reversed(turns):
            source = tenth if contestant is faust else whole
            result = contestant(arena, source, f"{arena.name}-{uuid4().hex[:8]}")
            results[name].append(result)
            figures = f"{result.events_per_second:,.0f} events/s, {result.cpu_us:.2f} us"
            print(f"round {number + 1}, {name}: {figures}", file=sys.stderr, flush=True)
    return {name: results[name] for name in CONTESTANTS}


if __name__ == "__main__":
    sys.exit(main())
