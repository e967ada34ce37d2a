"""Law 8: stored state survives encode and decode, at any point of a history."""

from __future__ import annotations

import pytest

from stage_models.user import decode, encode
from tests.laws.cases import PATIENCE_SECONDS, Case, check, full_case, seeds
from tests.laws.live import apply


def does_not_survive(case: Case) -> str | None:
    shape = case.policy.shape.id
    user = None
    for place, arrival in enumerate(case.arrivals):
        if user is None and place == 0 and not hasattr(arrival, "event_id"):
            continue
        user, _ = apply(case.policy, [arrival], user)
        stored = encode(user, shape)
        again = decode(user.id, stored)
        if again != user:
            return f"after arrival {place + 1}\n  before: {user}\n  after:  {again}"
        if encode(again, shape) != stored:
            return f"after arrival {place + 1}: a second encoding differs"
    return None


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_stored_user_survives_encode_and_decode() -> None:
    for seed in seeds(1 / 3):
        check(full_case(seed), does_not_survive)
