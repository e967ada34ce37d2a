"""demo: real users climb and fall, with the reason for each move, through a real worker."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table
from rich.text import Text

from stage_models.contract import AnyMove, SegmentEntered, StageChanged
from stage_models.policy.compile import Policy
from streams import demo as stagecraft
from streams import producing
from streams import topics as all_topics
from streams.cli.loading import load_policy
from streams.cli.produce import progress_bar
from streams.cli.tables import counts
from streams.event_files import read_lines
from streams.history import History
from streams.settings import Settings
from streams.words import headline, moment, why

_PARTITIONS = 4
_CRM_SECONDS = 15  # the broker lets a new group wait for more members


def demo(
    keep: Annotated[
        bool, typer.Option("--keep", help="Leave it running, with its pages, until Ctrl-C.")
    ] = False,
    seconds: Annotated[float, typer.Option(help="How long the worker may take.")] = 120,
) -> None:
    """Run a real purchase log through a real worker: 19,725 events of 300 households in 2017.

    Starts a broker of its own (or uses the one that STAGESTREAM_BOOTSTRAP_SERVERS names), a worker and a CRM
    consumer, shows what they made of it, and proves that the topic holds exactly what `replay` computes.

    For example:
        stagestream demo

        stagestream demo --keep
    """
    console = Console(highlight=False, soft_wrap=True)
    with stagecraft.deployment() as place, TemporaryDirectory(prefix="stagestream-demo-") as folder:
        console.print(f"[bold]broker[/]    {place.broker}")
        is_proved = _run(console, place.settings, Path(folder), seconds, keep=keep)
    if not is_proved:
        raise typer.Exit(1)


def _run(console: Console, settings: Settings, folder: Path, seconds: float, *, keep: bool) -> bool:
    policy = load_policy(None, settings)
    names = all_topics.create(settings, _PARTITIONS, replication=1)
    console.print(f"[bold]topics[/]    {len(names)} created, {_PARTITIONS} partitions")
    produced = _produce(console, settings)
    expected = _replay(console, policy, settings)
    with stagecraft.crm(folder) as crm, stagecraft.worker(folder) as worker:
        began = monotonic()
        with progress_bar(console) as bar:
            task = bar.add_task("worker    transitions on the topic", total=len(expected))
            found = stagecraft.wait_for(
                settings, expected, worker, seconds, lambda there: bar.update(task, completed=there)
            )
        _print_speed(console, produced, found.transitions, monotonic() - began)
        _print_findings(console, policy, found)
        console.print("\n[bold]the CRM consumer would send, among others[/]")
        console.print(crm.last_words(3, min(seconds, _CRM_SECONDS)), markup=False)
        is_proved = _prove(console, expected, found.transitions, worker)
        _print_where_to_look(console, settings, found.transitions, keep=keep)
        if keep:
            _wait_for_ctrl_c(console, worker)
    return is_proved


def _produce(console: Console, settings: Settings) -> int:
    extent = producing.measure(stagecraft.DATA)
    producing.check_retention(settings, extent.oldest_ms)
    with progress_bar(console) as bar:
        task = bar.add_task("events    written to the input topic", total=extent.lines)
        return producing.produce(settings, stagecraft.DATA, 1, lambda done: bar.update(task, completed=done))


def _replay(console: Console, policy: Policy, settings: Settings) -> frozenset[str]:
    """The ids of the transitions that the file must give, computed without Kafka."""
    history = History(policy, settings.input)
    moves = [move for line in read_lines([stagecraft.DATA]) for move in history.feed(line)]
    moves += history.finish()
    console.print(
        f"[bold]replay[/]    {len(moves):,} transitions of {len(history.users)} users, computed from the file"
    )
    return frozenset(move.id for move in moves)


def _print_speed(console: Console, events: int, moves: list[AnyMove], seconds: float) -> None:
    """The worker's own pace lies between the first and the last move that it found in the events."""
    found = [move.detected_at for move in moves if move.cause == "event"]
    took = (max(found) - min(found)).total_seconds() if found else 0
    pace = f", {events / took:,.0f} events per second while it worked" if took else ""
    console.print(
        f"[bold]worker[/]    {events:,} events in {seconds:.1f} s from its start to its last tick{pace}"
    )


