"""The chaos run at full length: `make chaos`, or `python -m tests.chaos --repeat 100 --seed 7`.

Workers are killed, join and leave while they work through the purchase log; what lies in the topics
afterwards must be what `replay` makes of the same events. Exits with 1 on any difference, and with 2 where
there is no Apache Kafka to run on.
"""

from __future__ import annotations

import argparse
import random
import signal
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from rich.console import Console

from tests.chaos.campaign import campaign
from tests.kafka import provider


def main() -> int:
    """Run it; the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.chaos")
    parser.add_argument("--repeat", type=int, default=100, help="how often the log is written (default 100)")
    parser.add_argument("--seed", type=int, help="chooses the points of the faults (default: a new one)")
    parser.add_argument("--limit", type=float, default=900, help="seconds that one scenario may take")
    options = parser.parse_args()
    seed = random.SystemRandom().randrange(1_000_000) if options.seed is None else options.seed
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that workers and broker are ended

    say = Console(highlight=False, soft_wrap=True, markup=False).print
    kind, name = provider.prepare()
    if kind == "embedded":
        say(f"chaos needs Apache Kafka: the {name} does not notice members that die")
        return 2
    say(f"seed {seed}")
    with provider.broker() as broker, TemporaryDirectory(prefix="stagestream-chaos-") as folder:
        limit, repeat = options.limit, options.repeat
        runs = campaign(broker, Path(folder), repeat=repeat, seed=seed, limit_seconds=limit, say=say)
        failed = [run for run in runs if run.problems.count]
    say(f"{len(failed)} scenarios failed" if failed else "all scenarios equal replay")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
