"""regular: stretches that are full, by local date and exact."""

from __future__ import annotations

from tests.scenarios.conftest import Scenario

REGULAR = """
policy: regular
version: 1
time_zone: Europe/Berlin
events: {use: [Opened]}
ladder: [{stage: base, action: Welcome}]
segments:
  - {segment: regular, when: {regular: use, per: 2 days, periods: 2, of_last: 3}, action: Thank them}
"""


def test_stretches_of_days_turn_at_local_midnight(scenario: Scenario) -> None:
    scenario(
        REGULAR,
        """
        time                     event   moves     cause  effective
        2026-03-20 10:00         Opened  >base     event  2026-03-20 10:00
        2026-03-20 22:59:59.999  -       -         -      -
        2026-03-21 10:00         Opened  -         -      -                 the same stretch of two days
        2026-03-21 23:00         -       +regular  time   2026-03-21 23:00  now the 22nd: two stretches have one each
        2026-03-22 23:00         -       -regular  time   2026-03-22 23:00  both lie in the stretch before
        2026-03-23 23:00         -       +regular  time   2026-03-23 23:00
        2026-03-24 23:00         -       -regular  time   2026-03-24 23:00
        2026-04-24 23:00         -       -         -      -
        """,
    )


def test_days_follow_the_clock_when_it_is_put_forward(scenario: Scenario) -> None:
    scenario(
        REGULAR.replace("per: 2 days, periods: 2, of_last: 3", "per: 1 day, periods: 1, of_last: 2"),
        """
        time                     event   moves           cause  effective
        2026-03-28 23:30         Opened  >base +regular  event  2026-03-28 23:30  the 29th in Berlin
        2026-03-30 21:59:59.999  -       -               -      -
        2026-03-30 22:00         -       -regular        time   2026-03-30 22:00  summer time since the 29th
        """,
    )


def test_several_a_stretch_may_be_asked_for(scenario: Scenario) -> None:
    scenario(
        REGULAR.replace("per: 2 days", "at_least: 2, per: 1 week").replace("of_last: 3", "of_last: 2"),
        """
        time                     event   moves     cause  effective
        2026-01-02 10:00         Opened  >base     event  2026-01-02 10:00
        2026-01-03 10:00         Opened  -         -      -
        2026-01-12 10:00         Opened  -         -      -
        2026-01-12 11:00         Opened  +regular  event  2026-01-12 11:00
        2026-01-15 22:59:59.999  -       -         -      -
        2026-01-15 23:00         -       -regular  time   2026-01-15 23:00  the 2nd is older than two weeks
        """,
    )


def test_stretches_that_are_not_in_days_are_exact(scenario: Scenario) -> None:
    scenario(
        REGULAR.replace("per: 2 days, periods: 2, of_last: 3", "per: 24 hours, periods: 2, of_last: 2"),
        """
        time                     event   moves     cause  effective
        2026-01-01 10:00         Opened  >base     event  2026-01-01 10:00
        2026-01-02 09:59:59.999  Opened  -         -      -                 both in the newest stretch
        2026-01-02 10:00         -       +regular  time   2026-01-02 10:00
        2026-01-03 09:59:59.998  -       -         -      -
        2026-01-03 09:59:59.999  -       -regular  time   2026-01-03 09:59:59.999
        """,
    )


def test_late_event_fills_a_stretch(scenario: Scenario) -> None:
    scenario(
        REGULAR,
        """
        time              event   segments  cause
        2026-03-20 10:00  Opened  -         event
        2026-03-20 11:00  Opened  -         -
        2026-03-18 10:00  Opened  regular   late
        """,
    )
