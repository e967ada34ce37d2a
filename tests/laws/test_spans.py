"""When a single rule holds: the step against plain loops over the complete history, for every rule type."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest

from stage_models.events import Event
from tests.laws.cases import PATIENCE_SECONDS, Case, check, seeds
from tests.laws.histories import random_end, random_history
from tests.laws.live import as_seen, compiled, transitions
from tests.laws.policies import KINDS, SCALES, SETS, ZONES, Maker
from tests.reference.spans import Span, spans, tidy

ALONE = [kind for kind in KINDS if kind not in {"reached", "stage", "segment"}]
"""The rule types that do not ask where the user is or was."""


def policy_of(rule: dict[str, Any], zone: str, sets: dict[str, Any] = SETS) -> dict[str, Any]:
    """A policy whose only segment has this rule."""
    return {
        "policy": "one-rule",
        "version": 1,
        "time_zone": zone,
        "events": sets,
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
