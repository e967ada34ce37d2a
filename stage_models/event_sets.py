"""Event sets, compiled: which events belong, by name at once and by properties when they come.

A property that is not there holds for `is_not`, `not_in` and `exists: false` and for nothing else. One of a
type that a comparison cannot use makes the answer None: the event is skipped and the rule notes a bad
property.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from stage_models.date_ranges import LocalDates
from stage_models.events import Event, property_of
from stage_models.terms import Comparison, Where

Test = Callable[[Any], bool | None]
PropertyFilter = Callable[[dict[str, Any]], bool | None]
Filter = Callable[[Event], bool | None]


class EventSet:
    """A compiled set of events. `key` tells two sets apart: equal keys hold equal events."""

    __slots__ = ("excluded", "key", "label", "passes", "wanted")

    def __init__(
        self,
        label: str,
        names: frozenset[str] | None,
        excluded: frozenset[str],
        wheres: list[Where],
        during: Sequence[LocalDates] = (),
    ) -> None:
        self.label = label
        self.wanted = names  # None: any
        self.excluded = excluded
        self.passes = _event_filter(wheres, during)  # None: the name alone decides
        self.key = (
            None if names is None else tuple(sorted(names)),
            tuple(sorted(excluded)),
            tuple(sorted(_canonical(where) for where in wheres)),
            tuple(sorted((one.dates, one.calendar.zone) for one in during)),
        )

    @property
    def names(self) -> frozenset[str]:
        """The event names that the set mentions, wanted or excluded."""
        return self.excluded | (self.wanted or frozenset())

    def concerns(self, name: str | None) -> bool:
        """Whether an event of this name can belong."""
        if name is None:
            return False
        return name not in self.excluded if self.wanted is None else name in self.wanted

    def matches(self, event: Event) -> bool | None:
        """Whether an event whose name the set concerns belongs; None: a property has the wrong type."""
        return True if self.passes is None else self.passes(event)

    def holds(self, event: Event) -> bool:
        """Whether the event belongs to the set."""
        return event.is_active and self.concerns(event.name) and self.matches(event) is True


def union_of(sets: list[EventSet]) -> EventSet:
    """What concerns one of the sets concerns the union, which looks at no property."""
    label = " or ".join(dict.fromkeys(one.label for one in sets))
    named = frozenset().union(*(one.wanted for one in sets if one.wanted is not None))
    excluded = [one.excluded for one in sets if one.wanted is None]
    if not excluded:
        return EventSet(label, named, frozenset(), [])
    return EventSet(label, None, frozenset.intersection(*excluded) - named, [])


def _event_filter(wheres: list[Where], during: Sequence[LocalDates]) -> Filter | None:
    """What an event must pass besides its name: first its date, then its properties."""
    passes = compile_filter(wheres)
    if during:
        return lambda event: (
            all(one.has(event.occurred_at) for one in during) and (passes is None or passes(event.properties))
        )
    return None if passes is None else lambda event: passes(event.properties)


def compile_filter(wheres: list[Where]) -> PropertyFilter | None:
    """A function from properties to True, False or None (wrong type), or None when everything passes."""
    tests: list[tuple[str, Test]] = [
        (path, test) for where in wheres for path, comparison in where.items() for test in _tests(comparison)
    ]
    if not tests:
        return None

    def passes(properties: dict[str, Any]) -> bool | None:
        for path, test in tests:
            answer = test(property_of(properties, path))
            if answer is not True:
                return answer
        return True

    return passes


def _tests(comparison: Comparison) -> list[Test]:
    wanted = comparison.model_dump(by_alias=True, exclude_none=True)
    return [_BUILDERS[key](value) for key, value in wanted.items()]


def _is_same(value: Any, wanted: Any) -> bool:
    return bool(value == wanted) and isinstance(value, bool) == isinstance(wanted, bool)


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _numeric(compare: Callable[[Any, Any], bool]) -> Callable[[Any], Test]:
    def build(threshold: Any) -> Test:
        def test(value: Any) -> bool | None:
            if value is None:
                return False
            return compare(value, threshold) if _is_number(value) else None

        return test

    return build


def _starts_with(prefix: Any) -> Test:
    def test(value: Any) -> bool | None:
        if value is None:
            return False
        return value.startswith(prefix) if isinstance(value, str) else None

    return test


def _contains(part: Any) -> Test:
    def test(value: Any) -> bool | None:
        if value is None:
            return False
        if isinstance(value, str):
            return isinstance(part, str) and part in value
        return any(_is_same(item, part) for item in value) if isinstance(value, list) else None

    return test


_BUILDERS: dict[str, Callable[[Any], Test]] = {
    "is": lambda wanted: lambda value: _is_same(value, wanted),
    "is_not": lambda wanted: lambda value: not _is_same(value, wanted),
    "in": lambda wanted: lambda value: any(_is_same(value, item) for item in wanted),
    "not_in": lambda wanted: lambda value: not any(_is_same(value, item) for item in wanted),
    "above": _numeric(lambda value, threshold: value > threshold),
    "at_least": _numeric(lambda value, threshold: value >= threshold),
    "below": _numeric(lambda value, threshold: value < threshold),
    "at_most": _numeric(lambda value, threshold: value <= threshold),
    "starts_with": _starts_with,
    "contains": _contains,
    "exists": lambda wanted: lambda value: (value is not None) is wanted,
}


def _canonical(where: Where) -> str:
    return repr(
        sorted((path, comparison.model_dump_json(exclude_none=True)) for path, comparison in where.items())
    )
