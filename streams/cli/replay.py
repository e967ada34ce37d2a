"""replay: what a policy makes of a history, without Kafka."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console

from stage_models.policy.compile import Policy
from streams import settings as all_settings
from streams.cli.loading import EventsOption, MoreEvents, PolicyOption, instant, load_policy
from streams.cli.tables import counts, places
from streams.event_files import read_lines
from streams.history import History

_SAY_EVERY = 10_000


def replay(
    events: EventsOption,
    more_events: MoreEvents = None,
    policy: PolicyOption = None,
    until: Annotated[str | None, typer.Option(help="Let time pass up to here after the last event.")] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where transitions go, one a line; else standard output.")
    ] = None,
    final: Annotated[Path | None, typer.Option(help="Where each user's last state goes, one a line.")] = None,
) -> None:
    """Run a history through a policy: transitions as JSON lines, a summary on standard error. Needs no Kafka.

    Without --until the history ends as the worker's would: at the newest event less the allowed lateness.

    For example:
        stagestream replay --policy retail --events examples/data/complete_journey_demo.jsonl.gz > moves.jsonl

        stagestream replay --policy new.yaml --events a.jsonl b.jsonl --until 2027-01-01 --final users.jsonl
    """
    end = instant(until)
    settings = all_settings.load()
    chosen = load_policy(policy, settings)
    history = History(chosen, settings.input)
    console = Console(stderr=True)
    with _opened(out) as moves, console.status("replaying") as status:
        for number, line in enumerate(read_lines([*events, *(more_events or [])]), 1):
            for transition in history.feed(line):
                moves.write(history.written(transition, line.time_ms) + b"\n")
            if number % _SAY_EVERY == 0:
                status.update(f"replaying: {number:,} lines, {len(history.users):,} users")
        detected_ms = (history.newest_ms if end is None else end) or 0
        for transition in history.finish(end):
            moves.write(history.written(transition, detected_ms) + b"\n")
    if final is not None:
        with final.open("wb") as users:
            users.writelines(history.final(user, detected_ms) + b"\n" for user in history.users.values())
    _print_summary(console, chosen, history)


@contextmanager
def _opened(path: Path | None) -> Iterator[BinaryIO]:
    if path is None:
        yield sys.stdout.buffer
        return
    with path.open("wb") as file:
        yield file


def _print_summary(console: Console, policy: Policy, history: History) -> None:
    dropped = {f"dropped: {reason}": number for reason, number in sorted(history.dropped.items())}
    dead = {f"dead letters: {reason}": number for reason, number in sorted(history.dead.items())}
    rows = {"users": len(history.users), "events": history.events} | dropped | dead | dict(history.moves)
    console.print(counts(f"policy {policy.name}, version {policy.version}", rows, "what"))
    if history.users:
        console.print(counts("users at the end", places(policy, history.users.values()), "stage or segment"))
    for mistake in history.mistakes:
        console.print(mistake, highlight=False)
