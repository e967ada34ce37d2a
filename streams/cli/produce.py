"""produce: a file of events into the input topic."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from streams import producing
from streams import settings as all_settings


def produce(
    file: Annotated[Path, typer.Argument(help="One JSON object a line, sorted by time; .gz is unpacked.")],
    repeat: Annotated[
        int, typer.Option(min=1, help="Write it so many times, each with users of its own.")
    ] = 1,
) -> None:
    """Write a file of events into the input topic: keyed by user, record time = event time.

    Refuses a topic whose retention would delete the oldest line.

    For example:
        stagestream produce events.jsonl

        stagestream produce examples/data/complete_journey_demo.jsonl.gz --repeat 100
    """
    settings = all_settings.load()
    extent = producing.measure(file)
    producing.check_retention(settings, extent.oldest_ms)
    console = Console(stderr=True)
    with progress_bar(console) as bar:
        task = bar.add_task(f"writing to {settings.input.topic}", total=extent.lines * repeat)
        count = producing.produce(settings, file, repeat, lambda done: bar.update(task, completed=done))
    console.print(f"{count:,} records in {settings.input.topic}")


def progress_bar(console: Console) -> Progress:
    """A progress bar that counts."""
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
        console=console,
    )
