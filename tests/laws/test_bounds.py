"""Law 10: state is bounded: bytes per user depend on the policy, not on the number of events."""

from __future__ import annotations

from random import Random

import pytest

from stage_models.events import Event
from stage_models.user import User, encode
from tests.laws.cases import PATIENCE_SECONDS, ordered_case, seeds
from tests.laws.histories import random_event
from tests.laws.live import apply
from tests.laws.policies import NAMES

MANY = 2_500
"""Events after which every fact has reached its cap, those of traits too; then as many again."""


def sizes(seed: int) -> list[int]:
    """The bytes of a user after many events and after twice as many, a second apart: no window lets one go."""
    case, random = ordered_case(seed), Random(seed)  # noqa: S311  a seeded history, no secret
    start = case.arrivals[0].occurred_at if isinstance(case.arrivals[0], Event) else 0
    user: User | None = None
    found = []
    for half in range(2):
        numbers = range(half * MANY, (half + 1) * MANY)
        events = [random_event(random, "u", f"u-{n}", start + n * 1_000, NAMES) for n in numbers]
        user, _ = apply(case.policy, events, user)
        found.append(len(encode(user, case.policy.shape.id)))
    return found


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_stored_user_stops_growing() -> None:
    for seed in seeds(1 / 120):
        many, twice = sizes(seed)
        assert twice <= many * 1.1 + 200, f"seed {seed}\n{ordered_case(seed)}"
