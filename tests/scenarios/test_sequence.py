"""Steps in order: within a time, at one instant, late, and more than are kept."""

from __future__ import annotations

from itertools import permutations

import pytest

from stage_models.advance import advance
from stage_models.event_sets import EventSet, union_of
from stage_models.events import Event
from stage_models.facts.steps import MOST_PER_STEP, Steps
from stage_models.instants import HOUR
from stage_models.policy import load
from stage_models.testing import event
from stage_models.testing import scenario as play
from stage_models.user import User
from tests.scenarios.conftest import Scenario


def _policy(rule: str) -> str:
    return f"""
policy: steps
version: 1
events: {{invite: [Member Invited], visit: [Page Viewed]}}
late: {{allowed_lateness: 2 hours}}
ladder: [{{stage: signup, action: Welcome}}]
segments:
  - {{segment: done, when: {rule}, action: Show more}}
"""


def test_last_step_in_time_begins_it_and_for_ends_it(scenario: Scenario) -> None:
    scenario(
        _policy("{sequence: [invite, Report Shared], within: 1 day, for: 3 days}"),
        """
        time              event           moves         effective
        2026-01-01 10:00  Report Shared   >signup       2026-01-01 10:00
        2026-01-02 10:00  Member Invited  -             -
        2026-01-03 10:00  Report Shared   -             -                 a whole day later is too late
        2026-01-04 10:00  Member Invited  -             -
        2026-01-05 09:59  Report Shared   +done         2026-01-05 09:59
        2026-01-08 09:58  -               -             -
        2026-01-08 09:59  -               -done         2026-01-08 09:59
        """,
    )


def test_each_new_end_counts_anew(scenario: Scenario) -> None:
    scenario(
        _policy("{sequence: [invite, Report Shared], within: 1 day, for: 3 days}"),
        """
        time              event           moves         effective
        2026-01-04 10:00  Member Invited  >signup       2026-01-04 10:00
        2026-01-04 12:00  Report Shared   +done         2026-01-04 12:00
        2026-01-04 20:00  Report Shared   -             -
        2026-01-07 12:00  -               -             -
        2026-01-07 20:00  -               -done         2026-01-07 20:00
        """,
    )


def test_without_within_and_for_any_time_will_do_and_it_holds_for_ever(scenario: Scenario) -> None:
    scenario(
        _policy("{sequence: [invite, [Report Shared, Report Exported], Signed Out]}"),
        """
        time              event            segments
        2026-01-01 10:00  Member Invited   -
        2026-02-01 10:00  Signed Out       -
        2026-03-01 10:00  Report Exported  -
        2027-01-01 10:00  Signed Out       done
        2030-01-01 10:00  -                done
        """,
    )


def test_late_step_completes_it_at_the_clock(scenario: Scenario) -> None:
    scenario(
        _policy("{sequence: [invite, Report Shared], within: 1 day}"),
        """
        time              event           moves     cause  effective
        2026-01-02 10:00  Report Shared   >signup   event  2026-01-02 10:00
        2026-01-02 11:00  Page Viewed     -         -      -
        2026-01-02 09:00  Member Invited  +done     late   2026-01-02 11:00
        """,
    )


@pytest.mark.parametrize("names", list(permutations(["Member Invited", "Page Viewed", "Report Shared"])))
def test_at_one_instant_the_order_does_not_matter(names: tuple[str, ...]) -> None:
    policy = load(_policy("{sequence: [Report Shared, invite, visit], within: 1 hour}"), "f")
    user = None
    for name in names:
        user = advance(policy, user, event("2026-01-01", name)).user
    assert user is not None
    assert policy.segments_of(user) == ["done"]


def test_one_event_is_one_step() -> None:
    policy = load(_policy("{sequence: [invite, {any: true}, invite], within: 1 hour}"), "f")
    rows = ["time              event           segments", "2026-01-01 10:00  Member Invited  -"]
    play(
        policy, "\n".join([*rows, "2026-01-01 10:00  Member Invited  -", "2026-01-01 10:00  Signed In  done"])
    )
    play(
        policy,
        "\n".join([*rows, "2026-01-01 10:10  Member Invited  -", "2026-01-01 10:20  Member Invited  done"]),
    )


