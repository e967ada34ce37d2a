"""When a single rule holds: the step against plain loops over the complete history, for every rule type."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from stage_models.events import Event
from stage_models.instants import DAY
from tests.laws.cases import PATIENCE_SECONDS, Case, check, seeds
from tests.laws.histories import random_end, random_history
from tests.laws.live import as_seen, compiled, transitions
from tests.laws.policies import KINDS, SCALES, SETS, ZONES, Maker
from tests.laws.purchase_log import households, sample
from tests.reference.spans import Span, spans, tidy

ALONE = [kind for kind in KINDS if kind not in {"reached", "stage", "segment"}]
"""The rule types that do not ask where the user is or was."""

RETAIL_RULES: list[dict[str, Any]] = [
    {"performed": "Order Completed", "at_least": 4, "within": "7 days"},
    {"performed": "Order Completed", "at_most": 1, "within": "28 days"},
    {"performed": "Order Completed", "at_least": 3, "at_most": 9, "within": "30 days", "since": "first_seen"},
    {"performed": "Order Completed", "at_least": 5, "since": "Coupon Redeemed", "within": "21 days"},
    {"active_days": "Order Completed", "at_least": 3, "within": "7 days"},
    {"active_days": "Order Completed", "at_least": 1, "at_most": 2, "within": "14 days"},
    {"inactive": "Order Completed", "for": "10 days"},
    {"missing": "Coupon Redeemed", "for": "5 days", "since_last": "Campaign Sent"},
    {"missing": "Order Completed", "for": "5 days", "since": "Order Completed"},
    {"recent": "Order Completed", "last": 5, "at_least": 4, "where": {"discount": {"at_least": 0.5}}},
    {"total": "Order Completed", "property": "revenue", "at_least": 100, "within": "7 days"},
    {"total": "Order Completed", "property": "revenue", "at_most": 50.5, "within": "336 hours"},
    {"total": "Order Completed", "property": "discount", "at_least": 20, "since": "Campaign Sent"},
    {
        "all": [
            {"performed": "Order Completed", "at_least": 2, "within": "7 days"},
            {
                "any": [
                    {"inactive": "Order Completed", "for": "3 days"},
                    {"not": {"performed": "Coupon Redeemed"}},
                ]
            },
        ]
    },
]


def policy_of(rule: dict[str, Any], zone: str) -> dict[str, Any]:
    """A policy whose only segment has this rule."""
    return {
        "policy": "one-rule",
        "version": 1,
        "time_zone": zone,
        "events": SETS,
        "ladder": [{"stage": "base", "action": "Say hello"}],
        "segments": [{"segment": "held", "when": rule, "action": "Do something"}],
    }


def found_spans(data: dict[str, Any], events: list[Event], end: int) -> list[Span]:
    told = [one for one in transitions(compiled(data), events, end) if one.segment]
    starts = [one.effective_at for one in told if one.kind == "segment.entered"]
    ends = [one.effective_at for one in told if one.kind == "segment.left"]
    return tidy(list(zip(starts, [*ends, None], strict=False)))


def disagreement(case: Case) -> str | None:
    if not case.data["segments"]:
        return None  # a smaller case has nothing left to ask
    rule, zone = case.data["segments"][0]["when"], case.data["time_zone"]
    events = [arrival for arrival in case.arrivals if isinstance(arrival, Event)]
    wanted = spans(rule, [as_seen(event) for event in events], case.end, case.data["events"], zone)
    found = found_spans(case.data, events, case.end)
    return None if wanted == found else f"loops: {wanted}\nstep:  {found}"


def random_case(seed: int, kind: str) -> Case:
    random = Random(f"{kind} {seed}")  # noqa: S311  a seeded history, no secret
    durations = random.choice(SCALES)
    depth, zone = random.choice([0, 0, 1, 2]), random.choice(list(ZONES))
    maker = Maker(random, durations, [], [kind], has_anchors=True, depth=depth, holding=0, zone=zone)
    data = policy_of(maker.rule(maker.depth), zone)
    events = random_history(random, data)
    return Case(seed, data, list(events), random_end(random, data, events))


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("kind", ALONE)
def test_rule_holds_when_plain_loops_say_so(kind: str) -> None:
    for seed in seeds(1 / 12):
        check(random_case(seed, kind), disagreement)


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("rule", RETAIL_RULES, ids="-".join)
def test_rule_holds_for_real_households_when_plain_loops_say_so(rule: dict[str, Any]) -> None:
    has_held = False
    for household in sample(every=60):
        events = households()[household]
        data, end = policy_of(rule, "Europe/Berlin"), events[-1].occurred_at + 40 * DAY
        found = found_spans(data, events, end)
        assert found == spans(rule, [as_seen(event) for event in events], end, SETS, "Europe/Berlin")
        has_held = has_held or bool(found)
    assert has_held, "a rule that never holds shows nothing"
