"""For tests of your own policies: `load` the text, `scenario(policy, table)`, `hold_laws(policy)`."""

from stage_models.policy import PolicyError, load
from stage_models.testing.laws import LawBrokenError, hold_laws
from stage_models.testing.scenarios import (
    Row,
    ScenarioError,
    event,
    failed_examples,
    read_table,
    scenario,
    tick,
)

__all__ = [
    "LawBrokenError",
    "PolicyError",
    "Row",
    "ScenarioError",
    "event",
    "failed_examples",
    "hold_laws",
    "load",
    "read_table",
    "scenario",
    "tick",
]
