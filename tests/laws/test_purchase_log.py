"""The shipped retail policy on real households: judge and step agree move by move."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from ruamel.yaml import YAML

from stage_models.events import Event
from stage_models.instants import DAY
from stage_models.policy.load import load
from tests.laws.cases import PATIENCE_SECONDS
from tests.laws.live import as_moves, as_seen, transitions
from tests.laws.real_logs import PURCHASES, histories, sample
from tests.reference.judge import judge

RETAIL = Path(__file__).parents[2] / "policies/retail.yaml"


def assert_judge_and_step_agree(events: list[Event]) -> None:
    text = RETAIL.read_text(encoding="utf-8")
    data: dict[str, Any] = YAML(typ="safe", pure=True).load(text)
    end = max(event.occurred_at for event in events) + 100 * DAY
    found = as_moves(transitions(load(text, str(RETAIL)), events, end))
    assert found == judge(data, [as_seen(event) for event in events], end)
    assert len(found) > 1


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("household", sample(PURCHASES, every=25))
def test_judge_and_step_agree_on_a_household(household: str) -> None:
    assert_judge_and_step_agree(histories(PURCHASES)[household])


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("household", sample(PURCHASES, every=60))
def test_judge_and_step_agree_when_a_household_is_reported_late(household: str) -> None:
    random = Random(household)  # noqa: S311  a seeded delay, no secret
    delays = [
        (event.occurred_at + random.choice([0, 0, 1, 40]) * DAY, event)
        for event in histories(PURCHASES)[household]
    ]
    assert_judge_and_step_agree([event for _, event in sorted(delays, key=lambda pair: pair[0])])
