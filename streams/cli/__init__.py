"""The command line: `stagestream`. One file per command; this one puts them together."""

from __future__ import annotations

from typing import Annotated, Any

import typer
from confluent_kafka import KafkaException
from typer.core import TyperGroup

from stage_models.policy import PolicyError
from streams.build import version
from streams.cli.check import check
from streams.cli.demo import demo
from streams.cli.describe import describe
from streams.cli.explain import explain
from streams.cli.produce import produce
from streams.cli.rebuild import rebuild
from streams.cli.replay import replay
from streams.cli.rules import rules
from streams.cli.schema import schema
from streams.cli.tail import tail
from streams.cli.topics import topics
from streams.cli.worker import worker
from streams.demo import DemoError
from streams.event_files import FileError
from streams.settings import SettingsError
from streams.topics import TopicsError

_OPERATORS_MISTAKES = (PolicyError, SettingsError, FileError, TopicsError, DemoError, KafkaException)


class _Commands(TyperGroup):
    """Tells the operator's mistakes as they are and exits with 1; anything else is our bug."""

    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except _OPERATORS_MISTAKES as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(1) from None


app = typer.Typer(
    name="stagestream",
    cls=_Commands,
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    help="Moves every user along an engagement ladder at the exact instant it becomes true, and says why.",
)


def _print_version(is_asked: bool) -> None:
    if is_asked:
        typer.echo(version())
        raise typer.Exit


@app.callback()
def _main(
    is_version_asked: Annotated[
        bool,
        typer.Option("--version", help="Print the version and exit.", is_eager=True, callback=_print_version),
    ] = False,
) -> None:
    """Take the options that stand before a command; the program's own help is given above."""


app.command()(worker)
app.command()(demo)
app.command()(check)
app.command()(describe)
app.command()(rules)
app.command()(schema)
app.command()(replay)
app.command()(rebuild)
app.command()(explain)
app.command()(produce)
app.command()(tail)
app.add_typer(topics, name="topics")
