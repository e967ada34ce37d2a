"""What commands begin with: the settings and the policy, as the operator gave them."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stage_models import policy as policies
from stage_models.instants import parse_instant
from stage_models.policy.compile import Policy
from streams import settings as all_settings
from streams.policy_files import read_policy
from streams.settings import Settings

PolicyOption = Annotated[
    str | None,
    typer.Option(
        "--policy", help="A policy file, or the name of a shipped one. Default: STAGESTREAM_POLICY."
    ),
]

PolicyArgument = Annotated[str, typer.Argument(help="A policy file, or the name of a shipped one.")]
EventsOption = Annotated[
    list[Path], typer.Option("--events", help="Files of events, one JSON object a line; .gz is unpacked.")
]
MoreEvents = Annotated[list[Path] | None, typer.Argument(metavar="FILE", help="More files, merged by time.")]


def load_policy(name_or_path: str | None, settings: Settings | None = None) -> Policy:
    """The policy that is named, else that of the settings. Raises PolicyError or SettingsError."""
    text, file = read_policy(name_or_path or (settings or all_settings.load()).policy)
    return policies.load(text, file)


def instant(text: str | None) -> int | None:
    """UTC milliseconds of a time on the command line. Raises typer.BadParameter when it is none."""
    if text is None:
        return None
    try:
        return parse_instant(text)
    except ValueError:
        raise typer.BadParameter(f"{text} is no time; try 2026-11-20 or 2026-11-20T09:12:44Z") from None
