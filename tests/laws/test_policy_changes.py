"""A policy change: told without holes, and who keeps all his facts is where the new policy alone would have put him."""

from __future__ import annotations

from itertools import pairwise
from random import Random
from typing import Any

import pytest

from stage_models.events import Event, Tick
from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.transitions import Transition
from stage_models.user import NEVER, decode, encode
from tests.laws.cases import PATIENCE_SECONDS, Case, check, full_case, seeds
from tests.laws.live import apply, compiled, told_by
from tests.laws.policies import random_policy
from tests.laws.test_order import decided, stateless_case
from tests.laws.test_shape import corrects_the_unknown, segments_do_not_alternate, stages_do_not_chain


def narrowed(random: Random, data: dict[str, Any]) -> dict[str, Any]:
    """The policy without some of its stages and segments, others under another name, in another order, with another
    allowed lateness.
    """
    ladder, segments = ([*data[key]] for key in ("ladder", "segments"))
    ladder = [one for one in ladder if one is ladder[0] or random.random() < 0.7]
    segments = [one for one in segments if random.random() < 0.7]
    random.shuffle(segments)
    ladder[1:] = sorted(random.sample(ladder[1:], len(ladder) - 1), key=lambda one: bool(one.get("lapsed")))
    for key, part in (("stage", ladder), ("segment", segments)):
        for place, one in enumerate(part):
            if random.random() < 0.3:
                part[place] = {**one, key: f"{one[key]}-renamed"}
    late = {**data["late"], "allowed_lateness": random.choice(["0 minutes", "1 hour", "2 days", "30 days"])}
    return {**data, "version": data["version"] + 1, "late": late, "ladder": ladder, "segments": segments}


def changed_at(case: Case, later: Policy) -> tuple[list[Transition], Any]:
    """The history with a change in its middle: everything told, and the user at its end."""
    policy, middle = case.policy, len(case.arrivals) // 2
    first = next(place for place, one in enumerate(case.arrivals) if isinstance(one, Event))
    middle = max(middle, first + 1)
    user, before = apply(policy, case.arrivals[:middle])
    ticks = [one.time for one in case.arrivals[:middle] if isinstance(one, Tick)]
    user = decode(user.id, encode(user, policy.shape.id))
    step = PolicyChange(policy.shape, later).adopt(user, max(ticks, default=user.clock))
    user, after = apply(later, [*case.arrivals[middle:], Tick(case.end + 1)], user)
    return told_by([*before, step, *after]), user


def is_badly_told(case: Case) -> str | None:
    random = Random(f"later {case.seed}")  # noqa: S311
    try:
        later = compiled({**random_policy(random), "version": 2, "policy": case.policy.name})
    except ValueError:
        return None
    told, user = changed_at(case, later)
    if [one.sequence for one in told] != list(range(1, len(told) + 1)):
        return f"sequences: {[one.sequence for one in told]}"
    if (told[-1].stage, told[-1].segments) != (later.stage_of(user), later.segments_of(user)):
        return f"told last: {told[-1].stage}, {told[-1].segments}; he is in {later.stage_of(user)}"
    if any(later.effective_at < earlier.effective_at for earlier, later in pairwise(told)):
        return f"effective_at goes back: {[one.effective_at for one in told]}"
    return stages_do_not_chain(told) or segments_do_not_alternate(told) or corrects_the_unknown(told)


def is_elsewhere(case: Case) -> str | None:
    data = narrowed(Random(case.seed), case.data)  # noqa: S311
    later = compiled(data)
    _, user = changed_at(case, later)
    if PolicyChange(case.policy.shape, later).starts_anew or user.incomplete:
        return f"something starts anew though nothing new is asked: {user.incomplete}"
    alone, _ = apply(later, [*case.arrivals, Tick(case.end + 1)])
    of = Case(case.seed, data, case.arrivals, case.end)
    found, wanted = decided(of, user), decided(of, alone)
    return None if found == wanted else f"after the change: {found}\nalone: {wanted}"


def rebuild_is_badly_told(case: Case) -> str | None:
    """The history up to its middle is replayed by the later policy, with its ticks or without; then it goes on."""
    random = Random(f"later {case.seed}")  # noqa: S311
    try:
        later = compiled({**random_policy(random), "version": 2, "policy": case.policy.name})
    except ValueError:
        return None
    first = next(place for place, one in enumerate(case.arrivals) if isinstance(one, Event))
    middle = max(len(case.arrivals) // 2, first + 1)
    told_user, before = apply(case.policy, case.arrivals[:middle])
    watermark = max((one.time for one in case.arrivals[:middle] if isinstance(one, Tick)), default=-NEVER)
    replayed = [*case.arrivals[:middle], Tick(watermark)]
    is_timeless = random.random() < 0.5
    fresh, _ = apply(later, [one for one in replayed if isinstance(one, Event) or not is_timeless])
    step = PolicyChange(case.policy.shape, later).replace(told_user, fresh)
    place = later.stage_of(fresh), later.segments_of(fresh)
    user = decode(fresh.id, encode(step.user, later.shape.id))
    told = told_by([*before, step])
    if told and (told[-1].stage, told[-1].segments) != place:
        return f"told last: {told[-1].stage}, {told[-1].segments}; the later policy says {place}"
    if (
        PolicyChange(later.shape, later)
        .replace(decode(user.id, encode(user, later.shape.id)), user)
        .transitions
    ):
        return "a second rebuild tells something"
    _, after = apply(later, [*case.arrivals[middle:], Tick(case.end + 1)], user)
    told += told_by(after)
    if [one.sequence for one in told] != list(range(1, len(told) + 1)):
        return f"sequences: {[one.sequence for one in told]}"
    if any(later.effective_at < earlier.effective_at for earlier, later in pairwise(told)):
        return f"effective_at goes back: {[one.effective_at for one in told]}"
    return stages_do_not_chain(told) or segments_do_not_alternate(told) or corrects_the_unknown(told)


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_rebuild_tells_the_differences_and_goes_on_without_holes() -> None:
    for seed in seeds(1 / 3):
        check(full_case(seed), rebuild_is_badly_told)


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_policy_change_is_told_without_holes() -> None:
    for seed in seeds(1 / 3):
        check(full_case(seed), is_badly_told)


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_who_keeps_all_his_facts_is_where_the_new_policy_alone_puts_him() -> None:
    for seed in seeds(1 / 3):
        check(stateless_case(seed), is_elsewhere)
