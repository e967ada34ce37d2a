"""The JSON Schema of policies, so that editors complete and check them while they are written."""

from __future__ import annotations

from typing import Any

from stage_models.policy.schema import PolicySpec

DIALECT = "https://json-schema.org/draft/2020-12/schema"
IDENTITY = "urn:stagestream:schema:policy:1"


def schema() -> dict[str, Any]:
    """The JSON Schema (2020-12) of a policy file."""
    return {"$schema": DIALECT, "$id": IDENTITY} | PolicySpec.model_json_schema()
