"""A judge is worth what it catches: each condition's `next_change`, broken so that it answers late, must be found."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import stage_models.conditions  # noqa: F401  defines all conditions
from stage_models.conditions.guarded import Guarded
from stage_models.conditions.rule import Condition
from stage_models.user import NEVER, User
from tests.laws.cases import PATIENCE_SECONDS, late_case, ordered_case
from tests.laws.test_judge import disagreement

CASES = 400


def conditions(base: type[Condition] = Condition) -> Iterator[type[Condition]]:
    """Every kind of condition that says itself when it may change."""
    for kind in base.__subclasses__():
        if (
            "next_change" in vars(kind) and kind is not Guarded
        ):  # asked of few users: test_incomplete breaks it
            yield kind
        yield from conditions(kind)


def answer_late(kind: type[Condition], patch: pytest.MonkeyPatch, late_ms: int | None) -> None:
    """Break one kind: it names the instant so much later (None: never)."""
    honest = kind.next_change

    def next_change(self: Condition, user: User, at: int) -> int:
        change = honest(self, user, at)
        return NEVER if change == NEVER or late_ms is None else change + late_ms

    patch.setattr(kind, "next_change", next_change)


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("late_ms", [1, None], ids=["a-millisecond-late", "never"])
@pytest.mark.parametrize("kind", list(conditions()), ids=lambda kind: kind.__name__)
def test_judge_catches_a_condition_that_answers_late(
    kind: type[Condition], late_ms: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer_late(kind, monkeypatch, late_ms)
    made = (make(seed) for seed in range(CASES) for make in (ordered_case, late_case))
    assert any(disagreement(case) for case in made), f"{CASES} histories do not show it"


def test_each_rule_type_that_time_can_change_is_broken_here() -> None:
    broken = {kind.__module__.rsplit(".", 1)[-1] for kind in conditions()}
    alone = {
        "active_days",
        "declining",
        "first",
        "inactive",
        "missing",
        "regular",
        "returned",
        "total",
        "trait",
    }
    asking = {"counting", "sequence", "during", "combinations", "reached", "stage", "segment"}
    assert broken >= alone | asking
