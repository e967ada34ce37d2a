"""The published JSON Schema. `stagestream schema > docs/reference/contract/policy.schema.json` renews it."""

from __future__ import annotations

import json
from pathlib import Path

from stage_models.conditions import RULES
from stage_models.policy.json_schema import schema

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "contract" / "policy.schema.json"


def test_published_schema_is_the_one_that_the_models_give() -> None:
    assert json.loads(PUBLISHED.read_text(encoding="utf-8")) == schema()


def test_schema_knows_every_rule_type_and_refuses_unknown_keys() -> None:
    definitions = schema()["$defs"]
    for rule in RULES:
        definition = definitions[rule.__name__]
        assert rule.KEY in definition["properties"]
        assert rule.KEY in definition["required"]
        assert definition["additionalProperties"] is False


def test_keys_are_those_of_the_file_not_of_the_code() -> None:
    text = json.dumps(schema())
    assert '"for"' in text
    assert '"for_"' not in text
    assert '"is_"' not in text
