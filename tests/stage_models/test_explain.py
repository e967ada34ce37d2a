"""Explain: what an answer lacks."""

from __future__ import annotations

import pytest

from stage_models.explain import Answer


@pytest.mark.parametrize(
    ("holds", "observed", "threshold", "lacking"),
    [
        (False, 2, 5, 3),
        (False, 0.1, 0.3, 0.2),
        (False, None, 4, 4),
        (None, 1, 2, 1),
        (True, 5, 2, None),
        (False, 3, 1, None),
        (False, None, None, None),
        (False, False, True, None),
        (False, "pro", "free", None),
        (False, "pro", 3, None),
    ],
)
def test_only_what_can_be_counted_is_missing(
    holds: bool | None, observed: float | str | None, threshold: float | str | None, lacking: float | None
) -> None:
    assert Answer("rule", "words", holds, observed, threshold, [], False, None, []).missing == lacking  # noqa: FBT003
