"""Figures are decimal: whole millionths."""

from __future__ import annotations

from typing import Any

import pytest

from stage_models.figures import millionths, number


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (3, 3_000_000),
        (0.1, 100_000),
        (-2.0000005, -2_000_000),
        (1e12 + 0.5, 1_000_000_000_000_500_000),
        (9e12, 9_000_000_000_000_000_000),
        (9.1e12, None),
        (float("nan"), None),
        (True, None),
        ("3", None),
    ],
)
def test_numbers_become_whole_millionths_and_nothing_else_does(value: Any, expected: int | None) -> None:
    assert millionths(value) == expected


def test_sum_of_decimals_is_decimal() -> None:
    parts = [millionths(0.1), millionths(0.2)]
    assert number(sum(part for part in parts if part is not None)) == 0.3
