"""Ranges: at_least, at_most or both, as counting rules write and judge them."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

from stage_models.conditions.rule import Answer
from stage_models.facts.fact import TIME_BIT
from stage_models.terms import mistake


def check_range(at_least: Any, at_most: Any) -> None:
    """Raises a mistake when a range is missing or can never hold."""
    if at_least is None and at_most is None:
        raise mistake("no_bound", "no bound", expected="at_least, at_most or both")
    if at_least is not None and at_most is not None and at_least > at_most:
        raise mistake(
            "range",
            "at_least is above at_most",
            expected="at_least at or below at_most",
            found=f"at_least: {at_least}, at_most: {at_most}",
        )


def range_words(at_least: Any, at_most: Any) -> str:
    """For example `at least 3`, `at most 1`, `2 to 5`."""
    if at_most is None:
        return f"at least {at_least}"
    if at_least is None:
        return f"at most {at_most}"
    return f"{at_least} to {at_most}"


def judge_open(figure: int | Fraction, at_least: int | None, at_most: int | None, is_known: bool) -> Answer:
    """Over a rolling window: an upper bound that is broken decides at once; else a rule that has one waits
    until the user is known for the whole window.
    """
    if at_most is not None:
        if figure > at_most:
            return False
        if not is_known:
            return None
    return at_least is None or figure >= at_least


def judge_anchored(
    figure: int | Fraction, at_least: int | None, at_most: int | None, is_closed: bool
) -> Answer:
    """Over a window that closes: a lower bound holds from the moment it is reached; an upper one that is
    not broken is undecided until the window closes.
    """
    if at_least is not None and figure < at_least:
        return False
    if at_most is not None:
        if figure > at_most:
            return False
        if not is_closed:
            return None
    return True


def is_final(answer: Answer, at_least: Any, at_most: Any) -> bool:
    """Whether the answer about a count stays what it is, however many more there are."""
    return answer is True if at_most is None else at_least is None and answer is False


def ranks(at_least: int | None, at_most: int | None) -> tuple[int, ...]:
    """Which of the newest items (1 is the newest) decide by leaving the window."""
    least = () if at_least is None else (at_least,)
    return least if at_most is None else (*least, at_most + 1)


def masks(fact: int, at_least: Any, at_most: Any) -> tuple[int, int]:
    """What raises and what lowers the answer about a count in a window: events make it greater, time makes
    it smaller.
    """
    raised_by = lowered_by = 0
    if at_least is not None:
        raised_by, lowered_by = fact, TIME_BIT
    if at_most is not None:
        raised_by, lowered_by = raised_by | TIME_BIT, lowered_by | fact
    return raised_by, lowered_by


def threshold(figure: Any, at_least: Any, at_most: Any) -> Any:
    """The bound to show beside an observed figure: the one that is broken, else the one nearest to being
    broken.
    """
    if at_least is None:
        return at_most
    if at_most is None or figure < at_least:
        return at_least
    return at_most if figure > at_most else at_least
