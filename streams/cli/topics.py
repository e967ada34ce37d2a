"""topics: create the topics of a deployment, or compare them with what the worker relies on."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.console import Console

from streams import settings as all_settings
from streams import topics as all_topics

topics = typer.Typer(no_args_is_help=True, help="Create the topics, or check them.")


@topics.command()
def create(
    partitions: Annotated[
        int | None,
        typer.Option(
            min=1, help="Create the input topic too, with so many partitions; it keeps its records."
        ),
    ] = None,
    replication: Annotated[int, typer.Option(min=1, help="Replicas of each; 1 for a single broker.")] = 3,
) -> None:
    """Create the topics that are missing; those that exist stay as they are.

    For example:
        stagestream topics create

        stagestream topics create --partitions 4 --replication 1
    """
    names = all_topics.create(all_settings.load(), partitions, replication)
    console = Console(stderr=True, highlight=False)
    for name in names:
        console.print(f"created {name}")
    if not names:
        console.print("all topics are there")


@topics.command()
def check() -> None:
    """Compare the topics with what the worker relies on; exits with 1 and every problem if they do not fit.

    For example:
        stagestream topics check
    """
    layout = all_topics.check(all_settings.load())
    console = Console(stderr=True, highlight=False)
    for warning in layout.warnings:
        console.print(f"warning: {warning}")
    console.print(f"the topics fit: {layout.partitions} partitions")
