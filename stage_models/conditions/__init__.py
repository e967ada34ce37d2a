"""The rule types: one file each, with the model that people write and the condition that evaluates it.

A new rule type is one file here and one entry in AnyRule.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, get_args

from pydantic import Discriminator, Tag

from stage_models.conditions import combinations
from stage_models.conditions.active_days import ActiveDays
from stage_models.conditions.declining import Declining
from stage_models.conditions.distinct import Distinct
from stage_models.conditions.during import During
from stage_models.conditions.first import First
from stage_models.conditions.inactive import Inactive
from stage_models.conditions.missing import Missing
from stage_models.conditions.performed import Performed
from stage_models.conditions.reached import Reached
from stage_models.conditions.recent import Recent
from stage_models.conditions.regular import Regular
from stage_models.conditions.returned import Returned
from stage_models.conditions.rule import Condition, Rule
from stage_models.conditions.segment import InSegment
from stage_models.conditions.sequence import Sequence
from stage_models.conditions.sessions import Sessions
from stage_models.conditions.stage import InStage
from stage_models.conditions.total import Total
from stage_models.conditions.trait import Trait


def _rule_key(value: Any) -> str | None:
    if isinstance(value, Rule):
        return value.KEY
    return (
        next((rule.KEY for rule in RULES if rule.KEY in value), None) if isinstance(value, Mapping) else None
    )


AnyRule = Annotated[
    Annotated[Performed, Tag(Performed.KEY)]
    | Annotated[ActiveDays, Tag(ActiveDays.KEY)]
    | Annotated[Sessions, Tag(Sessions.KEY)]
    | Annotated[Total, Tag(Total.KEY)]
    | Annotated[Distinct, Tag(Distinct.KEY)]
    | Annotated[Recent, Tag(Recent.KEY)]
    | Annotated[First, Tag(First.KEY)]
    | Annotated[Regular, Tag(Regular.KEY)]
    | Annotated[Returned, Tag(Returned.KEY)]
    | Annotated[Inactive, Tag(Inactive.KEY)]
    | Annotated[Missing, Tag(Missing.KEY)]
    | Annotated[Sequence, Tag(Sequence.KEY)]
    | Annotated[Declining, Tag(Declining.KEY)]
    | Annotated[Trait, Tag(Trait.KEY)]
    | Annotated[Reached, Tag(Reached.KEY)]
    | Annotated[InStage, Tag(InStage.KEY)]
    | Annotated[InSegment, Tag(InSegment.KEY)]
    | Annotated[During, Tag(During.KEY)]
    | Annotated[combinations.All, Tag(combinations.All.KEY)]
    | Annotated[combinations.Any, Tag(combinations.Any.KEY)]
    | Annotated[combinations.Not, Tag(combinations.Not.KEY)],
    Discriminator(_rule_key),
]
"""A rule of any type, told apart by its one rule-type key. This is the list of rule types."""

RULES: tuple[type[Rule], ...] = tuple(get_args(member)[0] for member in get_args(get_args(AnyRule)[0]))

for _combination in (combinations.All, combinations.Any, combinations.Not):
    _combination.model_rebuild(_types_namespace={"AnyRule": AnyRule})

__all__ = ["RULES", "AnyRule", "Condition", "Rule"]
