"""Judging: which stage and which segments a user is in at an instant.

Every stage but the base, and every segment, is a latch. Off: it goes on only when `when` is true and `until` is false. On: it
goes off only when `until` is true. (Without `until` it is the contrary of `when`.) `stay_at_least` keeps it on until on + D,
`cool_down` keeps it off until off + D. What is undecided changes nothing. Judging twice at one instant changes nothing.

The user's stage is the last stage in the file whose latch is on; the base is always on. There is no list of moves:
somebody who comes back from churned lands where the facts put him. Lapsed stages stand last, override, and are no
achievement. Stages are judged in file order, then segments, which see the stage and the segments above them as they are
after this judgement.

A late event waives `stay_at_least` and `cool_down` for a rule that reads a fact which it changed, if the membership
began (or ended) by cause `time` at or after the event's own time: the rule was deceived, not the user fickle.

What changed is told by telling.py.
"""

from __future__ import annotations

from collections.abc import Sequence

from stage_models.events import Event
from stage_models.facts.fact import TIME_BIT
from stage_models.policy.compile import LatchRule, Policy
from stage_models.telling import Turn, tell
from stage_models.transitions import Cause, Transition
from stage_models.user import NEVER, Latch, User

EVERYTHING = -1
"""The mask of changed facts that makes every rule be judged."""


def judge(policy: Policy, user: User, at: int, cause: Cause, event: Event | None, changed: int) -> tuple[bool, list[Transition]]:
    """Judge the latches whose rules read a changed fact (a mask; EVERYTHING: all) and move the user accordingly.

    Returns whether any latch turned or the stage changed, and the transitions that tell it. Afterwards `user.due` is the
    first instant after `at` at which anything may change by itself.
    """
    due = NEVER if changed == EVERYTHING else user.due
    stage_turns, due = _turn(policy.stage_latches, user, at, cause, event, changed, due, is_state_new=False)
    came_from = _move(policy, user, at) if stage_turns or user.stage < 0 else None
    is_moved = came_from is not None
    segment_turns, due = _turn(policy.segment_latches, user, at, cause, event, changed, due, is_state_new=is_moved)
    if not stage_turns and not segment_turns and not is_moved:
        user.due = due
        return False, []
    user.due = min((rule.next_change(user, at) for rule in policy.latches), default=NEVER)
    return True, tell(policy, user, at, cause, event, came_from, stage_turns, segment_turns)


def _turn(
    rules: Sequence[LatchRule],
    user: User,
    at: int,
    cause: Cause,
    event: Event | None,
    changed: int,
    due: int,
    *,
    is_state_new: bool,
) -> tuple[list[Turn], int]:
    """Turn the latches that must turn. Returns the turns, and the due (right only if nothing turned at all)."""
    turns: list[Turn] = []
    for rule in rules:
        latch = user.latches[rule.index]
        is_on = latch is not None and latch.on
        turned_by = rule.turned_off_by if is_on else rule.turned_on_by
        if not (rule.reads if cause == "late" else turned_by) & changed and changed != EVERYTHING:
            if not (is_state_new and rule.reads_state):
                continue
        if not (rule.wants_off(user, at) if is_on else rule.wants_on(user, at)):
            if turned_by & TIME_BIT and (wish := rule.next_wish(user, at, is_on=is_on)) < due:
                due = wish
            continue
        held_until = _held_until(rule, latch)
        if at < held_until and not (cause == "late" and rule.reads & changed and _is_deceived(latch, event)):
            due = min(due, held_until)
            continue
        turns.append(Turn(rule, latch, _turned(latch, at, is_by_time=cause == "time")))
        user.latches[rule.index] = turns[-1].now
        is_state_new = True
    return turns, due


def _held_until(rule: LatchRule, latch: Latch | None) -> int:
    """Until when the latch stays as it is, whatever its rules say."""
    if latch is None:
        return -NEVER
    if latch.on:
        return latch.began + rule.stay_ms
    return -NEVER if latch.ended is None else latch.ended + rule.cool_down_ms


def _is_deceived(latch: Latch | None, event: Event | None) -> bool:
    """Whether the latch last turned by time at or after the event's own time: had it been known, it might not have."""
    if latch is None or event is None:
        return False
    if latch.on:
        return latch.began_by_time and latch.began >= event.occurred_at
    return latch.ended is not None and latch.ended_by_time and latch.ended >= event.occurred_at


def _turned(latch: Latch | None, at: int, *, is_by_time: bool) -> Latch:
    """The latch after it turned."""
    if latch is None:
        return Latch(True, at, 0, is_by_time)
    if latch.on:
        return Latch(False, latch.began, latch.began_sequence, latch.began_by_time, at, 0, is_by_time)
    return Latch(True, at, 0, is_by_time, latch.ended, latch.ended_sequence, latch.ended_by_time)


def _move(policy: Policy, user: User, at: int) -> tuple[int, int] | None:
    """Put the user where the latches say. Returns the stage left and since when it was held, or None if it stays."""
    stage = 0
    for rule in policy.stage_latches:
        latch = user.latches[rule.index]
        if latch is not None and latch.on:
            stage = rule.index + 1
    if stage == user.stage:
        return None
    came_from = user.stage, user.stage_since
    if user.stage in policy.stages_left:
        user.left[user.stage] = at
    user.stage, user.stage_since = stage, at
    user.visited |= 1 << stage
    if not policy.stages[stage].is_lapsed:
        user.highest = max(user.highest, stage)
    return came_from
