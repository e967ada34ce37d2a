"""Moves, figures and instants in words, as commands and pages say them."""

from __future__ import annotations

from datetime import datetime

from stage_models.contract import AnyMove, Evidence, Figure, SegmentEntered, SegmentLeft, read_transition
from stage_models.explain import Answer, Explanation, Membership
from stage_models.instants import from_datetime
from stage_models.transitions import Transition
from streams.codec.instants import instant_or_none
from streams.codec.transitions import encode_transition

_WHY = {
    "event": "after {event}",
    "time": "because time passed",
    "late": "after {event}, which came late",
    "merge": "because two users became one",
    "policy": "because the policy changed",
    "manual": "by hand",
}

_DIRECTIONS = {"up": "moved up", "down": "fell", "return": "came back", "first": "began"}


def as_read(transition: Transition) -> AnyMove:
    """The core's transition as a reader of the topic sees it."""
    return read_transition(encode_transition(transition, transition.effective_at, replay=True))


def headline(move: AnyMove, *, with_user: bool = True) -> str:
    """What happened, on one line: `u_1 moved up from engaged to power`."""
    return f"{move.user_id} {_happening(move)}" if with_user else _happening(move)


def _happening(move: AnyMove) -> str:
    if isinstance(move, SegmentEntered):
        return f"entered {move.segment}"
    if isinstance(move, SegmentLeft):
        return f"left {move.segment}"
    if move.from_stage is None:
        return f"began as {move.to_stage}"
    return f"{_DIRECTIONS[move.direction]} from {move.from_stage} to {move.to_stage}"


def why(move: AnyMove) -> str:
    """Why it happened: the cause and what decided."""
    name = (move.event.name or "an identify or group call") if move.event else ""
    decided = "; ".join(seen(part) for part in move.evidence)
    cause = _WHY[move.cause].format(event=name)
    return f"{cause}: {decided}" if decided else cause


def question(explanation: Explanation, membership: Membership) -> str:
    """What an explanation of this stage or segment answers; its kind and name follow."""
    if not membership.is_on:
        return "Why not in"
    is_overruled = membership.kind == "stage" and membership.name != explanation.stage
    return f"Below {explanation.stage}, also holding:" if is_overruled else "Why in"


def answered(answer: Answer) -> str:
    """Whether it holds, in a word."""
    return "undecided" if answer.holds is None else figure(answer.holds)


def seen(part: Evidence) -> str:
    """One condition, and what was observed against what it asks for, if it asks for anything."""
    if part.observed is None and part.threshold is None:
        return part.condition
    return f"{part.condition} (observed {figure(part.observed)}, threshold {figure(part.threshold)})"


def figure(value: Figure) -> str:
    """A figure as people write it: `200`, `51.72`, `yes`, `none`."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) and value == int(value) else str(value)


def moment(when: datetime | int) -> str:
    """An instant as people read it, in UTC: `2017-11-30 00:04:57`."""
    text = instant_or_none(when if isinstance(when, int) else from_datetime(when))
    if text is None:
        return "after the year 9999"
    return text.removesuffix("Z").removesuffix(".000").replace("T", " ")
