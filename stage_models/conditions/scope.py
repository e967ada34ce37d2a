"""Scope: what a rule may ask for while it is compiled, and where it says what is wrong with it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeVar

from stage_models.calendar import Calendar
from stage_models.date_ranges import LocalDates
from stage_models.event_sets import EventSet
from stage_models.facts import Fact
from stage_models.facts.fact import STATE_BIT
from stage_models.terms import (
    EVENT_SET_NAME,
    FIRST_SEEN,
    DateRange,
    Events,
    EventSetSpec,
    Where,
    names_of,
    where_sentence,
)

Place = tuple[str | int, ...]
AnyFact = TypeVar("AnyFact", bound=Fact)


class Flaw(NamedTuple):
    """Something wrong with a policy whose shape is right. `place` is the way to it in the file."""

    place: Place
    message: str
    expected: str
    found: str
    hint: str | None = None
    choices: tuple[str, ...] = ()  # names that would have been right


class Registry:
    """What all rules of one policy share: facts, event sets, names, and the list of flaws."""

    def __init__(
        self, event_sets: Mapping[str, EventSetSpec | list[str]], calendar: Calendar, lateness_ms: int
    ) -> None:
        self.event_sets = event_sets
        self.calendar = calendar
        self.lateness_ms = lateness_ms
        self.stages: list[str] = []  # all stages, in file order
        self.segments: list[str] = []  # all segments, in file order
        self.facts: dict[tuple[Any, ...], Fact] = {}
        self.flaws: list[Flaw] = []
        self.is_guarded = False  # whether conditions heed that facts may be incomplete
        self.stages_left: dict[
            int, set[str]
        ] = {}  # stages of which it is asked when they were last left: by which rules

    def keep(self, fact: AnyFact, place: str) -> AnyFact:
        """The fact of this key, which two rules that ask the same share."""
        held = self.facts.setdefault(fact.key, fact)
        if held is fact:
            fact.index = len(self.facts) - 1
            fact.bit = STATE_BIT << len(self.facts)
        held.places[place] = max(fact.depth, held.places.get(place, 0))
        assert isinstance(held, type(fact))
        held.deepen(fact)
        return held


class Scope:
    """The view of one rule: where it stands, and what it may use."""

    def __init__(
        self, registry: Registry, where: Place, place: str, *, stage: int | None, segment: int | None = None
    ) -> None:
        self.registry = registry
        self.where = where  # way in the file, for messages
        self.place = place  # name in the policy, for evidence: ladder.power.when.all.0
        self.stage = stage  # index of the stage the rule belongs to; None in a segment
        self.segment = segment  # index of the segment the rule belongs to; None in a stage

    def part(self, *keys: str | int) -> Scope:
        """The scope of a rule inside this one."""
        place = ".".join([self.place, *map(str, keys)])
        return Scope(self.registry, (*self.where, *keys), place, stage=self.stage, segment=self.segment)

    @property
    def calendar(self) -> Calendar:
        """Local dates of the policy's time zone."""
        return self.registry.calendar

    @property
    def lateness_ms(self) -> int:
        """The policy's allowed lateness."""
        return self.registry.lateness_ms

    def fact(self, fact: AnyFact) -> AnyFact:
        """Remember this for the rule."""
        return self.registry.keep(fact, self.place)

    def refuse(
        self, key: str | int, message: str, *, expected: str, found: str, hint: str | None = None
    ) -> None:
        """Say what is wrong with one key of the rule."""
        self.registry.flaws.append(Flaw((*self.where, key), message, expected, found, hint))

    def stage_index(self, key: str, name: str, last: int) -> int:
        """The index of a stage among the first `last`; an unknown one is a flaw."""
        return self._index("stage", key, name, self.registry.stages, last)

    def segment_latch(self, key: str, name: str) -> int:
        """The latch of a segment above this one; an unknown one is a flaw."""
        assert self.segment is not None
        latches_of_stages = len(self.registry.stages) - 1
        return latches_of_stages + self._index("segment", key, name, self.registry.segments, self.segment)

    def refuse_in_ladder(self, key: str, name: str) -> None:
        """Say that a rule of a stage cannot ask this; it would have to know what is judged after it."""
        self.refuse(
            key,
            f"a rule of a stage cannot refer to a {key}",
            expected="reached: a stage above this one",
            found=f"{key}: {name}",
        )

    def _index(self, kind: str, key: str, name: str, all_names: list[str], last: int) -> int:
        names = all_names[:last]
        if name in names:
            return names.index(name)
        message = f'unknown {kind} "{name}" in {key}'
        if name in all_names:
            message = f'{kind} "{name}" in {key} does not stand above this one'
        expected = f"one of: {', '.join(names) or 'none stands above this one'}"
        self.registry.flaws.append(Flaw((*self.where, key), message, expected, name, choices=tuple(names)))
        return 0

    def events(
        self, key: str, events: Events, where: Where | None = None, during: DateRange | None = None
    ) -> EventSet:
        """The compiled event set that a rule means, narrowed by the rule's own filter and dates."""
        self._look_up((key,), key, events)
        label = narrowed(events_label(events), where, during)
        return self._set_of(events, label, [where] if where else [], [during] if during else [])

    def steps(self, key: str, steps: list[Events]) -> list[EventSet]:
        """The compiled event sets of a list of them."""
        for number, events in enumerate(steps):
            self._look_up((key, number), f"step {number + 1} of {key}", events)
        return [self._set_of(events, events_label(events), [], []) for events in steps]

    def _look_up(self, keys: Place, named: str, events: Events) -> None:
        """An event set that nobody defined is a flaw, and so is one in a list, which takes events' own names."""
        if isinstance(events, str):
            if EVENT_SET_NAME.fullmatch(events) and events not in self.registry.event_sets:
                self._unknown_set(keys, named, events)
        elif isinstance(events, list):
            for number, name in enumerate(events):
                if name in self.registry.event_sets:
                    self._set_in_a_list((*keys, number), named, name)

    def _set_of(self, events: Events, label: str, wheres: list[Where], ranges: list[DateRange]) -> EventSet:
        spec: EventSetSpec | list[str] = [events] if isinstance(events, str) else events
        if isinstance(events, str) and EVENT_SET_NAME.fullmatch(events):
            spec = self.registry.event_sets.get(events, spec)
        if isinstance(spec, list):
            return EventSet(label, frozenset(spec), frozenset(), wheres, self._local(ranges))
        names = None if spec.any_ else frozenset(names_of(spec.event))
        wheres = [spec.where, *wheres] if spec.where is not None else wheres
        ranges = [spec.during, *ranges] if spec.during is not None else ranges
        return EventSet(label, names, frozenset(names_of(spec.except_)), wheres, self._local(ranges))

    def _local(self, ranges: list[DateRange]) -> list[LocalDates]:
        return [LocalDates(one.dates, self.calendar) for one in ranges]

    def _set_in_a_list(self, keys: Place, named: str, name: str) -> None:
        means = self.registry.event_sets[name]
        self.registry.flaws.append(
            Flaw(
                (*self.where, *keys),
                f'"{name}" is an event set; a list in {named} takes events\' own names',
                f"names of events; for an event that is itself called so {{event: {name}}}",
                name,
                ", ".join(means) if isinstance(means, list) else "an event set that has them all",
            )
        )

    def _unknown_set(self, keys: Place, named: str, name: str) -> None:
        choices = tuple(self.registry.event_sets)
        message = f'unknown event set "{name}" in {named}'
        if name == FIRST_SEEN:
            message = f"{FIRST_SEEN} is an instant, not an event: it cannot stand in {named}"
        self.registry.flaws.append(
            Flaw(
                (*self.where, *keys),
                message,
                f"one of: {', '.join(sorted(choices)) or 'none is defined'}",
                name,
                choices=choices,
            )
        )


def events_label(events: Events) -> str:
    """How a sentence names the events."""
    if isinstance(events, str):
        return events
    if isinstance(events, list):
        return " or ".join(events)
    label = "any event" if events.any_ else " or ".join(names_of(events.event))
    if events.except_ is not None:
        label += f" except {', '.join(names_of(events.except_))}"
    return narrowed(label, events.where, events.during)


def narrowed(label: str, where: Where | None, during: DateRange | None) -> str:
    """Events narrowed by a filter and by dates, in words."""
    with_words = f" with {where_sentence(where)}" if where is not None else ""
    return label + with_words + (f" {during.sentence()}" if during is not None else "")
