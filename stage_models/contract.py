"""The outgoing contract for readers: pydantic models of every record that leaves Stagestream.

    moved = read_transition(record.value)
    if isinstance(moved, StageChanged) and moved.to_stage == "at-risk": ...

Instants are aware datetimes in UTC; on the wire they are RFC 3339 with three decimals and `Z`, and nothing
else is accepted. Readers must ignore fields that they do not know, so these models do.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import (
    AfterValidator,
    AwareDatetime,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    TypeAdapter,
    WithJsonSchema,
    model_validator,
)

from stage_models.instants import format_instant, from_datetime
from stage_models.transitions import Cause, Direction

_INSTANT = r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{3}Z$"
_is_instant = re.compile(_INSTANT).fullmatch


def _moment(value: Any) -> Any:
    if isinstance(value, datetime):
        return value
    if not isinstance(value, str) or not _is_instant(value):
        raise ValueError("an instant is RFC 3339 in UTC with three decimals and Z")
    return datetime.fromisoformat(value)


def _text(moment: datetime) -> str:
    return format_instant(from_datetime(moment))


Instant = Annotated[
    AwareDatetime,
    BeforeValidator(_moment),
    PlainSerializer(_text, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time", "pattern": _INSTANT}),
]
"""A moment in UTC, to the millisecond."""


def _is_uuid5(value: UUID) -> UUID:
    if value.version != 5:
        raise ValueError("a transition's id is a uuid5")
    return value


Id = Annotated[UUID, AfterValidator(_is_uuid5)]
UserId = Annotated[str, Field(min_length=1, max_length=256)]
Name = Annotated[str, Field(min_length=1)]
Figure = int | float | str | bool | None


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore", strict=True)


class PolicyRef(_Model):
    """Which policy judged."""

    name: Name
    version: Annotated[int, Field(ge=1)]
    fingerprint: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]


class Action(_Model):
    """What the policy wants done for who enters here."""

    name: Name
    text: Name
    owner: str | None


class CausingEvent(_Model):
    """The event that caused a transition; identify and group calls have no name."""

    id: Name
    name: str | None
    occurred_at: Instant


class Evidence(_Model):
    """One condition that decided: what was observed against which threshold."""

    rule: Name
    condition: Name
    observed: Figure
    threshold: Figure
    instants: Annotated[list[Instant], Field(max_length=10)]
    event_ids: list[str]
    approximate: bool


class _Transition(_Model):
    id: Id
    user_id: UserId
    group_id: str | None
    sequence: Annotated[int, Field(ge=1)]
    cause: Cause
    corrects: list[Id]
    event: CausingEvent | None
    effective_at: Instant
    detected_at: Instant
    previous_entered_at: Instant | None
    next_check_at: Instant | None
    evidence: Annotated[list[Evidence], Field(max_length=20)]
    stage: Name
    segments: list[Name]
    highest_stage: Name
    action: Action | None
    policy: PolicyRef
    traits: dict[str, Any]
    consent: dict[str, bool]
    replay: bool

    @model_validator(mode="after")
    def _cause_and_event_agree(self) -> _Transition:
        if self.cause != "merge" and (self.event is None) == (self.cause in {"event", "late"}):
            raise ValueError("causes event and late name their event, time, policy and manual have none")
        if self.corrects and self.cause != "late":
            raise ValueError("only cause late corrects")
        return self


class StageChanged(_Transition):
    """The user moved from one stage to another, or got the first one."""

    kind: Literal["stage.changed"]
    from_stage: Name | None
    to_stage: Name
    direction: Direction


class SegmentEntered(_Transition):
    """The user is in the segment from `effective_at` on."""

    kind: Literal["segment.entered"]
    segment: Name


class SegmentLeft(_Transition):
    """The user is no longer in the segment; nothing is to be done for it, so `action` is null."""

    kind: Literal["segment.left"]
    segment: Name
    action: None


AnyMove = StageChanged | SegmentEntered | SegmentLeft
"""A transition of any kind."""


class CurrentSegment(_Model):
    """A segment that the user is in."""

    name: Name
    entered_at: Instant
    next_check_at: Instant | None


class CurrentStage(_Model):
    """Where a user is now: the record of the compacted topic, the last one of a key wins."""

    user_id: UserId
    group_id: str | None
    stage: Name
    stage_entered_at: Instant
    stage_next_check_at: Instant | None
    highest_stage: Name
    segments: list[CurrentSegment]
    sequence: Annotated[int, Field(ge=1)]
    next_check_at: Instant | None
    last_transition_id: Id
    detected_at: Instant
    policy: PolicyRef
    traits: dict[str, Any]
    consent: dict[str, bool]


TRANSITION: TypeAdapter[AnyMove] = TypeAdapter(Annotated[AnyMove, Field(discriminator="kind")])
"""Validates, and makes the JSON Schema of, a transition of any kind; `kind` tells them apart."""


def read_transition(value: bytes | str) -> AnyMove:
    """The transition in a record's value. Raises pydantic.ValidationError when it breaks the contract."""
    return TRANSITION.validate_json(value)


def read_current(value: bytes | str) -> CurrentStage:
    """The user's state in a record's value. Raises pydantic.ValidationError when it breaks the contract."""
    return CurrentStage.model_validate_json(value)
