"""Models -> Policy: the latches to judge, the facts to remember, and which event touches what."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfoNotFoundError

from stage_models.calendar import Calendar
from stage_models.conditions.guarded import guard
from stage_models.conditions.rule import Answer, Condition, Rule
from stage_models.conditions.scope import Flaw, Registry, Scope
from stage_models.event_sets import Filter
from stage_models.events import Event
from stage_models.facts import Fact, TraitValues
from stage_models.facts.fact import TIME_BIT
from stage_models.policy.schema import ActionSpec, PolicySpec, SegmentSpec, StageSpec
from stage_models.shape import Shape
from stage_models.transitions import Action, PolicyRef
from stage_models.user import NEVER, User

MOST_WATCHES = 100_000
"""Combinations of latches that are on and facts that changed whose watches are kept at hand."""


class LatchRule:
    """What turns one stage or segment on and off for a user (semantics: latches)."""

    def __init__(
        self,
        index: int,
        name: str,
        action: Action,
        when: Condition,
        until: Condition | None,
        stay_ms: int,
        cool_down_ms: int,
    ) -> None:
        self.index = index  # in user.latches
        self.name = name
        self.action = action
        self.when = when
        self.until = until
        self.stay_ms = stay_ms
        self.cool_down_ms = cool_down_ms
        self.reads = when.reads | (until.reads if until else 0)
        # Masks of what can turn the latch: facts that an event in time changes, and time that passes.
        self.turned_on_by = (
            when.raised_by | (until.lowered_by if until else 0) | (TIME_BIT if cool_down_ms else 0)
        )
        self.turned_off_by = (until.raised_by if until else when.lowered_by) | (TIME_BIT if stay_ms else 0)

    def wants_on(self, user: User, at: int) -> bool:
        """Whether its rules let it go on at the instant, were it off."""
        return self.when.holds(user, at) is True and (
            self.until is None or self.until.holds(user, at) is False
        )

    def wants_off(self, user: User, at: int) -> bool:
        """Whether its rules let it go off at the instant, were it on."""
        return (
            self.when.holds(user, at) is False if self.until is None else self.until.holds(user, at) is True
        )

    def is_on(self, user: User) -> bool:
        """Whether it is on for the user."""
        return bool(user.on >> self.index & 1)

    def held_until(self, user: User) -> int:
        """Until when stay_at_least or cool_down keep it as it is, whatever its rules say."""
        latch = user.latches.get(self.index)
        if latch is None:
            return -NEVER
        if self.is_on(user):
            return latch.began + self.stay_ms
        return -NEVER if latch.ended is None else latch.ended + self.cool_down_ms

    def deciding(self, is_on: bool) -> Condition:
        """The rule that turned it on, or off."""
        return self.when if is_on or self.until is None else self.until

    def watch(self, *, is_on: bool) -> Watch:
        """What to ask of it while it is on, or off."""
        turned_by = self.turned_off_by if is_on else self.turned_on_by
        if not is_on and self.until is not None:
            return Watch(
                self, self.wants_on, turns=True, next_change=self._next_on if turned_by & TIME_BIT else None
            )
        condition = self.when if not is_on or self.until is None else self.until
        turning = not is_on or self.until is not None
        return Watch(self, condition.holds, turning, condition.next_change if turned_by & TIME_BIT else None)

    def _next_on(self, user: User, at: int) -> int:
        change = self.when.next_change(user, at)
        if self.until is None or self.when.holds(user, at) is not True:
            return change
        return min(change, self.until.next_change(user, at))


class Watch(NamedTuple):
    """A latch in one of its two states: `asks(user, at) is turns` means that its rules want it turned."""

    rule: LatchRule
    asks: Callable[[User, int], Answer]
    turns: bool
    next_change: Callable[[User, int], int] | None  # None: time alone does not turn it


class Touch(NamedTuple):
    """A fact that an event of some name can touch, if its properties pass (None: its name is enough)."""

    fact: Fact
    remember: Callable[[User, Event, int], int]
    passes: Filter | None


class Stage(NamedTuple):
    """A stage of the ladder; the base has no latch, it always holds."""

    name: str
    is_lapsed: bool
    action: Action
    latch: LatchRule | None


class Segment(NamedTuple):
    """A segment."""

    name: str
    action: Action
    latch: LatchRule


class Policy:
    """A policy ready to judge. Made once; it never changes."""

    def __init__(
        self, spec: PolicySpec, registry: Registry, stages: list[Stage], segments: list[Segment]
    ) -> None:
        self.spec = spec
        self.name = spec.policy
        self.version = spec.version
        self.fingerprint = _fingerprint(spec)
        self.ref = PolicyRef(self.name, self.version, self.fingerprint)
        self.zone = spec.time_zone
        self.calendar = registry.calendar
        self.allowed_lateness_ms = spec.late.allowed_lateness.ms
        self.max_age_ms = spec.late.max_age.ms if spec.late.max_age else None
        self.stages = stages
        self.segments = segments
        self.stage_latches = [stage.latch for stage in stages if stage.latch is not None]
        self.stage_bits = (1 << len(self.stage_latches)) - 1
        self.segment_latches = [segment.latch for segment in segments]
        self.latches = self.stage_latches + self.segment_latches
        self.facts: list[Fact] = list(registry.facts.values())
        self.stages_left = registry.stages_left
        self.shape = Shape(
            self.name,
            self.version,
            self.fingerprint,
            stages=[stage.name for stage in stages],
            lapsed=[stage.name for stage in stages if stage.is_lapsed],
            left=[stages[index].name for index in sorted(self.stages_left)],
            segments=[segment.name for segment in segments],
            facts=[fact.shape for fact in self.facts],
        )
        self._mentioned = {
            name: self._concerned(name) for fact in self.facts for name in sorted(fact.events.names)
        }
        self.segments_in = lru_cache(maxsize=MOST_WATCHES)(self._segments_in)
        self.watches = lru_cache(maxsize=MOST_WATCHES)(self._watches)
        self._unmentioned = self._concerned("\0")  # no event has this name
        self.traits = tuple(
            Touch(fact, fact.remember, None) for fact in self.facts if isinstance(fact, TraitValues)
        )

    def heeding(self, user: User) -> Policy:
        """The policy as it judges this user: it heeds that some of his facts may be incomplete."""
        return self.guarded if user.incomplete else self

    @cached_property
    def guarded(self) -> Policy:
        """The same policy for users whose facts do not all reach back to their beginning."""
        return compile_policy(self.spec, is_guarded=True)[0]

    def facts_of(self, name: str | None) -> tuple[Touch, ...]:
        """The facts that an event of this name can touch, anchors before what is counted from them."""
        return () if name is None else self._mentioned.get(name, self._unmentioned)

    def _watches(self, on: int, changed: int) -> tuple[Watch, ...]:
        """What may turn, given the latches that are on, when what is in the mask changed (facts, time)."""
        watched = []
        for rule in self.latches:
            is_on = bool(on >> rule.index & 1)
            if (rule.turned_off_by if is_on else rule.turned_on_by) & changed:
                watched.append(rule.watch(is_on=is_on))
        return tuple(watched)

    def new_user(self, user_id: str) -> User:
        """Somebody of whom nothing is known yet."""
        return User(user_id)

    def stage_of(self, user: User) -> str:
        """The name of the user's stage."""
        return self.stages[user.stage].name

    def segments_of(self, user: User) -> list[str]:
        """The names of the user's segments, in file order."""
        return list(self.segments_in(user.on))

    def _segments_in(self, on: int) -> tuple[str, ...]:
        """The names of the segments whose latches are on."""
        return tuple(rule.name for rule in self.segment_latches if on >> rule.index & 1)

    def _concerned(self, name: str) -> tuple[Touch, ...]:
        return tuple(
            Touch(fact, fact.remember, fact.events.passes)
            for fact in self.facts
            if fact.events.concerns(name)
        )


