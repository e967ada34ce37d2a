"""tail: transitions as they come, one readable line each."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

import typer
from rich.console import Console
from rich.text import Text

from stage_models.contract import AnyMove, StageChanged, read_transition
from streams import settings as all_settings
from streams.topic_reader import read_topic
from streams.topics import topics
from streams.words import headline, moment, why

_COLOURS = {"up": "green", "return": "green", "down": "red", "first": "cyan"}


def tail(
    user: Annotated[str | None, typer.Option(help="Only this user.")] = None,
    from_start: Annotated[
        bool, typer.Option("--from-start", help="Begin with the oldest, not with the next.")
    ] = False,
    follow: Annotated[bool, typer.Option(help="Wait for more; otherwise end at the topic's end.")] = True,
    limit: Annotated[int | None, typer.Option(min=1, help="End after so many lines.")] = None,
) -> None:
    """Print transitions as readable lines.

    For example:
        stagestream tail

        stagestream tail --from-start --no-follow --user u_123
    """
    settings = all_settings.load()
    console = Console(soft_wrap=True, highlight=False)
    name = topics(settings).transitions.name
    records = read_topic(settings, name, from_start=from_start, follow=follow)
    wanted = (record for record in records if user is None or record.key() == user.encode())
    for record in islice(wanted, limit):
        console.print(_line(read_transition(record.value() or b"")))


def _line(move: AnyMove) -> Text:
    colour = _COLOURS.get(move.direction, "") if isinstance(move, StageChanged) else ""
    return Text.assemble(
        (moment(move.effective_at), "dim"), "  ", (headline(move), f"bold {colour}"), "  ", why(move)
    )
