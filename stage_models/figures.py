"""Figures are decimal, not binary: whole millionths inside, so that 0.1 + 0.2 is 0.3 and sums do not drift."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

MILLIONTHS = 1_000_000
_GREATEST = 9_000_000_000_000  # its millionths still fit 64 bits
_ROUNDS_EXACTLY = 1_000_000_000  # up to here a float's millionths are exact after rounding


def millionths(value: Any) -> int | None:
    """A number as whole millionths (finer is rounded), or None if it is no number or beyond 9e12."""
    if type(value) is float and -_ROUNDS_EXACTLY <= value <= _ROUNDS_EXACTLY:
        return round(value * MILLIONTHS)
    if type(value) not in {int, float} or not -_GREATEST <= value <= _GREATEST:
        return None
    if type(value) is int:
        return value * MILLIONTHS
    return int((Decimal(repr(value)) * MILLIONTHS).to_integral_value())


def number(figure: int) -> int | float:
    """Millionths as a number: whole where it is whole."""
    whole, rest = divmod(figure, MILLIONTHS)
    return figure / MILLIONTHS if rest else whole
