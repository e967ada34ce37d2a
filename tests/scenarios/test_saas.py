"""The shipped saas policy: every stage and segment is entered and left at its exact instant."""

from __future__ import annotations

from tests.scenarios.conftest import Scenario


def test_falls_silent_then_comes_back(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time               event             stage      cause  effective
        2026-01-01 10:00   Signed Up         signup     event  2026-01-01 10:00
        2026-01-01 10:05   Report Exported   activated  event  2026-01-01 10:05
        2026-01-15 10:05   -                 at-risk    time   2026-01-15 10:05
        2026-01-31 10:05   -                 churned    time   2026-01-31 10:05
        2026-02-20 08:00   Dashboard Shared  activated  event  2026-02-20 08:00
        """,
    )


def test_who_never_activates_is_never_at_risk_but_churns(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event      moves           effective
        2026-01-01 10:00  Signed Up  >signup         2026-01-01 10:00
        2026-01-03 10:00  -          +at-risk-trial  2026-01-03 10:00
        2026-01-31 09:59  -          -               -
        2026-01-31 10:00  -          signup>churned  2026-01-31 10:00
        """,
    )


def test_mails_are_no_activity(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event            stage
        2026-01-01 10:00  Report Exported  activated
        2026-01-10 10:00  Email Opened     activated
        2026-01-15 09:00  Email Clicked    activated
        2026-01-15 10:00  -                at-risk
        2026-01-16 10:00  Campaign Sent    at-risk
        2026-01-16 11:00  Signed In        activated
        """,
    )


def test_only_mails_count_from_when_first_seen(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event         stage
        2026-01-01 10:00  Email Opened  signup
        2026-01-20 10:00  Email Opened  signup
        2026-01-31 09:59  -             signup
        2026-01-31 10:00  -             churned
        """,
    )


def test_three_active_days_engage_only_who_is_activated(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event             stage
        2026-01-01 10:00  Signed In         signup
        2026-01-02 10:00  Signed In         signup
        2026-01-03 10:00  Signed In         signup
        2026-01-04 10:00  Dashboard Shared  engaged
        """,
    )


def test_engaged_ends_at_midnight_when_one_day_is_left(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event            moves              effective
        2026-01-01 10:00  Report Exported  >activated         2026-01-01 10:00
        2026-01-02 10:00  Signed In        -                  -
        2026-01-05 10:00  Signed In        activated>engaged  2026-01-05 10:00
        2026-01-08 23:59  -                -                  -                 the 2nd and the 5th are left
        2026-01-09        -                engaged>activated  2026-01-09        only the 5th is
        """,
    )


def test_at_most_is_undecided_until_the_user_is_known_that_long(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event             moves              effective
        2026-01-01 10:00  Report Exported   >activated         2026-01-01 10:00
        2026-01-02 10:00  Report Exported   -                  -
        2026-01-03 10:00  Report Exported   activated>engaged  2026-01-03 10:00
        2026-01-04 10:00  Report Exported   engaged>power      2026-01-04 10:00
        2026-01-09 23:59  -                 -                  -
        2026-01-10        -                 power>activated    2026-01-10         both fall in one judgement
        """,
    )


def test_power_falls_onto_engaged_while_that_is_still_on(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event            moves              effective
        2026-01-01 10:00  Report Exported  >activated         2026-01-01 10:00
        2026-01-02 10:00  Report Exported  -                  -
        2026-01-03 10:00  Report Exported  activated>engaged  2026-01-03 10:00
        2026-01-04 10:00  Report Exported  engaged>power      2026-01-04 10:00
        2026-01-06 10:00  Signed In        -                  -
        2026-01-07 10:00  Signed In        -                  -
        2026-01-10        -                power>engaged      2026-01-10         one core day is left
        2026-01-13        -                engaged>activated  2026-01-13         one active day is left
        """,
    )


def test_first_core_event_ends_the_trial_that_was_at_risk_however_late(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time                     event            moves           effective
        2026-01-01 10:00         Signed In        >signup         2026-01-01 10:00
        2026-01-02 10:00         Signed Up        -               -
        2026-01-04 09:59:59.999  -                -               -
        2026-01-04 10:00         -                +at-risk-trial  2026-01-04 10:00
        2026-01-20 10:00         Report Exported  -at-risk-trial signup>activated  2026-01-20 10:00
        """,
    )


def test_core_before_signing_up_does_not_count_for_the_trial(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event            segments
        2026-01-01 10:00  Report Exported  -
        2026-01-02 10:00  Signed Up        -
        2026-01-04 10:00  -                at-risk-trial
        """,
    )


