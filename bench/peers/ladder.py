"""The ladder job of the peers: the active stages of policies/retail.yaml and nothing else.

It is a good deal less than Stagestream does with the same events: no absence, no segments, no hysteresis, no
evidence, no doubled or late events. So the peers that run it are measured in their own favour.
"""

from __future__ import annotations

from bisect import bisect_right
from datetime import date
from functools import lru_cache
from typing import Any

import msgspec

STAGES = ("signup", "activated", "engaged", "power")
ENGAGED_DAYS, POWER_DAYS = 3, 8
WINDOW_DAYS = 28
ORDER = "Order Completed"

State = list[Any]
"""A user as JSON can hold one: [stage, orders, newest sequence, newest order dates (ascending ordinals)]."""


class Event(msgspec.Struct, gc=False):
    """The fields that the job needs; the decoder skips all others."""

    messageId: str  # noqa: N815 -- the wire's spelling
    event: str
    timestamp: str


decode = msgspec.json.Decoder(Event).decode


@lru_cache(maxsize=1_000)
def _day_number(iso_date: str) -> int:
    return date.fromisoformat(iso_date).toordinal()


def step(user_id: str, state: State | None, event: Event) -> tuple[State, dict[str, Any] | None]:
    """Fold one event into the user's state; gives the new state, and the transition if there is one."""
    stage, orders, sequence, days = state or (0, 0, 0, [])
    today = _day_number(event.timestamp[:10])
    if event.event == ORDER:
        orders += 1
        if today not in days:
            days = sorted([*days, today])[-POWER_DAYS:]

    new_stage = 0
    if orders:
        recent = bisect_right(days, today) - bisect_right(days, today - WINDOW_DAYS)
        new_stage = 3 if recent >= POWER_DAYS else 2 if recent >= ENGAGED_DAYS else 1
    if new_stage == stage:
        return [stage, orders, sequence, days], None

    sequence += 1
    transition = {
        "user_id": user_id,
        "from_stage": STAGES[stage],
        "to_stage": STAGES[new_stage],
        "entered_at": event.timestamp,
        "sequence": sequence,
        "cause_event": event.messageId,
    }
    return [new_stage, orders, sequence, days], transition
