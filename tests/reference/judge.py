"""The slow, obvious judge: one user's whole history of moves, from a policy's plain data and its events.

    moves = judge(policy, arrivals, end)

It looks at every instant at which anything could be different: each event, each event plus each duration of
the policy, each begin and end of a latch plus each duration, each local midnight. There it works out every
rule from scratch. Semantics sections 1, 6 and 7; the rules' own answers are in rules.py.

Nothing here is clever, nothing is kept that could be worked out, and nothing is shared with the evaluator.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.reference.memory import Memory
from tests.reference.past import Answer, Past, Rule
from tests.reference.reading import Seen, duration_ms, durations_in, midnights
from tests.reference.rules import Ladder, answer, opposite


@dataclass(frozen=True)
class Move:
    """One transition. `corrects`: sequences of earlier moves, newest first; instants in UTC milliseconds."""

    sequence: int
    kind: str
    from_stage: str | None
    to_stage: str | None
    segment: str | None
    effective_at: int
    cause: str
    event_id: str | None
    corrects: tuple[int, ...]
    direction: str | None
    previous_entered_at: int | None
    stage: str
    segments: tuple[str, ...]
    highest_stage: str


@dataclass
class Change:
    """How a latch last began or ended: when, by time or not, told by which move (0: by none)."""

    at: int
    is_by_time: bool
    sequence: int = 0


@dataclass
class Latch:
    """What a stage or segment is for the user."""

    name: str
    when: Rule
    until: Rule | None
    stay_ms: int
    cool_down_ms: int
    is_on: bool = False
    began: Change | None = None
    ended: Change | None = None

    def is_reached(self, rule: Rule, at: int) -> bool:
        """On, or was on before; with a duration until it went off plus that."""
        return self.is_on or (self.ended is not None and is_of_late(rule, self.ended.at, at))

    def is_held(self, rule: Rule, at: int) -> bool:
        """On, and for that long."""
        return self.is_on and self.began is not None and at >= self.began.at + for_ms(rule)


@dataclass
class Place:
    """Where the user stands between two moves of one judgement."""

    stage: str | None
    segments: list[str]
    highest: str


@dataclass
class Occasion:
    """Why there is a judgement, and what a late event waives."""

    at: int
    cause: str
    event: Seen | None = None
    before: Past | None = None  # late only: what was remembered before the event

    def waives(self, latch: Latch, change: Change, after: Past, memory: Memory) -> bool:
        """Whether stay or cool-down is waived: the event changed a fact, the membership came by time."""
        if self.event is None or self.before is None or not change.is_by_time or change.at < self.event.at:
            return False
        rules = [latch.when] if latch.until is None else [latch.when, latch.until]
        return any(memory.changes(rule, self.before, after) for rule in rules)


class Judge:
    """One user under one policy (the YAML mapping)."""

    def __init__(self, policy: Mapping[str, Any]) -> None:
        stages = policy["ladder"]
        self.names = [stage["stage"] for stage in stages]
        self.lapsed = {stage["stage"] for stage in stages if stage.get("lapsed")}
        self.stages = [latch_of(stage["stage"], stage) for stage in stages[1:]]
        self.segments = [latch_of(segment["segment"], segment) for segment in policy.get("segments", [])]
        self.sets = policy.get("events", {})
        self.zone = policy.get("time_zone", "UTC")
        self.durations = durations_in(policy)
        self.memory = Memory(policy)
        self.remembered: list[Seen] = []
        self.latest = Past((), self.sets, self.zone)
        self.clock: int | None = None
        self.is_due_judged = False
        self.stage: str | None = None
        self.stage_since = 0
        self.highest = self.names[0]
        self.visited: set[str] = set()
        self.left: dict[str, int] = {}
        self.run: list[Move] = []
        self.moves: list[Move] = []

    def past(self) -> Past:
        """Everything remembered; the same while nothing comes."""
        if len(self.latest.events) != len(self.remembered):
            known = sorted(self.remembered, key=lambda event: event.order)
            self.latest = Past(tuple(known), self.sets, self.zone, self.latest.wanted_by)
        return self.latest

    # Arrival (section 1)

    def take(self, event: Seen) -> None:
        """One event arrives."""
        if event in self.remembered:
            return
        if self.is_on_time(event):
            self.catch_up(event.at)
            self.remembered.append(event)
            self.clock, self.is_due_judged = event.at, False
            self.judge(Occasion(event.at, "event", event))
        else:
            before = self.past()
            self.remembered.append(event)
            assert self.clock is not None
            self.judge(Occasion(self.clock, "late", event, before))

    def is_on_time(self, event: Seen) -> bool:
        if self.clock is None or event.at > self.clock:
            return True
        return event.at == self.clock and not self.is_due_judged

    def catch_up(self, before: int) -> None:
        """Judge, by time, at every instant after the clock and before this one where anything may change."""
        at = self.clock
        while at is not None:
            candidates = self.candidates(at, before)
            at = None
            for candidate in candidates:
                if self.judge(Occasion(candidate, "time")):
                    self.clock, self.is_due_judged = candidate, True
                    at = candidate
                    break

    def candidates(self, after: int, before: int) -> list[int]:
        latches = self.stages + self.segments
        changes = [change for latch in latches for change in (latch.began, latch.ended) if change]
        starts = {event.at for event in self.remembered} | {change.at for change in changes}
        starts |= {*self.left.values(), self.stage_since}
        edges = {start + duration for start in starts for duration in self.durations}
        instants = edges | midnights(after, before, self.zone)
        return sorted(instant for instant in instants if after < instant < before)

    # Judgement (section 6)

    def judge(self, occasion: Occasion) -> bool:
        """Judge everything at one instant; whether a latch changed."""
        past = self.past()
        latches = self.stages + self.segments
        before = {latch.name: replace(latch) for latch in latches}
        place = Place(self.stage, [latch.name for latch in self.segments if latch.is_on], self.highest)
        since = self.stage_since

        for latch in self.stages:
            self.settle(latch, past, occasion, self.asked_by_stage)
        stage = next((latch.name for latch in reversed(self.stages) if latch.is_on), self.names[0])
        if stage != place.stage:
            self.go_to(stage, occasion.at)
        for latch in self.segments:
            self.settle(latch, past, occasion, self.asked_by_segment)

        for latch in self.segments:
            if before[latch.name].is_on and not latch.is_on:
                place.segments.remove(latch.name)
                self.tell_left(latch, occasion, place)
        if stage != place.stage:
            came_from = place.stage
            place.stage, place.highest = stage, self.highest
            self.tell_stage(came_from, stage, occasion, since, place)
        for latch in self.segments:
            if latch.is_on and not before[latch.name].is_on:
                names = {*place.segments, latch.name}
                place.segments = [other.name for other in self.segments if other.name in names]
                self.tell_entered(latch, before[latch.name].began, occasion, place)
        return any(latch.is_on != before[latch.name].is_on for latch in latches)

    def settle(self, latch: Latch, past: Past, occasion: Occasion, ladder: Ladder) -> None:
        at = occasion.at
        when = answer(latch.when, past, at, ladder)
        until: Answer = opposite(when) if latch.until is None else answer(latch.until, past, at, ladder)
        if latch.is_on:
            assert latch.began is not None
            may_end = at >= latch.began.at + latch.stay_ms or occasion.waives(
                latch, latch.began, past, self.memory
            )
            if until is True and may_end:
                latch.is_on, latch.ended = False, Change(at, occasion.cause == "time")
        elif when is True and until is False:
            ended = latch.ended
            if (
                ended is None
                or at >= ended.at + latch.cool_down_ms
                or occasion.waives(latch, ended, past, self.memory)
            ):
                latch.is_on, latch.began = True, Change(at, occasion.cause == "time")

    def asked_by_stage(self, rule: Rule, at: int) -> bool:
        """What a stage's rule reads of the ladder: the latches of stages above it."""
        latch = next((latch for latch in self.stages if latch.name == rule["reached"]), None)
        return latch is None or latch.is_reached(rule, at)

    def asked_by_segment(self, rule: Rule, at: int) -> bool:
        """What a segment's rule reads: the stage, the stages the user was in, segments above it."""
        if "segment" in rule:
            return next(latch for latch in self.segments if latch.name == rule["segment"]).is_held(rule, at)
        if "stage" in rule:
            return self.stage == rule["stage"] and at >= self.stage_since + for_ms(rule)
        stage = rule["reached"]
        return self.stage == stage or (stage in self.visited and is_of_late(rule, self.left[stage], at))

    def go_to(self, stage: str, at: int) -> None:
        if self.stage is not None:
            self.left[self.stage] = at
        self.stage, self.stage_since = stage, at
        self.visited.add(stage)
        if stage not in self.lapsed and self.names.index(stage) > self.names.index(self.highest):
            self.highest = stage

    # Moves (section 7)

    def tell_left(self, latch: Latch, occasion: Occasion, place: Place) -> None:
        assert latch.began is not None
        assert latch.ended is not None
        corrects = withdrawn_change(latch.began, occasion)
        since = latch.began.at
        move = self.tell("segment.left", occasion, corrects, since, place, segment=latch.name)
        latch.ended.sequence = move.sequence

    def tell_entered(self, latch: Latch, last_time: Change | None, occasion: Occasion, place: Place) -> None:
        assert latch.began is not None
        corrects = withdrawn_change(latch.ended, occasion)
        previous = last_time.at if last_time else None
        move = self.tell("segment.entered", occasion, corrects, previous, place, segment=latch.name)
        latch.began.sequence = move.sequence

    def tell_stage(
        self, before: str | None, stage: str, occasion: Occasion, since: int, place: Place
    ) -> None:
        move = self.tell(
            "stage.changed",
            occasion,
            self.withdrawn_moves(stage, occasion) if occasion.cause == "late" else (),
            None if before is None else since,
            place,
            from_stage=before,
            to_stage=stage,
            direction=self.direction(before, stage),
        )
        self.run = [*self.run, move][-len(self.names) :] if occasion.cause == "time" else []

    def withdrawn_moves(self, stage: str, occasion: Occasion) -> tuple[int, ...]:
        """The newest run of moves by time since the event, back to the one that left `stage`, else all."""
        assert occasion.event is not None
        newest_first: list[Move] = []
        for move in reversed(self.run):
            if move.effective_at < occasion.event.at:
                break
            newest_first.append(move)
        for place, move in enumerate(newest_first):
            if move.from_stage == stage:
                return tuple(one.sequence for one in newest_first[: place + 1])
        return tuple(one.sequence for one in newest_first)

    def direction(self, before: str | None, stage: str) -> str:
        if before is None:
            return "first"
        if before in self.lapsed and stage not in self.lapsed:
            return "return"
        is_later = self.names.index(stage) > self.names.index(before)
        if stage in self.lapsed:
            return "up" if before in self.lapsed and not is_later else "down"
        return "up" if is_later else "down"

    def tell(
        self,
        kind: str,
        occasion: Occasion,
        corrects: tuple[int, ...],
        previous_entered_at: int | None,
        place: Place,
        *,
        segment: str | None = None,
        from_stage: str | None = None,
        to_stage: str | None = None,
        direction: str | None = None,
    ) -> Move:
        assert place.stage is not None
        move = Move(
            sequence=len(self.moves) + 1,
            kind=kind,
            from_stage=from_stage,
            to_stage=to_stage,
            segment=segment,
            effective_at=occasion.at,
            cause=occasion.cause,
            event_id=occasion.event.id if occasion.event else None,
            corrects=corrects,
            direction=direction,
            previous_entered_at=previous_entered_at,
            stage=place.stage,
            segments=tuple(place.segments),
            highest_stage=place.highest,
        )
        self.moves.append(move)
        return move


