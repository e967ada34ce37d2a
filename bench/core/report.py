"""The core's report: what an event costs and what a user takes, as Markdown tables."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import median
from typing import NamedTuple

from bench.core.steps import STEPS, Costs
from bench.report import FLOOR

Rounds = Sequence[Costs]
Rows = Mapping[tuple[str, ...], Rounds]
"""Rounds by the names of what was measured."""

FLOOR_SHARE = 1 / 3
SEGMENTS_RATIO = 2.0
MEDIAN_BYTES, P99_BYTES = 250, 600
MADE_UP, PURCHASES, COURSES = "made up", "purchases", "courses"
MAIN = (MADE_UP, "saas")
"""The log and the policy that the bars are about."""


class Results(NamedTuple):
    """What was measured; each a list of rounds by what it was measured on."""

    policies: Rows  # by log and policy
    rules: Mapping[str, Rounds]  # type of rule
    segments: Mapping[int, Rounds]  # number of segments
    floor_us: Sequence[float]  # CPU per record of the bare aiokafka loop; empty without a broker


class Bar(NamedTuple):
    """What has to be reached, and what was."""

    words: str
    is_reached: bool


def report(machine: str, results: Results) -> str:
    """The whole report in Markdown."""
    verdicts = "\n".join(
        f"- {bar.words}: {'reached' if bar.is_reached else 'missed'}" for bar in bars(results)
    )
    rule_rows: Rows = {(kind,): rounds for kind, rounds in results.rules.items()}
    segment_rows: Rows = {(f"{count}",): rounds for count, rounds in results.segments.items()}
    return f"""# The core alone

Written by `make bench ARGS=core`; what is measured and how stands in `docs/reference/benchmarks.md`. Microseconds of CPU
per event: the median of the rounds (least - greatest). The full step goes from the bytes of a record to the bytes of
the stored user; writing the transitions comes on top.

{machine}

{verdicts}

## Policies and logs

{_floor(results.floor_us)}{table(("log", "policy"), results.policies)}

## Bytes of a stored user, at the end of the log

{_bytes_table(results.policies)}

## One rule of each type, a tenth of the made-up log

{table(("rule",), rule_rows)}

## Number of segments, a tenth of the made-up log

Each use of a feature concerns five segments, or the only one.

{table(("segments",), segment_rows)}
"""


def bars(results: Results) -> list[Bar]:
    """What the core has to reach, as far as it was measured."""
    found = []
    ours, policy = results.policies[MAIN], MAIN[1]
    if results.floor_us:
        share = median(results.floor_us) / _full_us(ours)
        words = f"{policy}: {share:.2f} x the speed of the {FLOOR} (the bar is {FLOOR_SHARE:.2f} x)"
        found.append(Bar(words, share >= FLOOR_SHARE))
    few, many = (_full_us(results.segments[count]) for count in (5, 100))
    words = f"100 segments: {many / few:.2f} x the cost of 5 (the bar is {SEGMENTS_RATIO:g} x)"
    found.append(Bar(words, many <= SEGMENTS_RATIO * few))
    middle, p99 = _bytes(ours[0])
    words = f"{policy}: {middle} bytes per user, p99 {p99} (the bar is {MEDIAN_BYTES} and {P99_BYTES})"
    found.append(Bar(words, middle <= MEDIAN_BYTES and p99 <= P99_BYTES))
    return found


def table(heads: tuple[str, ...], rows: Rows) -> str:
    """Microseconds per event of each step: a row for each thing that was measured, under the heads of its names."""
    columns = (*heads, *STEPS[:4], "full step", STEPS[4], "stored per event", "told per event")
    lines = [f"| {' | '.join(columns)} |", "|" + "---|" * len(heads) + "---:|" * (len(columns) - len(heads))]
    for names, rounds in rows.items():
        steps = [f"{median(costs.us(step) for costs in rounds):.2f}" for step in range(len(STEPS))]
        first = rounds[0]
        often = f"{first.users_stored / first.events:.2f}", f"{first.transitions / first.events:.2f}"
        cells = *steps[:4], _range([costs.full_us for costs in rounds]), steps[4], *often
        lines.append(f"| {' | '.join((*names, *cells))} |")
    return "\n".join(lines)


def _bytes_table(policies: Rows) -> str:
    lines = ["| log | policy | users | median | p99 | greatest |", "|---|---|---:|---:|---:|---:|"]
    for names, rounds in policies.items():
        sizes = rounds[0].stored_bytes
        middle, p99 = _bytes(rounds[0])
        lines.append(f"| {' | '.join(names)} | {len(sizes):,} | {middle:,} | {p99:,} | {sizes[-1]:,} |")
    return "\n".join(lines)


def _floor(floor_us: Sequence[float]) -> str:
    if not floor_us:
        return ""
    return f"{FLOOR}, purchases: {_range(floor_us)} µs a record.\n\n"


def _bytes(costs: Costs) -> tuple[int, int]:
    sizes = costs.stored_bytes
    return sizes[len(sizes) // 2], sizes[len(sizes) * 99 // 100]


def _full_us(rounds: Rounds) -> float:
    return median(costs.full_us for costs in rounds)


def _range(figures: Sequence[float]) -> str:
    return f"{median(figures):.2f} ({min(figures):.2f} - {max(figures):.2f})"
