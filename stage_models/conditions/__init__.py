"""The rule types: one file each, with the model that people write and the condition that evaluates it.

A new rule type is one file here and one entry in RULES.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Union

from pydantic import Discriminator, Tag

from stage_models.conditions import combinations
from stage_models.conditions.active_days import ActiveDays
from stage_models.conditions.inactive import Inactive
from stage_models.conditions.missing import Missing
from stage_models.conditions.performed import Performed
from stage_models.conditions.reached import Reached
from stage_models.conditions.recent import Recent
from stage_models.conditions.rule import Condition, Rule
from stage_models.conditions.total import Total

RULES: tuple[type[Rule], ...] = (
    Performed,
    ActiveDays,
    Total,
    Recent,
    Inactive,
    Missing,
    Reached,
    combinations.All,
    combinations.Any,
    combinations.Not,
)

_KEYS = [rule.KEY for rule in RULES]


def _rule_key(value: Any) -> str | None:
    if isinstance(value, Rule):
        return value.KEY
    return next((key for key in _KEYS if key in value), None) if isinstance(value, Mapping) else None


AnyRule = Annotated[
    Union[tuple(Annotated[rule, Tag(rule.KEY)] for rule in RULES)],  # type: ignore[valid-type]  # made from the list
    Discriminator(_rule_key),
]
"""A rule of any type, told apart by its one rule-type key."""

for _combination in (combinations.All, combinations.Any, combinations.Not):
    _combination.model_rebuild(_types_namespace={"AnyRule": AnyRule})

__all__ = ["RULES", "AnyRule", "Condition", "Rule"]
