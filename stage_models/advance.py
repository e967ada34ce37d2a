"""The step: the only way to change a user.

A user's clock is the newest judged instant; his due is the next instant at which something may change if
nothing happens.

- An event newer than the clock (or at the clock, if no due was judged there): first every due before it is
  judged, cause
  `time`, at its own instant; then the event is remembered, and he is judged at the event's time. A due at
  that very time is judged with the event. Records of one instant are judged one by one, in the order in
  which they come.
- Any other event is late: it is remembered at its own time and he is judged at the clock, cause `late`.
- A tick: every due before it is judged. A due at which nothing changes leaves no trace.

So a move in time takes effect at its due, never at the moment somebody looked.
"""

from __future__ import annotations

import msgspec

from stage_models.events import Event, Tick
from stage_models.facts.fact import BAD_PROPERTY, CHANGED, FIRST_SEEN_BIT, HASH_BYTES, TIME_BIT, UNCHANGED
from stage_models.ladder import judge
from stage_models.policy.compile import Policy
from stage_models.transitions import Cause, Transition
from stage_models.user import User


class Step(msgspec.Struct, gc=False):
    """What one input did. `user` is the user to keep; `is_changed` says whether the stored form differs
    from before.

    After a tick that changed nothing, `is_changed` is False and `user.due` is the next due, for memory
    only.
    """

    user: User
    transitions: list[Transition]
    is_changed: bool
    drop: str | None = None  # why the event was not applied (`duplicate`)
    is_late: bool = False
    is_late_after_tick: bool = False  # it would have been in time, had not a move in time overtaken it
    bad_properties: tuple[str, ...] = ()  # rules that could not use a property of the event


def advance(policy: Policy, user: User | None, event: Event | Tick) -> Step:
    """Move a user as far as the input says. Changes `user` in place; None is somebody new (events only).

    When it raises, the user that was handed in must be thrown away.
    """
    if isinstance(event, Tick):
        if user is None:
            raise ValueError("a tick needs a user")
        transitions: list[Transition] = []
        is_changed = pass_dues(policy, user, event.time, "time", transitions)
        return Step(user, transitions, is_changed=is_changed)
    if user is None:
        user = policy.new_user(event.user_id)
    return _apply(policy, user, event)


def _apply(policy: Policy, user: User, event: Event) -> Step:
    digest = event.digest()
    if user.knows_id(digest):
        return Step(user, [], is_changed=False, drop="duplicate")
    at = event.occurred_at
    transitions: list[Transition] = []
    is_late = at < user.clock or (at == user.clock and user.is_due_judged)
    if not is_late:
        pass_dues(policy, user, at, "time", transitions)
        user.clock, user.is_due_judged = at, False
    user.keep_id(digest)
    changed, bad = _remember(policy, user, event, int.from_bytes(digest[:HASH_BYTES]))
    is_after_tick = is_late and _is_overtaken(user, at)
    if user.due <= user.clock:
        changed |= TIME_BIT
    if changed:
        transitions += judge(policy, user, user.clock, "late" if is_late else "event", event, changed)[1]
    return Step(
        user,
        transitions,
        is_changed=True,
        is_late=is_late,
        is_late_after_tick=is_after_tick,
        bad_properties=bad,
    )


def pass_dues(policy: Policy, user: User, before: int, cause: Cause, transitions: list[Transition]) -> bool:
    """Judge at every due before an instant; True if anything changed."""
    is_changed = False
    while user.due < before:
        at = user.due
        has_turned, told = judge(policy, user, at, cause, None, TIME_BIT)
        if has_turned:
            user.clock, user.is_due_judged = at, True
            transitions += told
            is_changed = True
    return is_changed


def _remember(policy: Policy, user: User, event: Event, digest: int) -> tuple[int, tuple[str, ...]]:
    """Keep what the policy needs of the event: the mask of changed facts, and the rules that a bad property
    hit.
    """
    changed = 0
    bad: tuple[str, ...] = ()
    if event.occurred_at < user.first_seen:
        user.first_seen = event.occurred_at
        changed = FIRST_SEEN_BIT
    if event.group_id is not None or event.consent:
        _remember_person(user, event, digest)
    touched = policy.facts_of(event.name) if event.is_active else ()
    if event.traits:
        touched = (*policy.traits, *touched)
    for fact, remember, passes in touched:
        if passes is None or (matches := passes(event)):
            outcome = remember(user, event, digest)
            if outcome & CHANGED:
                changed |= fact.bit
        else:
            outcome = BAD_PROPERTY if matches is None else UNCHANGED
        if outcome & BAD_PROPERTY:
            bad = (*bad, *fact.places)
    return changed, bad


def _remember_person(user: User, event: Event, digest: int) -> None:
    """Group and consent: the newest value by (time, hash)."""
    when = event.occurred_at, digest
    if event.group_id is not None and (user.group is None or user.group[:2] < when):
        user.group = (*when, event.group_id)
    for channel, value in event.consent.items():
        held = user.consent.get(channel)
        if held is None or held[:2] < when:
            user.consent[channel] = (*when, value)


def _is_overtaken(user: User, at: int) -> bool:
    """Whether a latch turned by time at or after the instant."""
    return any(
        (latch.began_by_time and latch.began >= at)
        or (latch.ended is not None and latch.ended_by_time and latch.ended >= at)
        for latch in user.latches.values()
    )
