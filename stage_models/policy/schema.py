"""The shape of a policy file: ladder, segments, events. What it means stands in compile.py."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import BeforeValidator, Field, PositiveInt, StrictBool, StrictStr

from stage_models.conditions import AnyRule
from stage_models.terms import Duration, EventName, EventSetSpec, Model

Name = Annotated[StrictStr, Field(pattern=r"^[a-z0-9]+(-[a-z0-9]+)*$", max_length=100)]
Text = Annotated[StrictStr, Field(min_length=1, max_length=2000)]

MOST_SEGMENTS = 100
MOST_STAGES = 50


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


_ListOfOne = BeforeValidator(_as_list, json_schema_input_type=EventName | list[EventName] | EventSetSpec)


class ActionSpec(Model):
    """What to do for who enters: a text, or a name and a text."""

    name: Name
    text: Text


class LateSpec(Model):
    """What to do with events that come late."""

    allowed_lateness: Duration = Duration("10 minutes")
    max_age: Duration | None = None


class StageSpec(Model):
    """One stage of the ladder. The first is the base: everybody is at least there."""

    stage: Name
    when: AnyRule | None = None
    until: AnyRule | None = None
    stay_at_least: Duration | None = None
    lapsed: StrictBool = False
    action: Text | ActionSpec
    owner: Text | None = None
    review_by: date | None = None


class SegmentSpec(Model):
    """A named set of users given by a rule; a user can be in several."""

    segment: Name
    when: AnyRule
    until: AnyRule | None = None
    stay_at_least: Duration | None = None
    cool_down: Duration | None = None
    action: Text | ActionSpec
    owner: Text | None = None
    review_by: date | None = None


class ExampleSpec(Model):
    """A history with what it must lead to, as a table (see stage_models.testing); `check` runs it."""

    example: Text
    table: Annotated[StrictStr, Field(min_length=1)]


class PolicySpec(Model):
    """A whole policy as it stands in the file."""

    policy: Name
    version: PositiveInt
    goal: Text | None = None
    owner: Text | None = None
    review_by: date | None = None
    time_zone: StrictStr = "UTC"
    events: dict[StrictStr, Annotated[EventSetSpec | list[EventName], _ListOfOne]] = Field({})
    sensitive: list[StrictStr] | None = None
    ladder: Annotated[list[StageSpec], Field(min_length=1, max_length=MOST_STAGES)]
    segments: Annotated[list[SegmentSpec], Field(max_length=MOST_SEGMENTS)] = Field([])
    late: LateSpec = LateSpec()
    examples: list[ExampleSpec] = Field([])
