"""trait_values: how the values of one trait compared, as [time, hash, passed, value] ascending.

Without a span only the newest is kept. With one, what it takes to say since when all of them compared so: the values of
the span and the newest before it. Once they are more than 32, of what is older than the allowed lateness only those
that compare otherwise than the one before.
"""

from __future__ import annotations

from bisect import bisect_left
from typing import Any

from stage_models.event_sets import EventSet, compile_filter
from stage_models.events import Event, property_of
from stage_models.facts.fact import BAD_PROPERTY, CAP, CHANGED, UNCHANGED, Fact, united
from stage_models.terms import Comparison
from stage_models.user import User

_LONGEST_TEXT = 100
_MOST_ALIKE = 32
_NO_EVENTS = EventSet("traits", frozenset(), frozenset(), [])
_UNSAID = object()


class TraitValues(Fact):
    """Values of the trait, by event time; they come with events of any name, also of none, active or not."""

    __slots__ = ("_passes", "lateness_ms", "span_ms", "trait")

    def __init__(self, trait: str, comparison: Comparison, for_ms: int | None, lateness_ms: int) -> None:
        super().__init__(_NO_EVENTS, trait, comparison.model_dump_json(exclude_none=True), for_ms)
        self.trait = trait
        self.span_ms = None if for_ms is None else for_ms + lateness_ms
        self.lateness_ms = lateness_ms
        self._passes = compile_filter([{trait: comparison}])

    def passes(self, traits: dict[str, Any]) -> bool | None:
        """How these traits compare; None: the value has the wrong type."""
        assert self._passes is not None
        return self._passes(traits)

    def is_said(self, event: Event) -> bool:
        """Whether the event gives the trait a value; null is one, it takes the trait away."""
        return self._value(event) is not _UNSAID

    def remember(self, user: User, event: Event, digest: int) -> int:
        value = self._value(event)
        if value is _UNSAID:
            return UNCHANGED
        passed = self.passes({self.trait: value})
        bad = BAD_PROPERTY if passed is None else 0
        items: list[list[Any]] = user.facts[self.index]
        item = [event.occurred_at, digest, passed is True, _shown(value)]
        place = bisect_left(items, item[:2])
        if place < len(items) and items[place][:2] == item[:2]:
            return UNCHANGED | bad
        kept = self._kept([*items[:place], item, *items[place:]])
        if kept == items:
            return UNCHANGED | bad
        user.facts[self.index] = kept
        return CHANGED | bad

    def merge(self, user: User, other: User) -> None:
        user.facts[self.index] = self._kept(united(user.facts[self.index], other.facts[self.index]))

    def _value(self, event: Event) -> Any:
        if self.trait in event.traits:
            return event.traits[self.trait]
        value = property_of(event.traits, self.trait)
        return _UNSAID if value is None else value

    def _kept(self, items: list[list[Any]]) -> list[list[Any]]:
        """What is kept of these items."""
        newest = items[-1][0]
        if self.span_ms is None:
            return items[-1:]
        kept = items[max(0, bisect_left(items, [newest - self.span_ms + 1]) - 1) :]
        if len(kept) > _MOST_ALIKE:
            settled = newest - self.lateness_ms
            kept = [
                one
                for number, one in enumerate(kept)
                if number == 0 or one[0] >= settled or one[2] != kept[number - 1][2]
            ]
        return kept[-CAP:]


def _shown(value: Any) -> Any:
    """The value as evidence shows it: texts cut, and nothing that has parts."""
    if isinstance(value, str):
        return value[:_LONGEST_TEXT]
    return value if isinstance(value, bool | int | float) else None