def _print_findings(console: Console, policy: Policy, found: stagecraft.Found) -> None:
    console.print()
    console.print(matrix(policy, found.transitions))
    numbers = dict.fromkeys((*(it.name for it in policy.stages), *(it.name for it in policy.segments)), 0)
    for state in found.current.values():
        numbers[state.stage] += 1
        for segment in state.segments:
            numbers[segment.name] += 1
    console.print(counts("users at the end, from the current-stage topic", numbers, "stage or segment"))
    console.print("[bold]five transitions in words[/]")
    for move in five_of(found.transitions):
        console.print(
            Text.assemble(f"  {moment(move.effective_at)}  ", (headline(move), "bold"), f"\n    {why(move)}")
        )


def matrix(policy: Policy, moves: Iterable[AnyMove]) -> Table:
    """How often users went from the stage of the row to the stage of the column."""
    names = [stage.name for stage in policy.stages]
    numbers = {(one, other): 0 for one in names for other in names}
    for move in moves:
        if isinstance(move, StageChanged) and move.from_stage is not None:
            numbers[move.from_stage, move.to_stage] += 1
    table = Table(title="moves between stages, from row to column", title_justify="left")
    table.add_column("")
    for name in names:
        table.add_column(name, justify="right")
    for one in names:
        table.add_row(one, *(f"{numbers[one, other]:,}" if numbers[one, other] else "·" for other in names))
    return table


def five_of(moves: list[AnyMove]) -> list[AnyMove]:
    """One move of each sort: up, at risk and lost by silence, back again, into a segment by silence."""
    stages = [move for move in moves if isinstance(move, StageChanged)]
    sorts: list[list[AnyMove]] = [
        [move for move in stages if move.to_stage == "power"],
        [move for move in stages if move.cause == "time" and move.to_stage == "at-risk"],
        [move for move in stages if move.cause == "time" and move.to_stage == "churned"],
        [move for move in stages if move.direction == "return"],
        [move for move in moves if isinstance(move, SegmentEntered) and move.segment == "new-and-silent"],
    ]
    return [sort[len(sort) // 2] for sort in sorts if sort]


def _prove(
    console: Console, expected: frozenset[str], moves: list[AnyMove], worker: stagecraft.Process
) -> bool:
    found = {str(move.id) for move in moves}
    if found == expected:
        console.print(
            "\n[bold green]proof[/]     the topic holds exactly what replay computes:"
            f" {len(found):,} transitions, same ids"
        )
        return True
    console.print(
        f"\n[bold red]proof failed[/]  of {len(expected):,} transitions that replay computes"
        f" {len(expected - found):,} are missing, {len(found - expected):,} are too many; the worker said:"
    )
    console.print(worker.last_words(), markup=False)
    return False


def _print_where_to_look(console: Console, settings: Settings, moves: list[AnyMove], *, keep: bool) -> None:
    names = all_topics.topics(settings)
    console.print("\n[bold]where to look next[/]")
    console.print(
        f"  topics    {names.transitions.name}, {names.current_stage.name}, {names.dead_letter.name}"
    )
    address = f"http://{settings.web.bind}:{settings.web.port}"
    console.print(
        f"  pages     {address}/metrics, {address}/health/ready" + ("" if keep else " (with --keep)")
    )
    console.print(
        f"  kafka     export STAGESTREAM_BOOTSTRAP_SERVERS={settings.bootstrap_servers} (while it runs)"
    )
    console.print("  commands  stagestream describe retail; stagestream explain --policy retail \\")
    someone = next((move.user_id for move in five_of(moves)), "USER")
    console.print(f"              --events examples/data/{stagecraft.DATA.name} --user {someone}")


def _wait_for_ctrl_c(console: Console, worker: stagecraft.Process) -> None:
    console.print("\nrunning until Ctrl-C")
    with suppress(KeyboardInterrupt):
        worker.popen.wait()
