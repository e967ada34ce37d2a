"""Facts that a policy change started later: what is decided with them is decided as with the complete ones."""

from __future__ import annotations

from random import Random

import pytest

from stage_models.advance import advance
from stage_models.conditions.guarded import Guarded
from stage_models.events import Event
from stage_models.instants import DAY
from stage_models.policy.compile import Policy
from stage_models.user import User
from tests.laws.cases import PATIENCE_SECONDS, Case, check, seeds
from tests.laws.live import apply
from tests.laws.policies import KINDS
from tests.laws.test_mutations import CASES, answer_late
from tests.laws.test_spans import ALONE, random_case

LOOKS = 12
"""Changes that are followed after each event."""

FAR_MS = 100 * DAY
"""Where none is foretold, it is so far that nothing may change."""


def forget(policy: Policy, user: User, depths: list[int]) -> None:
    """Take from the user what a policy with shallower facts would not have kept; with depth 0 all of a fact."""
    for fact, depth in zip(policy.facts, depths, strict=True):
        state = fact.kept(user)
        if depth == 0 or not fact.depth:
            user.facts[fact.index] = []
            user.incomplete[fact.index] = user.clock + 1
            continue
        if depth < fact.depth and type(fact).__name__ in {"Newest", "Days", "Values"}:
            del state[:-depth]
            whole_from = fact.whole_from(state, depth)
            if whole_from is not None:
                user.incomplete[fact.index] = whole_from


def disagreement(case: Case) -> str | None:
    events = [arrival for arrival in case.arrivals if isinstance(arrival, Event)]
    if not case.data["segments"] or len(events) < 2:
        return None
    random = Random(case.seed)  # noqa: S311
    cut = random.randrange(1, len(events))
    policy = case.policy
    knowing, _ = apply(policy, events[:cut])
    started, _ = apply(policy, events[:cut])
    forget(policy, started, [random.choice([0, 1, 2]) for _ in policy.facts])
    asked, guarded = policy.segment_latches[0].when, policy.guarded.segment_latches[0].when
    for event in events[cut:]:
        knowing, started = advance(policy, knowing, event).user, advance(policy, started, event).user
        at = max(knowing.clock, started.clock)
        for _ in range(LOOKS):
            answer, wanted = guarded.holds(started, at), asked.holds(knowing, at)
            if answer is not None and answer is not wanted:
                return f"at {at}: {answer} with incomplete facts, {wanted} with all of them"
            change = min(guarded.next_change(started, at), at + FAR_MS)
            for before in (min(at + 1, change - 1), random.randrange(at, change), change - 1):
                if guarded.holds(started, before) is not answer:
                    return f"{answer} at {at}, not at {before}, though the next change is at {change}"
            at = change
    return None


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("kind", ALONE)
def test_what_is_decided_with_incomplete_facts_is_decided_as_with_all_of_them(kind: str) -> None:
    for seed in seeds(1 / len(KINDS)):
        check(random_case(seed, kind), disagreement)


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("late_ms", [1, None], ids=["a-millisecond-late", "never"])
def test_guard_that_answers_late_is_caught(late_ms: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_late(Guarded, monkeypatch, late_ms)
    assert any(disagreement(random_case(seed, "performed")) for seed in range(CASES))
