"""Law 5: order inside the allowed lateness does not matter for facts, nor for who is where at the end."""

from __future__ import annotations

from dataclasses import replace
from random import Random
from typing import Any

import pytest

from stage_models.events import Event, Tick
from stage_models.user import User
from tests.laws.cases import PATIENCE_SECONDS, Case, check, ordered_case, seeds
from tests.laws.histories import delayed_within
from tests.laws.live import apply
from tests.laws.policies import KINDS
from tests.reference.reading import duration_ms

STATELESS = [kind for kind in KINDS if kind not in {"reached", "stage", "segment"}]


def stateless_case(seed: int) -> Case:
    """A case whose policy remembers nothing but facts."""
    case = ordered_case(seed, STATELESS)
    kept = {"until", "stay_at_least", "cool_down"}
    data: dict[str, Any] = {**case.data}
    for part in ("ladder", "segments"):
        data[part] = [{key: one[key] for key in one if key not in kept} for one in data[part]]
    return replace(case, data=data)


def order_shows(case: Case) -> str | None:
    events = [arrival for arrival in case.arrivals if isinstance(arrival, Event)]
    random = Random(case.seed)  # noqa: S311  a seeded delay, no secret
    longest = duration_ms(case.data["late"]["allowed_lateness"])
    mixed = delayed_within(random, longest, events)
    users = [apply(case.policy, [*order, Tick(case.end + 1)])[0] for order in (events, mixed)]
    facts = [user.facts for user in users]
    if facts[0] != facts[1]:
        return f"facts in order: {facts[0]}\nfacts mixed:    {facts[1]}\nmixed: {[one.event_id for one in mixed]}"
    found = [decided(case, user) for user in users]
    return None if found[0] == found[1] else f"in order: {found[0]}\nmixed:    {found[1]}"


def decided(case: Case, user: User) -> dict[str, bool]:
    """Who is on, of the latches whose rule is decided: what is undecided leaves a latch as it was, and so shows
    the order.
    """
    return {
        rule.name: rule.is_on(user)
        for rule in case.policy.latches
        if rule.when.holds(user, case.end) is not None
    }


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_order_inside_the_lateness_does_not_matter() -> None:
    for seed in seeds(1 / 3):
        check(stateless_case(seed), order_shows)
