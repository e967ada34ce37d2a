"""Visits: sessions counts them, returned finds those that come after a long time away."""

from __future__ import annotations

from tests.scenarios.conftest import Scenario

TWICE = """
policy: visits
version: 1
events: {use: {any: true}}
ladder: [{stage: base, action: Welcome}]
segments:
  - {segment: back, when: {sessions: use, at_least: 2, within: 7 days}, action: Show what is new}
"""


def test_visit_begins_exactly_a_gap_after_the_event_before_it(scenario: Scenario) -> None:
    scenario(
        TWICE,
        """
        time                     event   moves        cause  effective
        2026-01-01 10:00         Opened  >base        event  2026-01-01 10:00
        2026-01-01 10:29:59.999  Opened  -            -      -                 the same visit
        2026-01-01 10:59:59.998  Opened  -            -      -                 still: less than a gap after the last
        2026-01-01 11:29:59.998  Opened  +back        event  2026-01-01 11:29:59.998
        2026-01-08 09:59:59.999  -       -            -      -
        2026-01-08 10:00         -       -back        time   2026-01-08 10:00  the first visit counts by its beginning
        """,
    )


def test_late_event_between_two_visits_makes_them_one(scenario: Scenario) -> None:
    scenario(
        TWICE,
        """
        time              event   segments  cause
        2026-01-01 10:00  Opened  -         event
        2026-01-01 10:40  Opened  back      event
        2026-01-01 10:20  Opened  -         late   10:00 to 10:40 is one visit
        2026-01-01 12:00  Opened  back      event
        2026-01-01 11:00  Opened  back      -      belongs to the first visit
        2026-01-08 10:00  -       -         time
        """,
    )


def test_window_that_opens_in_the_middle_of_a_visit_does_not_count_it(scenario: Scenario) -> None:
    scenario(
        """
policy: visits
version: 1
ladder: [{stage: base, action: Welcome}]
segments:
  - segment: keen
    when: {sessions: {any: true}, gap: 1 hour, at_least: 2, within: 1 day, since: Signed Up}
    action: Say hello
""",
        """
        time              event      segments
        2026-01-01 09:30  Opened     -
        2026-01-01 10:00  Signed Up  -         in a visit that began before
        2026-01-01 11:00  Opened     -         the first visit of the window
        2026-01-01 12:30  Opened     keen
        2026-02-01 10:00  -          keen      a lower bound that was reached stays reached
        """,
    )


def test_few_visits_are_told_when_the_window_closes(scenario: Scenario) -> None:
    scenario(
        """
policy: visits
version: 1
events: {use: {any: true}}
ladder: [{stage: base, action: Welcome}]
segments:
  - {segment: slow, when: {sessions: use, at_most: 1, within: 1 day, since: first_seen}, action: Help}
  - {segment: quiet, when: {sessions: use, at_most: 1, within: 1 day}, action: Help}
""",
        """
        time                     event   segments     cause  effective
        2026-01-01 10:00         Opened  -            event  2026-01-01 10:00
        2026-01-01 10:10         Opened  -            -      -
        2026-01-02 09:59:59.999  -       -            -      -                 not known long enough
        2026-01-02 10:00         -       slow, quiet  time   2026-01-02 10:00
        2026-01-02 10:00         Opened  slow, quiet  -      -                 behind the first window
        2026-01-02 12:00         Opened  slow         event  2026-01-02 12:00  two visits in the last day
        2026-01-03 10:00         -       slow, quiet  time   2026-01-03 10:00
        """,
    )


def test_visits_of_all_time_never_leave(scenario: Scenario) -> None:
    scenario(
        TWICE.replace(", within: 7 days", ""),
        """
        time              event   segments
        2026-01-01 10:00  Opened  -
        2026-03-01 10:00  Opened  back
        2027-03-01 10:00  -       back
        """,
    )


WON_BACK = """
policy: back
version: 1
ladder: [{stage: base, action: Welcome}]
segments:
  - {segment: won-back, when: {returned: Order Completed, after: 60 days, within: 14 days}, action: Thank them}
"""


def test_return_is_an_event_exactly_that_long_after_the_one_before(scenario: Scenario) -> None:
    scenario(
        WON_BACK,
        """
        time                     event            moves      cause  effective
        2026-01-01 10:00         Order Completed  >base      event  2026-01-01 10:00  the first is no return
        2026-03-02 09:59:59.999  Order Completed  -          -      -                 a millisecond early
        2026-05-01 09:59:59.999  Order Completed  +won-back  event  2026-05-01 09:59:59.999
        2026-05-02 10:00         Order Completed  -          -      -
        2026-05-15 09:59:59.998  -                -          -      -
        2026-05-15 09:59:59.999  -                -won-back  time   2026-05-15 09:59:59.999
        """,
    )


def test_late_event_in_between_undoes_a_return(scenario: Scenario) -> None:
    scenario(
        WON_BACK,
        """
        time              event            segments  cause
        2026-01-01 10:00  Order Completed  -         event
        2026-03-10 10:00  Order Completed  won-back  event
        2026-02-01 10:00  Order Completed  -         late
        """,
    )


def test_late_first_event_makes_the_next_one_a_return(scenario: Scenario) -> None:
    scenario(
        WON_BACK.replace(", within: 14 days", ""),
        """
        time              event            segments  cause
        2026-03-10 10:00  Order Completed  -         event
        2026-03-10 12:00  Signed Up        -         -
        2026-01-01 10:00  Order Completed  won-back  late
        2027-01-01 10:00  -                won-back  -      ever
        """,
    )
