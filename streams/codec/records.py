"""What decoding a record can come to, besides an event: dropped for a listed reason, or a dead letter.

The two lists are closed (the contract names every reason): nothing vanishes and every record can be counted.
"""

from __future__ import annotations

from typing import Literal

import msgspec

DropReason = Literal[
    "applied",  # at or before the last applied position
    "duplicate",  # its event id is among the user's last 16
    "anonymous",
    "own_event",
    "kind_off",
    "merge_off",
    "too_old",
    "snapshot",
    "deletion",
    "empty",
]

BadReason = Literal[
    "unreadable",
    "unknown_dialect",
    "schema",
    "no_user",
    "placeholder_id",
    "future_timestamp",
    "too_large",
    "needs_rekey",
    "merge_refused",
    "rule_error",
    "state_too_large",
]


class Dropped(msgspec.Struct, frozen=True):
    """A record without effect, for a reason that is nobody's mistake."""

    reason: DropReason


class BadRecord(msgspec.Struct, frozen=True):
    """A record that cannot be applied. `error` names the field at fault, never its value."""

    reason: BadReason
    error: str
