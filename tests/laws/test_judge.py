"""Law 3: a brute-force judge at every event, window edge and local midnight finds what the step finds.

The same moves at the same instants, with the same causes and corrections.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stage_models.events import Event
from tests.laws.cases import PATIENCE_SECONDS, Case, check, full_case, late_case, ordered_case, seeds
from tests.laws.live import as_moves, as_seen, transitions
from tests.reference.judge import Move, judge


def expected(case: Case) -> list[Move]:
    arrivals = [as_seen(one) if isinstance(one, Event) else one.time for one in case.arrivals]
    return judge(case.data, arrivals, case.end)


def disagreement(case: Case) -> str | None:
    """How the step and the judge differ on a case, or None."""
    wanted, found = expected(case), as_moves(transitions(case.policy, case.arrivals, case.end))
    if wanted == found:
        return None
    same = next((n for n, pair in enumerate(zip(wanted, found, strict=False)) if pair[0] != pair[1]), None)
    place = min(len(wanted), len(found)) if same is None else same
    return f"move {place + 1}\n  judge: {wanted[place : place + 1]}\n  step:  {found[place : place + 1]}"


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("make", [ordered_case, late_case, full_case])
def test_judge_and_step_agree(make: Callable[[int], Case]) -> None:
    for seed in seeds(1 / 3):
        check(make(seed), disagreement)
