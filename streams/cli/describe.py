"""describe: a policy in words."""

from __future__ import annotations

from typing import Annotated

import typer

from stage_models.policy.describe import Format
from stage_models.policy.describe import describe as in_words
from streams.cli.loading import PolicyArgument, load_policy


def describe(
    policy: PolicyArgument,
    form: Annotated[Format, typer.Option("--format", help="How it is written.")] = "text",
) -> None:
    """Say what a policy does: its ladder and segments in words, as a table, as a diagram, as JSON.

    For example:

        stagestream describe retail

        stagestream describe policies/retail.yaml --format mermaid
    """
    typer.echo(in_words(load_policy(policy), form), nl=False)
