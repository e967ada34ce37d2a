"""rules: what each rule type means, with its keys and examples."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from stage_models.conditions import RULES
from stage_models.policy.rule_pages import page_of, pages


def rules(
    rule_type: Annotated[
        str | None, typer.Argument(metavar="[TYPE]", help="Which one; left out: the list of all.")
    ] = None,
    write: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Write all pages as files, to be published.")
    ] = None,
) -> None:
    """Show what a rule type means: in words, its keys, and examples with a history.

    For example:

        stagestream rules

        stagestream rules missing
    """
    if write is not None:
        write.mkdir(parents=True, exist_ok=True)
        for name, text in pages().items():
            (write / name).write_text(text, encoding="utf-8")
        return
    page = pages()["README.md"] if rule_type is None else page_of(rule_type)
    if page is None:
        known = ", ".join(rule.KEY for rule in RULES)
        raise typer.BadParameter(f"there is no rule type {rule_type}; there are {known}", param_hint="TYPE")
    typer.echo(page, nl=False)
