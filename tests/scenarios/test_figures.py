"""total as average, max and min: enter and leave at exact instants."""

from __future__ import annotations

import pytest

from tests.scenarios.conftest import Scenario

FIGURES = """
policy: figures
version: 1
ladder: [{stage: base, action: Welcome}]
segments:
  - segment: it
    when: {total: Paid, property: sum, as: average, at_least: 0.2, within: 7 days}
    action: Call them
"""
ANCHORED = FIGURES.replace("within: 7 days", "within: 1 day, since: Signed Up")


def test_average_is_decimal_and_moves_with_what_comes_and_leaves(scenario: Scenario) -> None:
    scenario(
        FIGURES,
        """
        time              event              segments  cause  effective
        2026-01-01 10:00  Signed Up          -         event  2026-01-01 10:00  the average of nothing
        2026-01-01 11:00  Paid {sum: 0.1}    -         -      -
        2026-01-01 12:00  Paid {sum: 0.2}    -         -      -
        2026-01-01 13:00  Paid {sum: 0.3}    it        event  2026-01-01 13:00  0.6 of three, exactly
        2026-01-01 14:00  Paid {sum: 0.1}    -         event  2026-01-01 14:00
        2026-01-08 11:00  -                  it        time   2026-01-08 11:00  0.2, 0.3, 0.1
        2026-01-08 12:00  -                  it        -      -                 0.3, 0.1
        2026-01-08 13:00  -                  -         time   2026-01-08 13:00  0.1
        2026-01-08 14:00  -                  -         -      -
        """,
    )


def test_greatest_leaves_with_its_event(scenario: Scenario) -> None:
    scenario(
        FIGURES.replace("average, at_least: 0.2", "max, at_least: 5"),
        """
        time              event           segments  cause  effective
        2026-01-01 10:00  Paid {sum: 9}   it        event  2026-01-01 10:00
        2026-01-03 10:00  Paid {sum: 5}   it        -      -
        2026-01-04 10:00  Paid {sum: 2}   it        -      -
        2026-01-08 10:00  -               it        -      -                 5 is enough
        2026-01-10 10:00  -               -         time   2026-01-10 10:00
        """,
    )


def test_least_is_lowered_by_one_event_and_freed_when_it_leaves(scenario: Scenario) -> None:
    scenario(
        FIGURES.replace("average, at_least: 0.2", "min, at_least: 5"),
        """
        time              event           segments  cause  effective
        2026-01-01 10:00  Paid {sum: 9}   it        event  2026-01-01 10:00
        2026-01-02 10:00  Paid {sum: 2}   -         event  2026-01-02 10:00
        2026-01-05 10:00  Paid {sum: 7}   -         -      -
        2026-01-09 10:00  -               it        time   2026-01-09 10:00
        2026-01-12 10:00  -               -         time   2026-01-12 10:00  the least of nothing
        """,
    )


def test_upper_bound_waits_until_the_user_is_known_and_nothing_is_in_no_range(scenario: Scenario) -> None:
    scenario(
        FIGURES.replace("average, at_least: 0.2", "max, at_most: 5"),
        """
        time              event           segments  cause  effective
        2026-01-01 10:00  Signed Up       -         event  2026-01-01 10:00
        2026-01-02 10:00  Paid {sum: 5}   -         -      -
        2026-01-08 10:00  -               it        time   2026-01-08 10:00
        2026-01-09 10:00  -               -         time   2026-01-09 10:00
        """,
    )


@pytest.mark.parametrize("figure", ["average", "max", "min"])
def test_figure_since_an_anchor_freezes_when_the_window_closes(scenario: Scenario, figure: str) -> None:
    scenario(
        ANCHORED.replace("average, at_least: 0.2", f"{figure}, at_least: 2, at_most: 4"),
        """
        time              event           segments  cause  effective
        2026-01-01 08:00  Paid {sum: 9}   -         event  2026-01-01 08:00  before the window
        2026-01-01 10:00  Signed Up       -         -      -
        2026-01-01 11:00  Paid {sum: 3}   -         -      -
        2026-01-02 10:00  -               it        time   2026-01-02 10:00
        2026-01-02 11:00  Paid {sum: 9}   it        -      -                 behind it
        """,
    )


def test_figure_since_an_anchor_of_nothing_does_not_hold(scenario: Scenario) -> None:
    scenario(
        ANCHORED.replace("at_least: 0.2", "at_most: 4"),
        """
        time              event      segments
        2026-01-01 10:00  Signed Up  -
        2026-01-09 10:00  -          -
        """,
    )


@pytest.mark.parametrize("figure", ["average", "max", "min"])
def test_figure_of_all_time_counts_all(scenario: Scenario, figure: str) -> None:
    scenario(
        FIGURES.replace("average, at_least: 0.2, within: 7 days", f"{figure}, at_least: 2"),
        """
        time              event          segments
        2026-01-01 10:00  Paid {sum: 2}  it
        2027-01-01 10:00  -              it
        """,
    )
