"""Windows as counting rules write them: rolling (`within`), anchored (`since`), or all time."""

from __future__ import annotations

from typing import Any

from stage_models.conditions.scope import Scope, events_label
from stage_models.facts import First
from stage_models.instants import DAY
from stage_models.terms import FIRST_SEEN, Duration, Events, mistake


def check_window(within: Duration | None, since: Events | None, at_most: Any) -> None:
    """Raises a mistake for a window of zero, and for an upper bound over a window that never closes."""
    check_length("within", within)
    if since is not None and within is None and at_most is not None:
        raise mistake(
            "never_closes",
            "at_most in a window that never closes",
            expected="within beside since and at_most",
            hint="within: 14 days",
        )


def check_length(key: str, length: Duration | None) -> None:
    """Raises a mistake for a length of zero."""
    if length is not None and length.ms == 0:
        raise mistake("zero_window", f"{key} is zero", expected="a duration above zero", found=str(length))


def whole_days(key: str, length: Duration) -> int:
    """The length in days. Raises a mistake when it is not a whole number of them, at least one."""
    check_length(key, length)
    if length.ms % DAY:
        raise mistake(
            "whole_days",
            f"{key} is not in whole days",
            expected="whole days such as 7 days",
            found=str(length),
        )
    return length.ms // DAY


def window_words(within: Duration | None, since: Events | None) -> str:
    """For example ` within 7 days`, ` in the 14 days after the first Signed Up`."""
    if since is None:
        return f" within {within}" if within else ""
    anchor = "first seen" if since == FIRST_SEEN else f"the first {events_label(since)}"
    return f" in the {within} after {anchor}" if within else f" since {anchor}"


def for_words(length: Duration | None) -> str:
    """For example ` for 30 days`; nothing where there is no such key."""
    return f" for {length}" if length else ""


def anchor_fact(scope: Scope, key: str, since: Events) -> First | None:
    """The fact that holds the anchor; None for `first_seen`, which every user has."""
    return None if since == FIRST_SEEN else scope.fact(First(scope.events(key, since)))
