"""Law 7: no holes in sequences, entered and left alternate, stages chain, judging twice changes nothing."""

from __future__ import annotations

from itertools import pairwise

import pytest

from stage_models.advance import advance
from stage_models.events import Event, Tick
from stage_models.transitions import Transition
from stage_models.user import User
from tests.laws.cases import PATIENCE_SECONDS, Case, check, full_case, seeds
from tests.laws.live import apply, transitions


def is_badly_shaped(case: Case) -> str | None:
    told = transitions(case.policy, case.arrivals, case.end)
    if [one.sequence for one in told] != list(range(1, len(told) + 1)):
        return f"sequences: {[one.sequence for one in told]}"
    if len({one.id for one in told}) != len(told):
        return "two transitions share an id"
    if any(later.effective_at < earlier.effective_at for earlier, later in pairwise(told)):
        return f"effective_at goes back: {[one.effective_at for one in told]}"
    return stages_do_not_chain(told) or segments_do_not_alternate(told) or corrects_the_unknown(told)


def stages_do_not_chain(told: list[Transition]) -> str | None:
    stage: str | None = None
    for one in told:
        if one.kind == "stage.changed":
            if one.from_stage != stage or one.to_stage == stage:
                return f"from {one.from_stage} to {one.to_stage} while in {stage}"
            stage = one.to_stage
        if one.stage != stage:
            return f"transition {one.sequence} says {one.stage} while in {stage}"
    return None


def segments_do_not_alternate(told: list[Transition]) -> str | None:
    inside: set[str] = set()
    for one in told:
        if one.segment is not None:
            if (one.segment in inside) == (one.kind == "segment.entered"):
                return f"{one.kind} {one.segment} while in {inside}"
            inside ^= {one.segment}
        if set(one.segments) != inside:
            return f"transition {one.sequence} says {one.segments} while in {inside}"
    return None


def corrects_the_unknown(told: list[Transition]) -> str | None:
    """Only a late event corrects, only earlier moves by time since its own time, newest first, each once."""
    by_id: dict[str, Transition] = {}
    withdrawn: set[str] = set()
    for one in told:
        if one.corrects and (one.cause != "late" or one.event is None):
            return f"transition {one.sequence} corrects with cause {one.cause}"
        found = [by_id.get(corrected) for corrected in one.corrects]
        for move in found:
            if move is None or move.cause != "time" or move.kind.split(".")[0] != one.kind.split(".")[0]:
                return f"transition {one.sequence} corrects {move}"
            if one.event is None or move.effective_at < one.event.occurred_at or move.id in withdrawn:
                return f"transition {one.sequence} corrects {move.sequence}"
        numbers = [move.sequence for move in found if move is not None]
        if numbers != sorted(numbers, reverse=True):
            return f"transition {one.sequence} corrects {numbers}"
        withdrawn |= set(one.corrects)
        by_id[one.id] = one
    return None


def next_check_comes_late(case: Case) -> str | None:
    """Moves by time, with nothing in between, come no earlier than the move before them foretold."""
    user: User | None = None
    last: Transition | None = None
    for arrival in [*case.arrivals, Tick(case.end + 1)]:
        is_event = isinstance(arrival, Event)
        if user is None and not is_event:
            continue
        user, [step] = apply(case.policy, [arrival], user)
        for one in step.transitions:
            if last is not None and one.cause == "time" and one.effective_at > last.effective_at:
                foretold = last.next_check_at
                if foretold is None or not last.effective_at < foretold <= one.effective_at:
                    return f"transition {last.sequence} foretold {foretold}, then came {one}"
            last = one
        is_told = bool(step.transitions) and step.transitions[-1].event is not None
        if is_event and not is_told:
            last = None  # the event may have changed what is due without a move
    return None


def second_judgement_shows(case: Case) -> str | None:
    """After each arrival, something that no rule counts comes at the clock: all is judged once more."""
    user: User | None = None
    for place, arrival in enumerate(case.arrivals):
        if user is None and not isinstance(arrival, Event):
            continue
        user, _ = apply(case.policy, [arrival], user)
        nothing = Event(user_id="u", event_id=f"nothing-{place}", occurred_at=user.clock, is_active=False)
        step = advance(case.policy, user, nothing)
        user = step.user
        if step.transitions:
            return f"judged twice after arrival {place + 1}: {step.transitions}"
    return None


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_sequences_stages_and_segments_chain() -> None:
    for seed in seeds(1 / 3):
        check(full_case(seed), is_badly_shaped)


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_next_check_is_never_late() -> None:
    for seed in seeds(1 / 6):
        check(full_case(seed), next_check_comes_late)


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_judging_twice_changes_nothing() -> None:
    for seed in seeds(1 / 6):
        check(full_case(seed), second_judgement_shows)
