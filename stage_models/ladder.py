"""Judging: which stage and which segments a user is in at an instant.

Every stage but the base, and every segment, is a latch. Off: it goes on only when `when` is true and
`until` is false. On: it goes off only when `until` is true. (Without `until` it is the contrary of `when`.)
`stay_at_least` keeps it on until on + D, `cool_down` keeps it off until off + D. What is undecided changes
nothing. Judging twice at one instant changes nothing.

The user's stage is the last stage in the file whose latch is on; the base is always on. There is no list of
moves: somebody who comes back from churned lands where the facts put him. Lapsed stages stand last,
override, and are no achievement. Stages are judged in file order, then segments, which see the stage and
the segments above them as they are after this judgement.

A late event waives `stay_at_least` and `cool_down` for a rule that reads a fact which it changed, if the
membership began (or ended) by cause `time` at or after the event's own time: the rule was deceived, not the
user fickle.

Most judgements find that nothing turns. They ask only the rules that what changed (a fact, or time) can
turn in the state they are in; where one wants to turn, all rules are judged in order. What turned is told
by telling.py.
"""

from __future__ import annotations

from stage_models.events import Event
from stage_models.facts.fact import STATE_BIT, TIME_BIT
from stage_models.policy.compile import LatchRule, Policy
from stage_models.telling import Before, Gone, Turn, place_of, tell
from stage_models.transitions import Cause, Transition
from stage_models.user import NEVER, Latch, User

EVERYTHING = -1
"""The mask of what changed for somebody who was never judged."""


def judge(
    policy: Policy,
    user: User,
    at: int,
    cause: Cause,
    event: Event | None,
    changed: int,
    gone: Gone | None = None,
) -> tuple[bool, list[Transition]]:
    """Judge the user, given what changed since he was last judged (a mask of facts and time) and what of his is gone
    with an earlier policy, and move him accordingly.

    Returns whether anything turned, and the transitions that tell it. Afterwards `user.due` is the first
    instant after `at` at which anything may turn by itself.
    """
    policy = policy.heeding(user)
    if cause != "late" and user.stage >= 0 and gone is None and _stays(policy, user, at, changed):
        return False, []
    if user.stage < 0:
        changed = EVERYTHING
    stages = _turn(policy.stage_latches, user, at, cause, event, changed)
    before = _move(policy, user, at, gone)
    if stages or before:
        changed |= STATE_BIT
    segments = _turn(policy.segment_latches, user, at, cause, event, changed)
    user.due = _due(policy, user, at)
    has_lost = gone is not None and gone.segments
    if not stages and not segments and before is None and not has_lost:
        return False, []
    return True, tell(policy, user, at, cause, event, before, stages, segments, gone)


def move_out(policy: Policy, user: User, at: int, gone: Gone) -> list[Transition]:
    """Leave what is gone with an earlier policy, for the stage that the latches say, asking no rule."""
    before = _move(policy, user, at, gone)
    if before is None and not gone.segments:
        return []
    return tell(policy, user, at, "policy", None, before, [], [], gone)


def _stays(policy: Policy, user: User, at: int, changed: int) -> bool:
    """Whether nothing turns. Then the due takes in what was asked; a due left as it was may be early."""
    due = NEVER if changed & TIME_BIT else user.due
    for watch in policy.watches(user.on, changed):
        if watch.asks(user, at) is watch.turns:
            held_until = watch.rule.held_until(user)
            if at >= held_until:
                return False
            due = min(due, held_until)
        elif watch.next_change is not None:
            change = watch.next_change(user, at)
            due = min(due, change)
    user.due = due
    return True


def _due(policy: Policy, user: User, at: int) -> int:
    """The first instant after `at` at which anything may turn by itself, all rules asked."""
    due = NEVER
    for watch in policy.watches(user.on, TIME_BIT):
        held_until = watch.rule.held_until(user)
        if at < held_until and watch.asks(user, at) is watch.turns:
            change = held_until
        else:
            assert watch.next_change is not None  # it is watched because time can turn it
            change = watch.next_change(user, at)
        due = min(due, change)
    return due


def _turn(
    rules: list[LatchRule], user: User, at: int, cause: Cause, event: Event | None, changed: int
) -> list[Turn]:
    """Judge in order the rules that what changed can turn, and turn what must turn."""
    turns = []
    for rule in rules:
        is_on = user.on >> rule.index & 1
        turned_by = rule.reads if cause == "late" else rule.turned_off_by if is_on else rule.turned_on_by
        if changed != EVERYTHING and not turned_by & changed:
            continue
        if not (rule.wants_off(user, at) if is_on else rule.wants_on(user, at)):
            continue
        was = user.latches.get(rule.index)
        if at < rule.held_until(user):
            may_waive = cause == "late" and rule.reads & changed & ~STATE_BIT
            if event is None or not may_waive or not _is_deceived(was, event, is_on=bool(is_on)):
                continue
        now = _turned(was, at, is_on=bool(is_on), is_by_time=cause == "time")
        user.latches[rule.index] = now
        user.on ^= 1 << rule.index
        turns.append(Turn(rule, was, now, is_on=not is_on))
        changed |= STATE_BIT
    return turns


def _is_deceived(latch: Latch | None, event: Event, *, is_on: bool) -> bool:
    """Whether the latch last turned by time at or after the event's own time: had it been known, it might
    not have.
    """
    assert latch is not None  # it is held as it is because it has turned before
    turned, is_by_time = (latch.began, latch.began_by_time) if is_on else (latch.ended, latch.ended_by_time)
    return turned is not None and is_by_time and turned >= event.occurred_at


def _turned(latch: Latch | None, at: int, *, is_on: bool, is_by_time: bool) -> Latch:
    """How the latch last began and ended, now that it turns."""
    if latch is None:
        return Latch(at, 0, is_by_time)
    if is_on:
        return Latch(latch.began, latch.began_sequence, latch.began_by_time, at, 0, is_by_time)
    return Latch(at, 0, is_by_time, latch.ended, latch.ended_sequence, latch.ended_by_time)


def _move(policy: Policy, user: User, at: int, gone: Gone | None) -> Before | None:
    """Put the user where the latches say: the stage left and since when it was held, or None if he stays."""
    stage = (user.on & policy.stage_bits).bit_length()
    if stage == user.stage:
        return None
    before = place_of(policy, user)
    if user.stage in policy.stages_left:
        user.left[user.stage] = at
    user.stage, user.stage_since = stage, at
    user.visited |= 1 << stage
    if not policy.stages[stage].is_lapsed:
        user.highest = max(user.highest, stage)
    return gone.stage._replace(highest=before.highest) if gone and gone.stage else before
