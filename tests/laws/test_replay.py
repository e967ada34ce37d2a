"""Laws 1 and 2: slices, restarts and ticks cannot be seen in what is emitted."""

from __future__ import annotations

from random import Random

import pytest

from stage_models.advance import advance
from stage_models.events import Event, Tick
from stage_models.transitions import Transition
from stage_models.user import User, decode, encode
from tests.laws.cases import PATIENCE_SECONDS, Case, check, late_case, seeds
from tests.laws.live import apply, told_by, transitions


class Live:
    """A user as a worker has them: stored between slices, with ticks at any time that overtake no event."""

    def __init__(self, case: Case) -> None:
        self.policy = case.policy
        self.random = Random(case.seed)  # noqa: S311  a seeded rhythm, no secret
        self.user: User | None = None
        self.told: list[Transition] = []

    def take(self, arrival: Event | Tick) -> None:
        if self.user is None and isinstance(arrival, Tick):
            return
        step = advance(self.policy, self.user, arrival)
        self.user = step.user
        self.told += step.transitions

    def restart(self) -> None:
        """The worker stops and another takes over, from the stored form alone."""
        if self.user is not None:
            self.user = decode("u", encode(self.user, self.policy.shape.id))

    def try_tick(self, time: int) -> None:
        """A tick that may overtake events that follow; taken back if it moved the user."""
        if self.user is None:
            return
        stored = encode(self.user, self.policy.shape.id)
        step = advance(self.policy, self.user, Tick(time))
        self.user = step.user if not step.is_changed else decode("u", stored)


def live(case: Case) -> list[Transition]:
    """All transitions in slices of any length, with restarts and ticks between."""
    worker = Live(case)
    times = [arrival.occurred_at for arrival in case.arrivals if isinstance(arrival, Event)]
    for place, arrival in enumerate(case.arrivals):
        safe = min(times[place:])
        for _ in range(worker.random.choice([0, 0, 1, 3])):
            worker.take(Tick(safe - worker.random.choice([0, 1, worker.random.randint(0, 10**9)])))
        if worker.random.random() < 0.2:
            worker.try_tick(safe + worker.random.randint(1, 10**9))
        if worker.random.random() < 0.4:
            worker.restart()
        worker.take(arrival)
    rhythm = sorted(
        worker.random.randint(max(times), case.end + 1) for _ in range(worker.random.choice([0, 5]))
    )
    for time in [*rhythm, case.end + 1]:
        worker.take(Tick(time))
        worker.restart()
    return worker.told


def replay_differs(case: Case) -> str | None:
    wanted, found = transitions(case.policy, case.arrivals, case.end), live(case)
    return None if wanted == found else f"replay: {wanted}\nlive:   {found}"


def extra_ticks_show(case: Case) -> str | None:
    """What a tick left behind that came again, or came before anything was due."""
    user: User | None = None
    for arrival in [*case.arrivals, Tick(case.end + 1)]:
        if user is None and isinstance(arrival, Tick):
            continue
        user = advance(case.policy, user, arrival).user
        before = encode(user, case.policy.shape.id)
        again = arrival.time if isinstance(arrival, Tick) else min(user.clock, user.due)
        for time in (again, again - 1, user.first_seen):
            step = advance(case.policy, user, Tick(time))
            if step.transitions or step.is_changed:
                return f"tick {time} after {arrival}: {step}"
            user = step.user
        if encode(user, case.policy.shape.id) != before:
            return f"the stored user changed after {arrival}"
    return None


def later_tick_differs(case: Case) -> str | None:
    """The moves in time when a tick comes right behind each due, and when one comes at the end only."""
    policy = case.policy
    late = told_by(apply(policy, [Tick(case.end + 1)], apply(policy, case.arrivals)[0])[1])
    user, punctual = apply(policy, case.arrivals)[0], list[Transition]()
    while user.due <= case.end:
        step = advance(policy, user, Tick(user.due + 1))
        user = step.user
        punctual += step.transitions
    return None if punctual == late else f"at each due: {punctual}\nat the end:  {late}"


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_replay_equals_live_with_any_slices_restarts_and_ticks() -> None:
    for seed in seeds(1 / 3):
        check(late_case(seed), replay_differs)


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_extra_ticks_change_nothing() -> None:
    for seed in seeds(1 / 6):
        check(late_case(seed), extra_ticks_show)


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_later_tick_only_delays() -> None:
    for seed in seeds(1 / 6):
        check(late_case(seed), later_tick_differs)
