"""What the core is measured on is what the report says, and its bars can be missed."""

from __future__ import annotations

from itertools import islice, pairwise

import pytest

from bench.core import generated, policies
from bench.core.generated import FEATURES
from bench.core.report import MAIN, Results, bars, report
from bench.core.steps import Costs, measure
from stage_models.conditions import RULES


def costs(full_us: float = 4.0, stored_bytes: int = 100) -> Costs:
    seconds = [full_us / 4e6] * 4 + [0.0]
    return Costs(seconds, events=1, users_stored=1, transitions=1, stored_bytes=[stored_bytes] * 3)


def results(saas: Costs, hundred_us: float = 8.0) -> Results:
    segments = {5: [costs()], 100: [costs(hundred_us)]}
    return Results({MAIN: [saas, saas]}, {"performed": [costs()]}, segments, floor_us=[2.0, 2.0, 90.0])


def test_the_made_up_log_is_the_same_for_the_same_seed() -> None:
    logs = [list(generated.records(20, seed)) for seed in (1, 1, 2)]
    assert logs[0] == logs[1] != logs[2]


def test_records_may_come_late_but_seldom() -> None:
    times = [record.time_ms for record in islice(generated.records(300), 4_000)]
    late = sum(after < before for before, after in pairwise(times))
    assert 0 < late < len(times) / 50


@pytest.mark.parametrize("kind", [rule.KEY for rule in RULES])
def test_a_rule_of_every_type_is_measured_and_moves_somebody(kind: str) -> None:
    log = list(generated.records(300))
    alone, with_rule = (
        measure(policy, log) for policy in (policies.with_segments(0), policies.with_rule(kind))
    )
    assert with_rule.events == len(log)
    assert with_rule.transitions > alone.transitions


@pytest.mark.parametrize("count", [5, 20, 100])
def test_a_use_of_a_feature_concerns_five_segments(count: int) -> None:
    policy = policies.with_segments(count)
    assert len(policy.segments) == count
    for name in FEATURES:
        facts = sum(touch.fact.bit for touch in policy.facts_of(name))
        assert sum(bool(segment.latch.reads & facts) for segment in policy.segments) == 5


def test_each_bar_can_be_reached_and_missed() -> None:
    assert [bar.is_reached for bar in bars(results(costs(6.0)))] == [True, True, True]
    assert [bar.is_reached for bar in bars(results(costs(6.1, 251), 8.1))] == [False, False, False]


def test_the_report_tells_bars_costs_and_bytes() -> None:
    text = report("- the machine", results(costs()))
    assert "- saas: 0.50 x the speed of the aiokafka, bare loop (the bar is 0.33 x): reached" in text
    assert "| made up | saas | 1.00 | 1.00 | 1.00 | 1.00 | 4.00 (4.00 - 4.00) | 0.00 | 1.00 | 1.00 |" in text
    assert "| made up | saas | 3 | 100 | 100 | 100 |" in text
    assert "- the machine" in text
