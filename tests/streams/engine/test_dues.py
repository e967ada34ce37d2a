"""Who is due when: lazily kept, never late."""

from __future__ import annotations

import random

import pytest

from stage_models.instants import HOUR, MINUTE
from stage_models.user import NEVER
from streams.engine.dues import Dues


def drained(dues: Dues, true: dict[str, int], before: int, limit: int = 3) -> list[str]:
    """Everybody whom rounds of `limit` fire; as the engine does, each is entered again with his next due."""
    fired: list[str] = []
    while (users := dues.pop(before, limit, true.__getitem__)) is not None:
        for user_id in users:
            if true[user_id] < before:
                fired.append(user_id)
                true[user_id] = NEVER
    return fired


def test_user_fires_only_after_his_due() -> None:
    dues = Dues()
    dues.add("ada", 5 * HOUR)
    true = {"ada": 5 * HOUR}
    assert drained(dues, true, 5 * HOUR) == []
    assert drained(dues, true, 5 * HOUR + 1) == ["ada"]


def test_due_that_moved_later_without_a_word_is_put_back() -> None:
    dues = Dues()
    dues.add("ada", HOUR)
    true = {"ada": 3 * HOUR + MINUTE}
    assert drained(dues, true, 3 * HOUR) == []
    assert len(dues) == 1
    assert drained(dues, true, 4 * HOUR) == ["ada"]


def test_due_that_moved_earlier_fires_at_its_new_time() -> None:
    dues = Dues()
    dues.add("ada", 9 * HOUR)
    dues.add("ada", 2 * HOUR)
    true = {"ada": 2 * HOUR}
    assert drained(dues, true, 3 * HOUR) == ["ada"]


def test_due_within_an_hour_that_has_begun_is_not_missed() -> None:
    dues = Dues()
    dues.add("ada", 2 * HOUR + 50 * MINUTE)
    true = {"ada": 2 * HOUR + 50 * MINUTE, "bo": 2 * HOUR + 10 * MINUTE, "cy": HOUR}
    assert drained(dues, true, 2 * HOUR + MINUTE) == []
    dues.add("bo", 2 * HOUR + 10 * MINUTE)
    dues.add("cy", HOUR)
    assert sorted(drained(dues, true, 2 * HOUR + 11 * MINUTE)) == ["bo", "cy"]


def test_who_stands_in_several_hours_ends_in_one_place() -> None:
    dues = Dues()
    for hour in (1, 2, 3, 4):
        dues.add("ada", hour * HOUR)
    true = {"ada": 9 * HOUR}
    assert drained(dues, true, 6 * HOUR) == []
    true["ada"] = 9 * HOUR + MINUTE
    assert drained(dues, true, 9 * HOUR + 2) == []
    assert len(dues) == 1


def test_nobody_is_entered_who_is_never_due() -> None:
    dues = Dues()
    dues.add("ada", NEVER)
    assert len(dues) == 0
    assert dues.pop(NEVER - 1, 10, {"ada": NEVER}.__getitem__) is None


def test_a_round_looks_at_no_more_users_than_its_limit() -> None:
    dues = Dues()
    true = {f"user-{n}": HOUR for n in range(100)}
    for user_id, due in true.items():
        dues.add(user_id, due)
    looked: list[str] = []

    def due_of(user_id: str) -> int:
        looked.append(user_id)
        return HOUR

    dues.pop(2 * HOUR, 10, due_of)
    assert 0 < len(looked) <= 10


@pytest.mark.parametrize("seed", range(20))
def test_fires_who_a_search_over_everybody_would_find(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 -- repeatable on purpose
    dues, true = Dues(), dict[str, int]()
    now = 0
    for _ in range(300):
        user_id = f"user-{rng.randrange(30)}"
        before = true.get(user_id, NEVER)
        true[user_id] = now + rng.choice([MINUTE, HOUR, 30 * HOUR, NEVER - now]) * rng.randrange(1, 5) % NEVER
        if true[user_id] < before:
            dues.add(user_id, true[user_id])
        if rng.random() < 0.3:
            now += rng.randrange(5 * HOUR)
            expected = sorted(user_id for user_id, due in true.items() if due < now)
            assert sorted(drained(dues, true, now)) == expected, f"seed {seed} at {now}"