def compile_policy(spec: PolicySpec, *, is_guarded: bool = False) -> tuple[Policy, list[Flaw]]:
    """The policy, and what is wrong with it: one that has flaws must not be used.

    One that is guarded heeds `User.incomplete`.
    """
    try:
        calendar, flaws = Calendar(spec.time_zone), []
    except (ZoneInfoNotFoundError, ValueError):
        flaw = Flaw(("time_zone",), "unknown time zone", "an IANA name such as Europe/Berlin", spec.time_zone)
        calendar, flaws = Calendar("UTC"), [flaw]
    registry = Registry(spec.events, calendar, spec.late.allowed_lateness.ms)
    registry.is_guarded = is_guarded
    registry.flaws += flaws
    registry.stages = [stage.stage for stage in spec.ladder]
    registry.segments = [segment.segment for segment in spec.segments]
    stages = [_stage(registry, spec, number) for number in range(len(spec.ladder))]
    segments = [_segment(registry, spec, number) for number in range(len(spec.segments))]
    registry.flaws += _ladder_flaws(spec)
    return Policy(spec, registry, stages, segments), registry.flaws


def _stage(registry: Registry, spec: PolicySpec, number: int) -> Stage:
    stage = spec.ladder[number]
    action = _action(stage.action, stage.stage, stage.owner or spec.owner)
    if number == 0 or stage.when is None:
        return Stage(stage.stage, stage.lapsed, action, None)
    latch = _latch(
        registry, ("ladder", number), f"ladder.{stage.stage}", number - 1, stage.stage, stage, action, number
    )
    return Stage(stage.stage, stage.lapsed, action, latch)


