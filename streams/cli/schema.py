"""schema: the JSON Schema of policies, for editors."""

from __future__ import annotations

import json

import typer

from stage_models.policy.json_schema import schema as policy_schema


def schema() -> None:
    """Print the JSON Schema of policy files; editors complete and check policies with it.

    For example:

        stagestream schema > policy.schema.json
    """
    typer.echo(json.dumps(policy_schema(), indent=2, ensure_ascii=False))
