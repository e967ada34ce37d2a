"""examples/tutorial: its steps lead to the policy that is shipped."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import pytest

from stage_models.policy import load
from stage_models.policy.schema import PolicySpec

ROOT = Path(__file__).parents[2]
STEPS = sorted((ROOT / "examples" / "tutorial").glob("*.yaml"))
FLAPPING = {"2-flapping": {"engaged", "power"}}
"""Stages that a step shows without `until`, so that `check` advises against it."""
SIMPLER = {"at-risk"}
"""Stages that get one more sign in the last step."""


def spec_of(path: Path) -> PolicySpec:
    return load(path.read_text(encoding="utf-8"), path.name).spec


@pytest.mark.parametrize("path", STEPS, ids=lambda path: path.stem)
def test_what_a_step_says_stands_in_the_shipped_policy(path: Path) -> None:
    step, saas = spec_of(path), spec_of(ROOT / "policies" / "saas.yaml")
    others = SIMPLER | FLAPPING.get(path.stem, set())
    assert (step.policy, step.version, step.goal) == (saas.policy, saas.version, saas.goal)
    assert [stage for stage in step.ladder if stage.stage not in others and stage not in saas.ladder] == []
    assert [segment for segment in step.segments if segment not in saas.segments] == []
    assert {name: saas.events[name] for name in step.events} == step.events


def test_each_step_knows_the_stages_and_segments_of_the_one_before() -> None:
    names: list[list[str]] = []
    for path in STEPS:
        spec = spec_of(path)
        names.append([stage.stage for stage in spec.ladder] + [segment.segment for segment in spec.segments])
    assert len(names) == 5
    assert all(now[: len(before)] == before for before, now in pairwise(names))