def _segment(registry: Registry, spec: PolicySpec, number: int) -> Segment:
    segment = spec.segments[number]
    action = _action(segment.action, segment.segment, segment.owner or spec.owner)
    index = len(spec.ladder) - 1 + number
    place = f"segments.{segment.segment}"
    latch = _latch(registry, ("segments", number), place, index, segment.segment, segment, action, None)
    return Segment(segment.segment, action, latch)


def _latch(
    registry: Registry,
    where: tuple[str | int, ...],
    place: str,
    index: int,
    name: str,
    spec: StageSpec | SegmentSpec,
    action: Action,
    stage: int | None,
) -> LatchRule:
    def compiled(key: str, rule: Rule) -> Condition:
        segment = index - len(registry.stages) + 1 if stage is None else None
        scope = Scope(registry, (*where, key), f"{place}.{key}", stage=stage, segment=segment)
        condition = rule.compile(scope)
        return guard(condition, registry.facts.values()) if registry.is_guarded else condition

    assert spec.when is not None
    cool_down = spec.cool_down if isinstance(spec, SegmentSpec) else None
    return LatchRule(
        index,
        name,
        action,
        compiled("when", spec.when),
        compiled("until", spec.until) if spec.until is not None else None,
        spec.stay_at_least.ms if spec.stay_at_least else 0,
        cool_down.ms if cool_down else 0,
    )


def _action(action: str | ActionSpec, default_name: str, owner: str | None) -> Action:
    if isinstance(action, ActionSpec):
        return Action(action.name, action.text, owner)
    return Action(default_name, action, owner)


def _ladder_flaws(spec: PolicySpec) -> list[Flaw]:
    flaws = [
        Flaw(("ladder", number), f'stage "{stage.stage}" has no rule', "when: a rule", "no when")
        for number, stage in enumerate(spec.ladder)
        if number > 0 and stage.when is None
    ]
    lapsed = False
    for number, stage in enumerate(spec.ladder):
        if lapsed and not stage.lapsed:
            message = f'stage "{stage.stage}" stands below a lapsed one'
            flaws.append(
                Flaw(("ladder", number), message, "lapsed stages at the end of the ladder", stage.stage)
            )
        lapsed = lapsed or stage.lapsed
    names: list[tuple[tuple[str | int, ...], str]] = [
        *((("ladder", number, "stage"), stage.stage) for number, stage in enumerate(spec.ladder)),
        *((("segments", number, "segment"), segment.segment) for number, segment in enumerate(spec.segments)),
    ]
    seen: set[str] = set()
    for place, name in names:
        if name in seen:
            flaws.append(Flaw(place, f'the name "{name}" is taken', "a name of its own", name))
        seen.add(name)
    return flaws


def _fingerprint(spec: PolicySpec) -> str:
    """16 hex digits: the first 8 bytes of blake2b of the policy's canonical JSON (sorted keys, no examples)."""
    data = spec.model_dump(mode="json", by_alias=True, exclude_none=True, exclude={"examples"})
    text = json.dumps(data, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=8).hexdigest()
