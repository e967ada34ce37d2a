"""The report: medians over the rounds with the least and the greatest, and ratios to others in the same run."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from bench.contestants import Result

FLOOR = "aiokafka, bare loop"
FLOOR_OF_OURS = "librdkafka, bare loop"
PEER = "Faust, ladder job"
OURS = "Stagestream, retail policy"

Results = Mapping[str, Sequence[Result]]
"""The results of every contestant, one for each round."""


class Bar(NamedTuple):
    """How fast the worker has to be, measured by somebody else's rate."""

    other: str
    at_least: float


BARS = (Bar(FLOOR, 0.25), Bar(PEER, 15.0))


def report(machine: str, results: Results, core: str) -> str:
    """The whole report in Markdown."""
    verdicts = "\n".join(f"- {verdict(results, bar)}" for bar in BARS)
    return f"""# Benchmark

Written by `make bench`; what is measured and how stands in `docs/reference/benchmarks.md`. Compare ratios: rates
depend on the machine and on what else it does.

{machine}

## From Kafka to Kafka

{_table(results)}

{verdicts}

## The core alone

{core}
"""


def misses(results: Results) -> list[str]:
    """The bars that the worker did not reach, in words."""
    return [verdict(results, bar) for bar in BARS if _ratio(results, bar.other) < bar.at_least]


def verdict(results: Results, bar: Bar) -> str:
    """How the worker stands to a bar."""
    ratio = _ratio(results, bar.other)
    outcome = "reached" if ratio >= bar.at_least else "missed"
    return f"{ratio:.2f} x {bar.other} (the bar is {bar.at_least:g} x: {outcome})"


def _ratio(results: Results, other: str) -> float:
    return _rate(results[OURS]) / _rate(results[other])


def _rate(runs: Sequence[Result]) -> float:
    return median(run.events_per_second for run in runs)


def _table(results: Results) -> str:
    floor = _rate(results[FLOOR])
    lines = [
        "| | events | events/s (least - greatest) | of the aiokafka loop | CPU µs/event (least - greatest) | peak MiB |",
        "|---|---:|---:|---:|---:|---:|",
    ]
    for name, runs in results.items():
        rates = [run.events_per_second for run in runs]
        cpu = [run.cpu_us for run in runs]
        lines.append(
            f"| {name} | {median(run.events for run in runs):,.0f} "
            f"| {median(rates):,.0f} ({min(rates):,.0f} - {max(rates):,.0f}) | {median(rates) / floor:.2f} "
            f"| {median(cpu):.2f} ({min(cpu):.2f} - {max(cpu):.2f}) "
            f"| {median(run.peak_mib for run in runs):.0f} |"
        )
    return "\n".join(lines)
