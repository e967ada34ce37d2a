"""Corrections of several moves, which random histories seldom make: judge and step beside what the page says."""

from __future__ import annotations

from typing import Any

import pytest

from stage_models.events import Event, Tick
from stage_models.instants import HOUR
from tests.laws.cases import Case
from tests.laws.live import as_moves, transitions
from tests.laws.test_judge import expected

QUIET = {"inactive": "Alpha"}


def silence(hours: int, **more: Any) -> dict[str, Any]:
    stage = {"stage": f"quiet-{hours}", "when": {**QUIET, "for": f"{hours} hours"}, "action": "Do something"}
    return {**stage, **more}


def case(ladder: list[dict[str, Any]], arrivals: list[Event | Tick]) -> Case:
    base = {"stage": "base", "action": "Say hello"}
    return Case(0, {"policy": "found", "version": 1, "ladder": [base, *ladder]}, arrivals, 70 * HOUR)


def event(hour: int, name: str = "Alpha") -> Event:
    return Event(user_id="u", event_id=f"{name}-{hour}", occurred_at=hour * HOUR, name=name)


LADDER = [silence(48), silence(60, lapsed=True), silence(66, lapsed=True)]


@pytest.mark.parametrize(
    ("late_at", "stage", "corrects"),
    [
        (48, "base", (4, 3, 2)),  # all three, back to the one that left base
        (15, "quiet-48", (4, 3)),  # back to the one that left quiet-48
        (5, "quiet-60", (4,)),
    ],
)
def test_late_event_withdraws_the_moves_back_to_the_stage_he_is_in(
    late_at: int, stage: str, corrects: tuple[int, ...]
) -> None:
    overtaken = case(LADDER, [event(0), Tick(67 * HOUR), event(late_at)])
    found = as_moves(transitions(overtaken.policy, overtaken.arrivals, overtaken.end))
    assert [(one.to_stage, one.corrects) for one in found if one.cause == "late"] == [(stage, corrects)]
    assert found == expected(overtaken)


def test_late_event_withdraws_no_move_before_its_own_time() -> None:
    overtaken = case(LADDER, [event(0), Tick(67 * HOUR), event(61)])
    found = as_moves(transitions(overtaken.policy, overtaken.arrivals, overtaken.end))
    assert [(one.to_stage, one.corrects) for one in found if one.cause == "late"] == [("base", (4,))]
    assert found == expected(overtaken)
