"""Law 6: users do not touch each other."""

from __future__ import annotations

from random import Random

import pytest

from stage_models.events import Event
from stage_models.policy.compile import Policy
from stage_models.replay import Replay
from stage_models.transitions import Transition
from tests.laws.cases import PATIENCE_SECONDS, late_case, seeds
from tests.laws.histories import delayed, random_history
from tests.laws.live import transitions

USERS = ["ada", "ben", "cleo"]


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_users_do_not_touch_each_other() -> None:
    for seed in seeds(1 / 10):
        case = late_case(seed)
        random = Random(seed)  # noqa: S311  a seeded history, no secret
        own = {
            user_id: delayed(random, case.data, random_history(random, case.data, user_id))
            for user_id in USERS
        }
        for user_id, told in together(case.policy, own, random, case.end).items():
            assert told == transitions(case.policy, own[user_id], case.end), f"{user_id}\n{case}"


def together(
    policy: Policy, own: dict[str, list[Event]], random: Random, end: int
) -> dict[str, list[Transition]]:
    """The transitions of each user when the events of all arrive in one stream."""
    replay = Replay(policy)
    told: list[Transition] = []
    waiting = {user_id: list(events) for user_id, events in own.items()}
    while waiting:
        user_id = random.choice(list(waiting))
        told += replay.feed(waiting[user_id].pop(0)).transitions
        if not waiting[user_id]:
            del waiting[user_id]
    told += replay.finish(end)
    return {user_id: [one for one in told if one.user_id == user_id] for user_id in own}
