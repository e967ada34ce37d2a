"""When the rules hold for real people: the step against plain loops, to the millisecond, on logs with shared instants.

Every rule is judged in two time zones, one of which changes its clock within the log. `make test` takes every tenth of
the people; LAW_EVERY=1 takes all of them (twenty minutes on one core; `-n 2` makes use of two).
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from stage_models.events import Event
from stage_models.instants import DAY
from stage_models.terms import Comparison, EventSetSpec
from tests.laws.live import as_moves, as_seen, compiled, transitions
from tests.laws.policies import FIGURES, MODELS
from tests.laws.real_logs import COURSE, EVERY, PURCHASES, histories, sample
from tests.laws.real_rules import (
    COURSE_LADDER,
    COURSE_RULES,
    COURSE_SETS,
    PURCHASE_LADDER,
    PURCHASE_RULES,
    PURCHASE_SETS,
    Rule,
)
from tests.laws.test_spans import found_spans, policy_of
from tests.reference.judge import judge
from tests.reference.spans import spans

ZONES = ["UTC", "Europe/Berlin"]
PATIENCE_SECONDS = 60 + 3_600 // EVERY
RULES = [("purchases", rule) for rule in PURCHASE_RULES] + [("course", rule) for rule in COURSE_RULES]
LOGS: dict[str, tuple[Path, dict[str, Any], Rule]] = {
    "purchases": (PURCHASES, PURCHASE_SETS, PURCHASE_LADDER),
    "course": (COURSE, COURSE_SETS, COURSE_LADDER),
}


def people(log: Path) -> Iterator[tuple[list[Event], str, int]]:
    """The events of each of them, a zone to judge them in, and when that ends: all in each of the zones."""
    if not log.exists():
        pytest.skip(f"the students' log is not at {log} (LAW_COURSE_LOG)")
    for user_id in sample(log, EVERY):
        events = histories(log)[user_id]
        yield from ((events, zone, events[-1].occurred_at + 40 * DAY) for zone in ZONES)


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize(("name", "rule"), RULES, ids=lambda value: str(value).replace("'", ""))
def test_rule_holds_for_real_people_when_plain_loops_say_so(name: str, rule: Rule) -> None:
    log, sets, _ = LOGS[name]
    has_held = False
    for events, zone, end in people(log):
        found = found_spans(policy_of(rule, zone, sets), events, end)
        assert found == spans(rule, [as_seen(event) for event in events], end, sets, zone)
        has_held = has_held or bool(found)
    assert has_held, "a rule that never holds shows nothing"


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("name", LOGS)
def test_real_people_are_where_the_judge_says(name: str) -> None:
    log, sets, ladder = LOGS[name]
    reached: set[str | None] = set()
    for events, zone, end in people(log):
        data = {"policy": name, "version": 1, "time_zone": zone, "events": sets, **ladder}
        found = as_moves(transitions(compiled(data), events, end))
        assert found == judge(data, [as_seen(event) for event in events], end)
        reached |= {move.segment or move.to_stage for move in found}
    assert reached == {one.get("stage", one.get("segment")) for part in ladder.values() for one in part}


def test_these_rules_use_every_key_of_every_rule_type() -> None:
    used = set(keys_in([PURCHASE_RULES, COURSE_RULES, PURCHASE_LADDER, COURSE_LADDER]))
    used |= {f"events.{key}" for sets in (PURCHASE_SETS, COURSE_SETS) for one in sets.values() for key in one}
    wanted = {f"{kind}.{key}" for kind, model in MODELS.items() for key in keys_of(model)}
    wanted |= {f"where.{key}" for key in keys_of(Comparison)}
    wanted |= {f"events.{key}" for key in keys_of(EventSetSpec)}
    wanted |= {f"total.as {figure}" for figure in FIGURES}
    wanted |= {"latch.until", "latch.stay_at_least", "latch.cool_down"}
    assert wanted - used == set()
    assert len(RULES) >= 60


@pytest.mark.parametrize("rules", [[*PURCHASE_RULES, PURCHASE_LADDER], [*COURSE_RULES, COURSE_LADDER]])
def test_each_log_meets_every_rule_type(rules: list[Rule]) -> None:
    assert {key.partition(".")[0] for key in keys_in(rules)} >= MODELS.keys()


def keys_in(value: Any) -> Iterator[str]:
    """Each key of a rule as `type.key`, also of its parts and filters."""
    if isinstance(value, list):
        for one in value:
            yield from keys_in(one)
    elif isinstance(value, dict):
        kind = "latch" if "action" in value else next((kind for kind in MODELS if kind in value), "")
        for key, inner in value.items():
            yield f"{kind}.{key}"
            if key == "as":
                yield f"total.as {inner}"
            if key == "where":
                yield from (f"where.{comparison}" for test in inner.values() for comparison in test)
            yield from keys_in(inner)


def keys_of(model: Any) -> Iterator[str]:
    return (field.alias or name for name, field in model.model_fields.items())
