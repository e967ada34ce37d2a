"""check: is this policy right, and is it wise?"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Annotated

import typer

from stage_models import policy as policies
from stage_models.against import problems_against
from stage_models.policy.advice import advice_of
from stage_models.policy.problems import PolicyError, Problem
from stage_models.policy.source import read
from stage_models.testing import failed_examples
from streams.cli.loading import PolicyArgument
from streams.policy_files import read_policy


def check(
    policy: PolicyArgument,
    strict: Annotated[bool, typer.Option("--strict", help="Advice counts as an error.")] = False,
    against: Annotated[
        str | None,
        typer.Option(help="The policy that runs now: also check that this one may follow it.", metavar="OLD"),
    ] = None,
) -> None:
    """Check a policy: every mistake with its place, its examples, then advice.

    Exits with 1 if there is a mistake or an example fails, with --strict also if there is advice. With --against OLD
    the version must have grown, and a rule that asks what OLD did not remember is a mistake.

    For example:

        stagestream check policies/retail.yaml

        stagestream check saas --strict

        stagestream check new.yaml --against running.yaml
    """
    text, file = read_policy(policy)
    checked = policies.load(text, file)
    source = read(text, file)
    failed = failed_examples(checked, source)
    advice = advice_of(checked, source, datetime.now(UTC).date())
    if advice:
        typer.echo(f"advice ({len(advice)}):\n\n{_told(advice)}\n")
    if against is not None:
        failed += problems_against(policies.load(*read_policy(against)), checked, source)
    if failed:
        raise PolicyError(failed)
    if advice and strict:
        raise typer.Exit(1)
    number = len(checked.spec.examples)
    examples = "1 example holds" if number == 1 else f"{number} examples hold"
    typer.echo(f"{file}: {checked.name}, version {checked.version}, is right; {examples}")


def _told(problems: list[Problem]) -> str:
    return "\n\n".join(map(str, problems))
