"""The words that rules are made of: durations, events, property filters."""

from __future__ import annotations

import re
from typing import Annotated, Any, ClassVar, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    StrictBool,
    StrictFloat,
    StrictInt,
    StrictStr,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

from stage_models.date_ranges import Dates, is_day
from stage_models.instants import DAY, HOUR, MINUTE, SECOND

FIRST_SEEN = "first_seen"
EVENT_SET_NAME = re.compile(r"[a-z0-9_-]+")

_UNITS = {"second": SECOND, "minute": MINUTE, "hour": HOUR, "day": DAY, "week": 7 * DAY}
_TEXT = re.compile(r"(\d+) *(second|minute|hour|day|week)s?")
_ISO = re.compile(r"P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?")
_LONGEST = 100 * 366 * DAY


def mistake(
    kind: str, message: str, *, expected: str, found: object = None, hint: str | None = None
) -> PydanticCustomError:
    """A mistake in the policy that only a model can see, in the parts that every message to the author has."""
    return PydanticCustomError(
        kind, message.replace("{", "{{"), {"expected": expected, "found": found, "hint": hint}
    )


class Model(BaseModel):
    """What people write: unknown keys are refused, nothing changes after the check."""

    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


class Duration:
    """A length of time: `7 days`, `48 hours`, `P7D`. Its text is as written, with ISO 8601 put into words; whether
    it is written in days or weeks matters where days of the calendar can be meant.
    """

    __slots__ = ("is_in_days", "ms", "text")

    EXPECTED: ClassVar[str] = "a duration such as 30 minutes, 48 hours, 7 days, 2 weeks or P7D"

    def __init__(self, text: str) -> None:
        """Raises ValueError when the text is no duration."""
        if match := _TEXT.fullmatch(text.strip()):
            count, unit = int(match[1]), match[2]
            self.ms = count * _UNITS[unit]
            self.text = f"{count} {unit}" if count == 1 else f"{count} {unit}s"
            self.is_in_days = unit in ("day", "week")
        elif (match := _ISO.fullmatch(text.strip())) and any(match.groups()):
            weeks, days, hours, minutes, seconds = (int(group or 0) for group in match.groups())
            self.ms = (weeks * 7 + days) * DAY + hours * HOUR + minutes * MINUTE + seconds * SECOND
            self.text = _in_words(self.ms)
            self.is_in_days = not any(match.groups()[2:])
        else:
            raise ValueError(text)
        if self.ms > _LONGEST:
            raise ValueError(text)

    def __str__(self) -> str:
        return self.text

    def __repr__(self) -> str:
        return f"Duration({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Duration) and other.ms == self.ms

    def __hash__(self) -> int:
        return hash(self.ms)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: GetCoreSchemaHandler) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(
            cls._validate, serialization=core_schema.to_string_ser_schema()
        )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {"type": "string", "examples": ["30 minutes", "48 hours", "7 days", "P7D"]}

    @classmethod
    def _validate(cls, value: Any) -> Duration:
        if isinstance(value, Duration):
            return value
        if isinstance(value, str):
            try:
                return cls(value)
            except ValueError:
                pass
        hint = f"{value} days" if isinstance(value, int) and not isinstance(value, bool) else None
        raise mistake("duration", "no duration", expected=cls.EXPECTED, found=value, hint=hint)


def _in_words(ms: int) -> str:
    for unit, length in reversed(_UNITS.items()):
        if ms and ms % length == 0 and unit != "week":
            count = ms // length
            return f"{count} {unit}" if count == 1 else f"{count} {unit}s"
    return "0 seconds"


Number = StrictInt | StrictFloat
Value = StrictBool | StrictInt | StrictFloat | StrictStr


_COMPARISONS = "is, is_not, in, not_in, above, at_least, below, at_most, starts_with, contains, exists"


class Comparison(Model):
    """How one property must compare; all that is listed must hold."""

    is_: Value | None = Field(None, alias="is")
    is_not: Value | None = None
    in_: list[Value] | None = Field(None, alias="in", min_length=1)
    not_in: list[Value] | None = Field(None, min_length=1)
    above: Number | None = None
    at_least: Number | None = None
    below: Number | None = None
    at_most: Number | None = None
    starts_with: StrictStr | None = None
    contains: Value | None = None
    exists: StrictBool | None = None

    @model_validator(mode="after")
    def _compares(self) -> Comparison:
        if not self.model_fields_set:
            raise mistake("empty_comparison", "no comparison", expected=f"one or more of: {_COMPARISONS}")
        return self

    def sentence(self, path: str) -> str:
        """For example `discount above 0`."""
        return " and ".join(
            f"{path} {key.replace('_', ' ')} {_value_text(value)}"
            for key, value in self.model_dump(by_alias=True, exclude_none=True).items()
        )


Where = Annotated[dict[str, Comparison], Field(min_length=1)]


def where_sentence(where: Where) -> str:
    """For example `discount above 0 and channel is web`."""
    return " and ".join(comparison.sentence(path) for path, comparison in where.items())


def _value_text(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(_value_text(item) for item in value)
    return str(value)


class DateRange(Model):
    """From one local date to another, both included: of every year, or with years of one stretch of time."""

    from_: StrictStr = Field(alias="from", examples=["11-20", "2026-11-20"])
    to: StrictStr = Field(examples=["12-26", "2026-12-26"])

    @model_validator(mode="after")
    def _is_possible(self) -> DateRange:
        for key, text in (("from", self.from_), ("to", self.to)):
            if not is_day(text):
                expected = "a date such as 11-20, or 2026-11-20 for one year only"
                raise mistake("date", f"{key} is no date", expected=expected, found=text)
        if len(self.from_) != len(self.to):
            found = f"{self.from_} to {self.to}"
            raise mistake(
                "years", "only one date has a year", expected="both with a year, or none", found=found
            )
        if self.dates.is_fixed and self.from_ > self.to:
            raise mistake("dates", "from is after to", expected=f"at most {self.to}", found=self.from_)
        return self

    @property
    def dates(self) -> Dates:
        """The dates in it."""
        return Dates(self.from_, self.to)

    def sentence(self) -> str:
        """For example `from 11-20 to 12-26`."""
        return f"from {self.from_} to {self.to}"


EventName = Annotated[StrictStr, Field(min_length=1, max_length=200)]
CountsAs = Literal["usage", "engagement", "purchase", "support"]


class EventSetSpec(Model):
    """A set of events: by name, or any but some, and by their properties."""

    event: EventName | list[EventName] | None = None
    any_: Literal[True] | None = Field(None, alias="any")
    except_: EventName | list[EventName] | None = Field(None, alias="except")
    where: Where | None = None
    during: DateRange | None = None
    counts_as: CountsAs | None = None

    @model_validator(mode="after")
    def _names_events(self) -> EventSetSpec:
        if (self.event is None) == (self.any_ is None):
            raise mistake(
                "event_set", "an event set needs event or any, not both", expected="event: NAME or any: true"
            )
        if self.except_ is not None and self.any_ is None:
            raise mistake("event_set_except", "except without any", expected="except only beside any: true")
        return self


Events = EventName | list[EventName] | EventSetSpec
"""Where a rule wants events: the name of an event set, an event's own name, a list, or a set in place."""


def names_of(names: str | list[str] | None) -> list[str]:
    """One name or several, as a list."""
    return [] if names is None else [names] if isinstance(names, str) else names