def test_core_at_the_instant_of_signing_up_counts(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event            segments
        2026-01-02 10:00  Signed Up        -
        2026-01-02 10:00  Report Exported  -
        2026-03-04 10:00  -                -
        """,
    )


def test_earlier_sign_up_that_comes_late_moves_the_anchor(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event            moves           cause  effective
        2026-01-05 10:00  Signed Up        >signup         event  2026-01-05 10:00
        2026-01-02 10:00  Signed Up        +at-risk-trial  late   2026-01-05 10:00
        """,
    )


def test_second_sign_up_does_not_move_the_anchor(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event      segments
        2026-01-01 10:00  Signed Up  -
        2026-01-02 10:00  Signed Up  -
        2026-01-03 10:00  -          at-risk-trial
        """,
    )


def test_two_looks_at_prices_in_a_week_are_intent(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time                     event                               moves         effective
        2026-01-01 10:00         Page Viewed {path: /pricing}        >signup       2026-01-01 10:00
        2026-01-08 10:00         Page Viewed {path: /pricing/teams}  -             -                 the first left now
        2026-01-09 10:00         Page Viewed {path: /about/pricing}  -             -                 not a price page
        2026-01-15 09:59:59.999  Page Viewed {path: /pricing}        +high-intent  2026-01-15 09:59:59.999
        2026-01-15 10:00         -                                   -high-intent  2026-01-15 10:00
        """,
    )


def test_intent_is_not_told_again_within_14_days(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event                         moves         effective
        2026-01-01 10:00  Page Viewed {path: /pricing}  >signup       2026-01-01 10:00
        2026-01-01 11:00  Page Viewed {path: /pricing}  +high-intent  2026-01-01 11:00
        2026-01-08 10:00  -                             -high-intent  2026-01-08 10:00
        2026-01-20 10:00  Page Viewed {path: /pricing}  -             -
        2026-01-21 10:00  Page Viewed {path: /pricing}  -             -                 cool-down
        2026-01-22 09:59  -                             -             -
        2026-01-22 10:00  -                             +high-intent  2026-01-22 10:00
        2026-01-27 10:00  -                             -high-intent  2026-01-27 10:00
        """,
    )


def test_creator_takeoff_counts_from_when_first_seen_and_freezes(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time                     event                             segments
        2026-01-01 10:00         Email Opened                      -
        2026-01-05 10:00         Order Completed {revenue: 120.5}  -
        2026-01-15 09:59:59.999  Order Completed {revenue: 79.5}   creator-takeoff
        2027-01-01               -                                 creator-takeoff
        """,
    )


def test_order_at_the_end_of_the_first_14_days_is_too_late(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event                            segments
        2026-01-01 10:00  Order Completed {revenue: 150}   -
        2026-01-15 10:00  Order Completed {revenue: 500}   -
        """,
    )


def test_earlier_event_that_comes_late_moves_the_first_14_days(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event                            segments         cause
        2026-01-05 10:00  Order Completed {revenue: 100}   -                event
        2026-01-10 10:00  Order Completed {revenue: 100}   creator-takeoff  event
        2026-01-01 10:00  Signed In                        creator-takeoff  -
        2025-12-25 10:00  Signed In                        -                late     the 10th is no longer within
        """,
    )


def test_who_comes_back_in_the_first_month_is_no_longer_at_risk(scenario: Scenario) -> None:
    """A decline cannot be told yet, and does not hold anybody back."""
    scenario(
        "saas",
        """
        time              event            stage      cause
        2026-01-01 10:00  Report Exported  activated  event
        2026-01-15 10:00  -                at-risk    time
        2026-01-16 10:00  Signed In        activated  event
        """,
    )


def test_use_that_declines_is_a_risk_at_midnight_and_ends_with_a_day_of_use(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time              event            moves              effective
        2026-01-01 10:00  Report Exported  >activated         2026-01-01 10:00
        2026-01-12 10:00  Report Exported  -                  -
        2026-01-24 10:00  Report Exported  -                  -
        2026-02-03 10:00  Report Exported  -                  -
        2026-02-07 10:00  Signed In        -                  -
        2026-02-10 23:59  -                -                  -                 the 3rd is one of the last 7 days
        2026-02-11        -                activated>at-risk  2026-02-11
        2026-02-14 10:00  Report Exported  -                  -
        2026-02-15        -                at-risk>activated  2026-02-15
        """,
    )


def test_two_looks_at_prices_in_one_visit_are_no_intent(scenario: Scenario) -> None:
    scenario(
        "saas",
        """
        time                     event                         moves         effective
        2026-01-01 10:00         Page Viewed {path: /pricing}  >signup       2026-01-01 10:00
        2026-01-01 10:20         Page Viewed {path: /pricing}  -             -
        2026-01-01 10:49:59.999  Signed In                     -             -                 still the same visit
        2026-01-01 11:20         Signed In                     +high-intent  2026-01-01 11:20
        2026-01-08 10:00         -                             -high-intent  2026-01-08 10:00
        """,
    )