def _steps(policy_text: str) -> tuple[Steps, User]:
    policy = load(policy_text, "f")
    (fact,) = policy.facts
    assert isinstance(fact, Steps)
    return fact, policy.new_user("u")


def _remember(fact: Steps, user: User, one: Event) -> int:
    return fact.remember(user, one, int.from_bytes(one.digest(), "big"))


def test_order_of_arrival_inside_the_lateness_and_doubles_do_not_matter() -> None:
    policy = _policy("{sequence: [invite, Report Shared, visit], within: 1 hour}")
    times = [
        ("10:00", "Member Invited"),
        ("10:20", "Report Shared"),
        ("10:50", "Page Viewed"),
        ("11:30", "x"),
    ]
    found = []
    for order in permutations(times):
        fact, user = _steps(policy)
        for time, name in (*order, *order):
            if fact.events.concerns(name):
                _remember(fact, user, event(f"2026-01-01 {time}", name))
        found.append(user.facts)
    assert found[0][0][0] is not None
    assert all(one == found[0] for one in found)


def test_items_are_kept_for_the_window_and_the_lateness() -> None:
    fact, user = _steps(_policy("{sequence: [invite, visit], within: 1 hour}"))
    _remember(fact, user, event("2026-01-01 10:00", "Member Invited"))
    _remember(fact, user, event("2026-01-01 13:00", "Member Invited"))
    assert [item[0] % (24 * HOUR) // HOUR for item in user.facts[0][1]] == [13]
    assert _remember(fact, user, event("2026-01-01 10:00", "Page Viewed")) == 0
    assert fact.ended(user) is None


def test_of_each_step_the_newest_are_kept_and_evidence_says_so() -> None:
    text = _policy("{sequence: [invite, [Member Invited, Page Viewed]], within: 1 hour}")
    fact, user = _steps(text)
    assert not fact.is_full(user)
    assert fact.ended(user) is None
    for minute in range(MOST_PER_STEP + 5):
        _remember(fact, user, event(f"2026-01-01 10:{minute:02d}", "Member Invited"))
    assert len(user.facts[0][1]) == MOST_PER_STEP
    for minute in range(5):
        _remember(fact, user, event(f"2026-01-01 10:{minute + 50}", "Page Viewed"))
    masks = [item[2] for item in user.facts[0][1]]
    assert masks == [0b01] * 5 + [0b11] * (MOST_PER_STEP - 5) + [0b10] * 5
    condition = load(text, "f").segments[0].latch.when
    seen = condition.observe(user, user.facts[0][0])
    assert seen.is_approximate
    assert condition.sentence == "invite, then Member Invited or Page Viewed within 1 hour"
    assert condition.counts(event("2026-01-01 10:54", "Page Viewed"), seen.instants)
    assert not condition.counts(event("2026-01-01 10:54", "Signed In"), seen.instants)
    assert not condition.counts(event("2026-01-01 10:53", "Page Viewed"), seen.instants)


def test_property_of_the_wrong_type_is_told_and_the_event_is_no_such_step() -> None:
    policy = load(_policy("{sequence: [{event: Paid, where: {amount: {above: 5}}}, visit]}"), "f")
    step = advance(policy, None, event("2026-01-01", "Paid", amount="a lot"))
    assert step.bad_properties == ("segments.done.when",)
    assert step.user.facts == {}
    sentence = policy.segments[0].latch.when.observe(step.user, step.user.clock)
    assert (sentence.observed, list(sentence.instants)) == (False, [])


def _set(names: set[str] | None, excluded: set[str]) -> EventSet:
    return EventSet("x", None if names is None else frozenset(names), frozenset(excluded), [])


def test_union_concerns_what_one_of_its_sets_concerns() -> None:
    closed = union_of([_set({"a"}, set()), _set({"b"}, set())])
    assert [closed.concerns(name) for name in ("a", "b", "c", None)] == [True, True, False, False]
    opened = union_of([_set({"a"}, set()), _set(None, {"a", "b", "c"}), _set(None, {"b", "a"})])
    assert [opened.concerns(name) for name in ("a", "b", "c", "d")] == [True, False, True, True]
