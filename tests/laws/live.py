"""Runs the evaluator itself over arrivals, and puts its transitions beside the reference's moves."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stage_models.advance import Step, advance
from stage_models.events import Event, Tick
from stage_models.policy.compile import Policy, compile_policy
from stage_models.policy.schema import PolicySpec
from stage_models.transitions import Transition
from stage_models.user import User
from tests.reference.judge import Move
from tests.reference.reading import Seen


def compiled(data: dict[str, Any]) -> Policy:
    """The policy of this plain data. Raises ValueError where it is refused."""
    policy, flaws = compile_policy(PolicySpec.model_validate(data))
    if flaws:
        raise ValueError(str(flaws))
    return policy


def apply(
    policy: Policy, arrivals: Iterable[Event | Tick], user: User | None = None
) -> tuple[User, list[Step]]:
    """The user after these arrivals, and one step each; a tick before the first event makes none."""
    found: list[Step] = []
    for arrival in arrivals:
        if user is None and isinstance(arrival, Tick):
            continue
        step = advance(policy, user, arrival)
        user = step.user
        found.append(step)
    assert user is not None
    return user, found


def transitions(policy: Policy, arrivals: Iterable[Event | Tick], end: int) -> list[Transition]:
    """All transitions of one user; what becomes true at `end` is included."""
    return told_by(apply(policy, [*arrivals, Tick(end + 1)])[1])


def told_by(found: Iterable[Step]) -> list[Transition]:
    return [told for step in found for told in step.transitions]


def as_seen(event: Event) -> Seen:
    """The event as the reference takes it."""
    return Seen(
        event.occurred_at, event.event_id, event.name, event.properties, event.is_active, event.traits
    )


def as_move(told: Transition, sequences: dict[str, int]) -> Move:
    """The transition in the reference's form; ids that it corrects become sequences."""
    return Move(
        sequence=told.sequence,
        kind=told.kind,
        from_stage=told.from_stage,
        to_stage=told.to_stage,
        segment=told.segment,
        effective_at=told.effective_at,
        cause=told.cause,
        event_id=told.event.id if told.event else None,
        corrects=tuple(sequences.get(one, -1) for one in told.corrects),
        direction=told.direction,
        previous_entered_at=told.previous_entered_at,
        stage=told.stage,
        segments=tuple(told.segments),
        highest_stage=told.highest_stage,
    )


def as_moves(told: Iterable[Transition]) -> list[Move]:
    """All transitions of one user in the reference's form."""
    told = list(told)
    sequences = {one.id: one.sequence for one in told}
    return [as_move(one, sequences) for one in told]
