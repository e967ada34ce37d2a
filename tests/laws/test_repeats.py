"""Law 4: repeats change nothing, at once or much later."""

from __future__ import annotations

from random import Random

import pytest

from stage_models.events import Event
from stage_models.user import encode
from tests.laws.cases import PATIENCE_SECONDS, Case, check, late_case, seeds
from tests.laws.histories import doubled
from tests.laws.live import apply, told_by, transitions


def repeat_shows(case: Case) -> str | None:
    events = [arrival for arrival in case.arrivals if isinstance(arrival, Event)]
    again = doubled(Random(case.seed), events, share=0.5)  # noqa: S311  a seeded history, no secret
    once, twice = transitions(case.policy, events, case.end), transitions(case.policy, again, case.end)
    return None if once == twice else f"once:  {once}\ntwice: {twice}"


def known_repeat_is_applied(case: Case) -> str | None:
    """A record that comes again at once: dropped, and nothing of the user is different."""
    for place in range(1, len(case.arrivals) + 1):
        user, _ = apply(case.policy, case.arrivals[:place])
        before = encode(user, case.policy.shape.id)
        user, [step] = apply(case.policy, [case.arrivals[place - 1]], user)
        if told_by([step]) or step.is_changed or step.drop != "duplicate":
            return f"repeat of arrival {place}: {step}"
        if encode(user, case.policy.shape.id) != before:
            return f"the stored user changed with a repeat of arrival {place}"
    return None


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_doubled_events_change_nothing() -> None:
    for seed in seeds(1 / 6):
        check(late_case(seed), repeat_shows)


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_record_that_comes_again_at_once_is_dropped() -> None:
    for seed in seeds(1 / 12):
        check(late_case(seed), known_repeat_is_applied)
