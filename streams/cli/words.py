"""Moves and figures in words and tables, as the commands print them."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from rich.table import Table

from stage_models.contract import AnyMove, Evidence, Figure, SegmentEntered, SegmentLeft, read_transition
from stage_models.instants import format_instant, from_datetime
from stage_models.policy.compile import Policy
from stage_models.transitions import Transition
from stage_models.user import User
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


def seen(part: Evidence) -> str:
    """One condition, and what was observed against what it asks for."""
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
    text = format_instant(when if isinstance(when, int) else from_datetime(when))
    return text.removesuffix("Z").removesuffix(".000").replace("T", " ")


def counts(title: str, rows: dict[str, int], what: str) -> Table:
    """A table of names and how many."""
    table = Table(title=title, title_justify="left")
    table.add_column(what)
    table.add_column("number", justify="right")
    for name, number in rows.items():
        table.add_row(name, f"{number:,}")
    return table


def places(policy: Policy, users: Iterable[User]) -> dict[str, int]:
    """How many users are in each stage and each segment, in the policy's order."""
    numbers = dict.fromkeys((*(stage.name for stage in policy.stages), *_segment_names(policy)), 0)
    for user in users:
        numbers[policy.stage_of(user)] += 1
        for name in policy.segments_of(user):
            numbers[name] += 1
    return numbers


def _segment_names(policy: Policy) -> list[str]:
    return [segment.name for segment in policy.segments]
