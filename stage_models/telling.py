"""Telling: what a judgement emits. Segments left, then the stage change, then segments entered, each in
file order.

A transition caused by a late event names in `corrects` what it withdraws, newest first. A segment: its own
newest begin (if it now ends) or end (if it begins again), if that came by cause `time` at or after the
event's own time. A stage change: the newest unbroken run of the user's stage moves of cause `time` at or
after the event's own time, back to and including the one that left the stage he is now in, else all of the
run. The history itself is not rewritten.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from stage_models.events import Event
from stage_models.policy.compile import LatchRule, Policy
from stage_models.transitions import Cause, CausingEvent, Direction, Evidence, Kind, Transition, transition_id
from stage_models.user import NEVER, Latch, Move, User

MOST_EVIDENCE = 20


class Turn(NamedTuple):
    """A latch that turned: as it was (None: never on before), as it is now, and whether it is on now."""

    rule: LatchRule
    was: Latch | None
    now: Latch
    is_on: bool


class Before(NamedTuple):
    """Where a user was before he moved: the stage (None: nowhere yet), since when, and the highest till then.

    Its place in the ladder is its index; -1: nowhere; between two stages: where one stood that the policy no longer has.
    """

    stage: str | None
    place: float
    since: int
    highest: int
    is_lapsed: bool


def place_of(policy: Policy, user: User) -> Before:
    """Where a user is now, as it will have been before he moves."""
    stage = policy.stages[user.stage] if user.stage >= 0 else None
    return Before(
        stage.name if stage else None,
        user.stage,
        user.stage_since,
        user.highest,
        is_lapsed=stage is not None and stage.is_lapsed,
    )


class Gone(NamedTuple):
    """What a user was in that the policy no longer has."""

    stage: Before | None
    segments: list[tuple[str, int]]  # name, and since when he was in it


def tell(
    policy: Policy,
    user: User,
    at: int,
    cause: Cause,
    event: Event | None,
    before: Before | None,
    stage_turns: list[Turn],
    segment_turns: list[Turn],
    gone: Gone | None = None,
) -> list[Transition]:
    """The transitions of one judgement. `before`: where the user was, if his stage changed."""
    teller = _Teller(policy, user, at, cause, event)
    if before is not None:
        teller.stage, teller.highest = before.stage or policy.stages[user.stage].name, before.highest
    for turn in segment_turns:
        teller.on ^= 1 << turn.rule.index  # as it was before this judgement
    if gone is not None:
        teller.lost(gone.segments)
    for turn in segment_turns:
        if not turn.is_on:
            teller.left(turn)
    if before is not None:
        teller.moved(before, stage_turns)
    for turn in segment_turns:
        if turn.is_on:
            teller.entered(turn)
    return teller.told


class _Teller:
    def __init__(self, policy: Policy, user: User, at: int, cause: Cause, event: Event | None) -> None:
        self.policy = policy
        self.user = user
        self.at = at
        self.cause: Cause = cause
        self.event = event
        self.stage = policy.stages[user.stage].name
        self.gone: list[str] = []  # segments that the policy no longer has, as far as they are not left yet
        self.highest = user.highest
        self.on = user.on
        self.told: list[Transition] = []

    def lost(self, segments: list[tuple[str, int]]) -> None:
        """Segments were left because the policy no longer has them."""
        self.gone = [name for name, _ in segments]
        for name, began in segments:
            self.gone.remove(name)
            evidence = [_no_longer(f"segments.{name}")]
            self._tell("segment.left", name, [], began, evidence, segment=name)

    def left(self, turn: Turn) -> None:
        """A segment was left."""
        was = turn.was
        assert was is not None
        corrects = self._withdrawn(turn, "segment.entered", was.began, was.began_sequence, was.began_by_time)
        self.on ^= 1 << turn.rule.index
        turn.now.ended_sequence = self._tell(
            "segment.left",
            turn.rule.name,
            corrects,
            was.began,
            self._evidence([turn]),
            segment=turn.rule.name,
        )

    def entered(self, turn: Turn) -> None:
        """A segment was entered."""
        was, corrects = turn.was, []
        if was is not None and was.ended is not None:
            corrects = self._withdrawn(turn, "segment.left", was.ended, was.ended_sequence, was.ended_by_time)
        self.on ^= 1 << turn.rule.index
        turn.now.began_sequence = self._tell(
            "segment.entered",
            turn.rule.name,
            corrects,
            None if was is None else was.began,
            self._evidence([turn]),
            segment=turn.rule.name,
            action=turn.rule.action,
        )

    def moved(self, before: Before, turns: list[Turn]) -> None:
        """The stage changed."""
        stages, stage, from_stage = self.policy.stages, self.user.stage, before.stage
        self.stage, self.highest = stages[stage].name, self.user.highest
        evidence = self._evidence(turns)
        if from_stage is not None and from_stage not in self.policy.shape.stages:
            evidence.insert(0, _no_longer(f"ladder.{from_stage}"))
        sequence = self._tell(
            "stage.changed",
            f"{from_stage or ''}>{stages[stage].name}",
            self._withdrawn_moves(),
            None if from_stage is None else before.since,
            evidence,
            from_stage=from_stage,
            to_stage=stages[stage].name,
            direction=_direction(self.policy, before, stage),
            action=stages[stage].action,
        )
        if self.cause == "time":
            self.user.run = [*self.user.run, Move(sequence, int(before.place), stage, self.at)][
                -len(stages) :
            ]
        else:
            self.user.run = []

    def _tell(
        self,
        kind: Kind,
        names: str,
        corrects: list[str],
        previous_entered_at: int | None,
        evidence: list[Evidence],
        **fields: Any,
    ) -> int:
        policy, user, event = self.policy, self.user, self.event
        user.sequence += 1
        due = user.due
        self.told.append(
            Transition(
                id=transition_id(policy.name, user.id, user.sequence, kind, names, self.at),
                kind=kind,
                user_id=user.id,
                group_id=user.group[2] if user.group else None,
                sequence=user.sequence,
                cause=self.cause,
                corrects=corrects,
                event=CausingEvent(event.event_id, event.name, event.occurred_at) if event else None,
                effective_at=self.at,
                previous_entered_at=previous_entered_at,
                next_check_at=None if due == NEVER else due,
                evidence=evidence,
                stage=self.stage,
                segments=[*self.gone, *policy.segments_in(self.on)],
                highest_stage=policy.stages[self.highest].name,
                policy=policy.ref,
                consent={channel: value for channel, (_, _, value) in user.consent.items()},
                **fields,
            )
        )
        return user.sequence

    def _evidence(self, turns: list[Turn]) -> list[Evidence]:
        return [
            item
            for turn in turns
            for item in turn.rule.deciding(turn.is_on).evidence(self.user, self.at, self.event)
        ][:MOST_EVIDENCE]

    def _withdrawn(self, turn: Turn, kind: Kind, at: int, sequence: int, by_time: bool) -> list[str]:
        if self.cause != "late" or not by_time or self.event is None or at < self.event.occurred_at:
            return []
        return [transition_id(self.policy.name, self.user.id, sequence, kind, turn.rule.name, at)]

    def _withdrawn_moves(self) -> list[str]:
        if self.cause != "late" or self.event is None:
            return []
        stages, corrects = self.policy.stages, []
        for move in reversed(self.user.run):
            if move.at < self.event.occurred_at:
                break
            names = f"{stages[move.from_stage].name}>{stages[move.to_stage].name}"
            corrects.append(
                transition_id(self.policy.name, self.user.id, move.sequence, "stage.changed", names, move.at)
            )
            if move.from_stage == self.user.stage:
                break
        return corrects


def _direction(policy: Policy, before: Before, stage: int) -> Direction:
    if before.stage is None:
        return "first"
    is_lapsed = policy.stages[stage].is_lapsed
    if before.is_lapsed and not is_lapsed:
        return "return"
    if is_lapsed:
        return "up" if before.is_lapsed and stage < before.place else "down"
    return "up" if stage > before.place else "down"


def _no_longer(place: str) -> Evidence:
    return Evidence(place, "the policy no longer has it", None, None, instants=[], event_ids=[])
