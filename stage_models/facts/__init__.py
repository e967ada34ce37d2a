"""What is remembered about a user for the conditions' sake: one file per kind of fact."""

from stage_models.facts.amounts import Amounts
from stage_models.facts.anchored import Anchored
from stage_models.facts.day_counts import DayCounts
from stage_models.facts.days import Days
from stage_models.facts.fact import Fact
from stage_models.facts.first import First
from stage_models.facts.marks import Marks
from stage_models.facts.newest import Newest
from stage_models.facts.steps import Steps
from stage_models.facts.trait_values import TraitValues
from stage_models.facts.values import Values
from stage_models.facts.visits import Visits, VisitsSince

__all__ = [
    "Amounts",
    "Anchored",
    "DayCounts",
    "Days",
    "Fact",
    "First",
    "Marks",
    "Newest",
    "Steps",
    "TraitValues",
    "Values",
    "Visits",
    "VisitsSince",
]
