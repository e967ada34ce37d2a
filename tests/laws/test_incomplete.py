"""Facts that a policy change started later, or asks deeper: what is decided with them is decided as with the complete
ones, and a rule that stays is as decided as if nothing had changed.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from random import Random
from typing import Any

import pytest

from stage_models.advance import advance
from stage_models.conditions.guarded import Guarded
from stage_models.events import Event
from stage_models.instants import DAY
from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.user import User
from tests.laws.cases import PATIENCE_SECONDS, Case, check, seeds
from tests.laws.histories import delayed_within
from tests.laws.live import apply, compiled
from tests.laws.policies import KINDS, SCALES, Maker
from tests.laws.test_mutations import CASES, answer_late
from tests.laws.test_spans import ALONE, random_case

LOOKS = 12
"""Changes that are followed after each event."""

FAR_MS = 100 * DAY
"""Where none is foretold, it is so far that nothing may change."""

DEPTHS = {"at_least", "at_most", "last"}


def changed_case(seed: int, kind: str) -> Case:
    """A rule alone, as the last of several policies asks it; half of the histories have events that come late."""
    case = random_case(seed, kind)
    random = Random(f"changes {seed}")  # noqa: S311  a seeded history, no secret
    events = events_of(case)
    late = delayed_within(random, random.choice([DAY // 8, 2 * DAY]), events) if seed % 2 else events
    return replace(case, arrivals=list(late))


def events_of(case: Case) -> list[Event]:
    return [arrival for arrival in case.arrivals if isinstance(arrival, Event)]


def other_rule(random: Random, case: Case) -> Any:
    """A rule that may share facts with the case's own: the same asked deeper, more of its events, or any."""
    rule, zone = case.data["segments"][0]["when"], case.data["time_zone"]
    kind = random.choice(["deeper", "more", "any"])
    if kind == "deeper":
        return deeper(random, rule)
    if kind == "more" and (asked := asked_events(rule)):
        return {"performed": random.choice(asked), "at_least": random.choice([2, 3, 5])}
    maker = Maker(
        random,
        random.choice(SCALES),
        [],
        [random.choice(ALONE)],
        has_anchors=True,
        depth=0,
        holding=0,
        zone=zone,
    )
    return maker.rule(0)


def deeper(random: Random, rule: Any) -> Any:
    """The rule, which asks for more."""
    if isinstance(rule, list):
        return [deeper(random, part) for part in rule]
    if not isinstance(rule, dict):
        return rule
    return {
        key: value + random.choice([1, 2, 4])
        if key in DEPTHS and type(value) is int
        else deeper(random, value)
        for key, value in rule.items()
    }


def asked_events(rule: Any) -> list[Any]:
    """The events that the rule's parts are about."""
    if isinstance(rule, list):
        return [found for part in rule for found in asked_events(part)]
    if not isinstance(rule, dict):
        return []
    alone = set(ALONE) - {"trait", "sequence", "during"}
    return [
        found for key, value in rule.items() for found in ([value] if key in alone else asked_events(value))
    ]


def policies(random: Random, case: Case, count: int, *, keeps: bool) -> list[Policy] | None:
    """Policies of growing version, each with other rules; the last is the case's own, and where it `keeps` its rule all
    have it. None where one is refused.
    """
    found = []
    for version in range(1, count + 1):
        segments = [*case.data["segments"]] if keeps or version == count else []
        for number in range(random.choice([0, 1, 2]) if version < count or keeps else 0):
            rule = other_rule(random, case)
            segments.append({"segment": f"other-{number}", "when": rule, "action": "Do something else"})
        try:
            found.append(compiled({**case.data, "version": version, "segments": segments}))
        except ValueError:
            return None
    return found


def two_users(random: Random, case: Case, by_turns: list[Policy]) -> tuple[User, User, list[Event]]:
    """Who was judged by the last policy alone, who by all of them in turn, and the events that are still to come."""
    events = events_of(case)
    cuts = sorted(random.randrange(1, len(events)) for _ in by_turns[1:])
    started, _ = apply(by_turns[0], events[: cuts[0]])
    for (old, new), (begin, end) in zip(pairwise(by_turns), pairwise([*cuts, cuts[-1]]), strict=True):
        PolicyChange(old.shape, new).adopt(started, started.clock)
        started, _ = apply(new, events[begin:end], started)
    knowing, _ = apply(by_turns[-1], events[: cuts[-1]])
    return knowing, started, events[cuts[-1] :]


def complaint_about(case: Case, *, keeps: bool) -> str | None:
    if not case.data["segments"] or len(case.arrivals) < 2:
        return None
    random = Random(case.seed)  # noqa: S311
    by_turns = policies(random, case, 2 if keeps else random.choice([2, 3, 4]), keeps=keeps)
    if by_turns is None:
        return None
    policy = by_turns[-1]
    knowing, started, rest = two_users(random, case, by_turns)
    asked = policy.segment_latches[0].when
    for event in [None, *rest]:
        if event is not None:
            knowing, started = (advance(policy, user, event).user for user in (knowing, started))
        at = max(knowing.clock, started.clock)
        guarded = policy.heeding(started).segment_latches[0].when
        for _ in range(LOOKS):
            answer, wanted = guarded.holds(started, at), asked.holds(knowing, at)
            if answer is not wanted and (keeps or answer is not None):
                return f"at {at}: {answer} with {started.incomplete}, {wanted} with all facts; {by_turns[0].spec}"
            change = min(guarded.next_change(started, at), at + FAR_MS)
            for before in (min(at + 1, change - 1), random.randrange(at, change), change - 1):
                if guarded.holds(started, before) is not answer:
                    return f"{answer} at {at}, not at {before}, though the next change is at {change}"
            at = change
    return None


def disagreement(case: Case) -> str | None:
    return complaint_about(case, keeps=False)


def forgets(case: Case) -> str | None:
    return complaint_about(case, keeps=True)


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("kind", ALONE)
def test_what_is_decided_with_incomplete_facts_is_decided_as_with_all_of_them(kind: str) -> None:
    for seed in seeds(1 / len(KINDS)):
        check(changed_case(seed, kind), disagreement)


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("kind", ALONE)
def test_rule_that_stays_is_as_decided_as_if_nothing_had_changed(kind: str) -> None:
    for seed in seeds(1 / len(KINDS)):
        check(changed_case(seed, kind), forgets)


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("late_ms", [1, None], ids=["a-millisecond-late", "never"])
def test_guard_that_answers_late_is_caught(late_ms: int | None, monkeypatch: pytest.MonkeyPatch) -> None:
    answer_late(Guarded, monkeypatch, late_ms)
    assert any(disagreement(changed_case(seed, "performed")) for seed in range(CASES))