def withdrawn_change(change: Change | None, occasion: Occasion) -> tuple[int, ...]:
    """The segment's own newest begin or end, if a late event takes back what came by time since then."""
    if occasion.cause != "late" or change is None or not change.is_by_time:
        return ()
    assert occasion.event is not None
    return (change.sequence,) if change.at >= occasion.event.at else ()


def for_ms(rule: Rule) -> int:
    return duration_ms(rule["for"]) if "for" in rule else 0


def is_of_late(rule: Rule, left_at: int, at: int) -> bool:
    """Whether what was left is still reached: with `within` until that long after."""
    return "within" not in rule or at < left_at + duration_ms(rule["within"])


def latch_of(name: str, spec: Mapping[str, Any]) -> Latch:
    return Latch(
        name,
        spec["when"],
        spec.get("until"),
        duration_ms(spec["stay_at_least"]) if "stay_at_least" in spec else 0,
        duration_ms(spec["cool_down"]) if "cool_down" in spec else 0,
    )


def judge(policy: Mapping[str, Any], arrivals: Iterable[Seen | int], end: int) -> list[Move]:
    """All moves of one user whose events, and ticks (a number), arrive in this order.

    What becomes true at `end` is included.
    """
    user = Judge(policy)
    for arrival in [*arrivals, end + 1]:
        if isinstance(arrival, Seen):
            user.take(arrival)
        else:
            user.catch_up(arrival)
    return user.moves
