"""The step: the only way to change a user."""

from __future__ import annotations

from typing import TYPE_CHECKING

import msgspec

from stage_models.events import Event, Tick
from stage_models.transitions import Transition
from stage_models.user import User

if TYPE_CHECKING:
    from stage_models.policy.compile import Policy


class Step(msgspec.Struct, gc=False):
    """What one input did. `user` is the user to keep; `is_changed` says whether the stored form differs from before.

    After a tick that changed nothing, `is_changed` is False and `user.due` is the next due, for memory only.
    """

    user: User
    transitions: list[Transition]
    is_changed: bool
    drop: str | None = None  # reason, when the event was not applied (`duplicate`)
    is_late: bool = False
    is_late_after_tick: bool = False
    bad_properties: tuple[str, ...] = ()


def advance(policy: Policy, user: User | None, event: Event | Tick, user_id: str = "") -> Step:
    raise NotImplementedError
