"""The shipped retail policy: every stage and segment is entered and left at its exact instant."""

from __future__ import annotations

from tests.scenarios.conftest import Scenario


def test_campaign_alone_leaves_a_household_at_signup(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event          moves    stage   segments
        2026-01-01        Campaign Sent  >signup  signup  -
        2026-12-31        -              -        signup  -         no order, so nothing to be at risk of
        """,
    )


def test_first_order_activates_at_its_instant(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time                     event            moves             cause  effective
        2026-01-01 08:00         Campaign Sent    >signup           event  2026-01-01 08:00
        2026-01-01 09:15:30.250  Order Completed  signup>activated  event  2026-01-01 09:15:30.250
        """,
    )


def test_three_days_engage_however_many_orders_a_day_has(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            stage
        2026-03-01 09:00  Order Completed  activated
        2026-03-01 23:59  Order Completed  activated
        2026-03-02 00:00  Order Completed  activated
        2026-03-02 10:00  Order Completed  activated
        2026-03-03 10:00  Order Completed  engaged
        """,
    )


def test_third_day_counts_until_the_27th_date_after_the_first(scenario: Scenario) -> None:
    table = """
        time              event            stage
        2026-03-01 09:00  Order Completed  activated
        2026-03-05 09:00  Order Completed  activated
        2026-03-{day} 09:00  Order Completed  {stage}
        """
    scenario("retail", table.format(day=28, stage="engaged"))
    scenario("retail", table.format(day=29, stage="activated"))


def test_engaged_holds_with_two_days_and_ends_with_one(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            moves              effective
        2026-03-01 09:00  Order Completed  >activated         2026-03-01 09:00
        2026-03-02 09:00  Order Completed  -                  -
        2026-03-04 09:00  Order Completed  activated>engaged  2026-03-04 09:00
        2026-03-29 23:59  -                -                  -                 two days are left: the gap of `until`
        2026-03-30        -                engaged>activated  2026-03-30        one day is left
        2026-04-01 09:00  -                activated>at-risk  2026-04-01 09:00  28 days after the last order
        """,
    )


def test_power_holds_down_to_six_days(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            stage
        2026-03-01 09:00  Order Completed  activated
        2026-03-02 09:00  Order Completed  activated
        2026-03-03 09:00  Order Completed  engaged
        2026-03-04 09:00  Order Completed  engaged
        2026-03-05 09:00  Order Completed  engaged
        2026-03-06 09:00  Order Completed  engaged
        2026-03-07 09:00  Order Completed  engaged
        2026-03-20 09:00  Order Completed  power      the eighth day
        2026-03-30 23:59  -                power      six days are left
        2026-03-31        -                engaged    five: from the 4th on
        2026-03-31 09:00  Order Completed  engaged    six again is not eight
        """,
    )


def test_silence_is_at_risk_after_28_days_and_churned_after_90(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time                     event            moves              cause  effective
        2026-01-01 10:00         Order Completed  >activated         event  2026-01-01 10:00
        2026-01-29 09:59:59.999  -                +new-and-silent    time   2026-01-22 10:00
        2026-01-29 10:00         -                activated>at-risk  time   2026-01-29 10:00
        2026-04-01 09:59:59.999  -                -                  -      -
        2026-04-01 10:00         -                at-risk>churned    time   2026-04-01 10:00
        2026-06-01 00:00         Coupon Redeemed  -                  -      -                 a coupon is no order
        2026-06-02 08:00         Order Completed  -new-and-silent churned>activated  event  2026-06-02 08:00
        """,
    )


def test_a_year_of_silence_in_one_tick_gives_the_same_instants(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            moves
        2026-01-01 10:00  Order Completed  >activated
        2027-01-01        -                +new-and-silent activated>at-risk at-risk>churned
        """,
    )


def test_next_event_finds_what_happened_before_it(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            moves  cause  effective
        2026-01-01 10:00  Order Completed  >activated  event  2026-01-01 10:00
        2026-02-10 10:00  Order Completed  +new-and-silent activated>at-risk -new-and-silent at-risk>activated  time, event  2026-01-22 10:00, 2026-01-29 10:00, 2026-02-10 10:00
        """,  # noqa: E501  # one row is one step
    )


def test_order_at_the_instant_of_the_due_comes_first(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            stage
        2026-01-01 10:00  Order Completed  activated
        2026-01-02 10:00  Order Completed  activated
        2026-01-30 10:00  Order Completed  activated   a due at this very time is judged with the order
        2026-02-27 09:59  -                activated
        2026-02-27 10:00  -                at-risk
        """,
    )


def test_order_that_comes_late_withdraws_at_risk(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            moves              cause  effective         corrects
        2026-01-01 10:00  Order Completed  >activated         event  2026-01-01 10:00  -
        2026-01-02 10:00  Order Completed  -                  -      -                 -
        2026-01-30 10:00  -                activated>at-risk  time   2026-01-30 10:00  -
        2026-01-20 18:00  Order Completed  at-risk>activated  late   2026-01-30 10:00  2
        2026-02-17 18:00  -                activated>at-risk  time   2026-02-17 18:00  -
        """,
    )


def test_late_order_withdraws_the_whole_run_of_silence(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            moves              cause  corrects
        2026-01-01 10:00  Order Completed  >activated         event  -
        2026-01-02 10:00  Order Completed  -                  -      -
        2026-01-30 10:00  -                activated>at-risk  time   -
        2026-04-02 10:00  -                at-risk>churned    time   -
        2026-01-29 10:00  Order Completed  churned>at-risk    late   3
        """,
    )


def test_late_order_that_changes_no_stage_says_nothing(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            moves       stage
        2026-01-05 10:00  Order Completed  >activated  activated
        2026-01-04 10:00  Order Completed  -           activated
        2026-01-03 10:00  Order Completed  activated>engaged  engaged   late, but the third day
        """,
    )


def test_deal_seeker_looks_at_the_last_three_orders_only(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event                            segments
        2026-03-01 09:00  Order Completed {discount: 2}    -
        2026-03-01 10:00  Order Completed {discount: 2.5}  deal-seeker   two of two is two of the last three
        2026-03-01 11:00  Order Completed {discount: 0}    deal-seeker
        2026-03-01 12:00  Order Completed                  -             no discount is none
        2026-03-01 13:00  Order Completed {discount: 1}    -
        2026-03-01 14:00  Order Completed {discount: 1}    deal-seeker
        2026-12-01        -                                deal-seeker   time plays no part
        """,
    )


def test_late_order_takes_its_place_among_the_last_three(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event                          segments     cause
        2026-03-01 09:00  Order Completed {discount: 1}  -            event
        2026-03-03 09:00  Order Completed {discount: 0}  -            -
        2026-03-04 09:00  Order Completed {discount: 0}  -            event
        2026-03-02 09:00  Order Completed {discount: 1}  -            -      older than the last three
        2026-03-03 10:00  Order Completed {discount: 1}  -            -
        2026-03-03 11:00  Order Completed {discount: 1}  deal-seeker  late
        """,
    )


def test_high_value_is_any_14_days_and_ends_to_the_millisecond(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time                     event                              moves        effective
        2026-03-01 09:00:00.500  Order Completed {revenue: 0.1}     >activated   2026-03-01 09:00:00.500
        2026-03-10 09:00         Order Completed {revenue: 199.9}   +high-value  2026-03-10 09:00
        2026-03-15 09:00         -                                  -            -
        2026-03-15 09:00:00.500  -                                  -high-value  2026-03-15 09:00:00.500
        """,
    )


def test_high_value_does_not_begin_again_before_its_cool_down_ends(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event                           moves        effective
        2026-03-01 09:00  Order Completed {revenue: 250}  >activated +high-value  2026-03-01 09:00
        2026-03-15 09:00  -                               -high-value  2026-03-15 09:00
        2026-03-20 09:00  Order Completed {revenue: 250}  -            -                 cool-down
        2026-03-29 08:59  -                               -            -
        2026-03-29 09:00  -                               +high-value  2026-03-29 09:00  14 days after it ended
        2026-04-03 09:00  -                               -high-value  2026-04-03 09:00
        """,
    )


def test_high_value_stays_out_when_it_is_over_before_the_cool_down(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event                           segments
        2026-03-01 09:00  Order Completed {revenue: 250}  high-value
        2026-03-15 09:00  Order Completed {revenue: 250}  high-value   the new order counts when the old one leaves
        2026-03-29 09:00  -                               -
        2026-03-29 09:00  Order Completed {revenue: 199}  -
        2026-05-01        -                               -
        """,
    )


def test_coupon_lover_redeems_twice_in_60_days(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            moves           effective
        2026-01-01        Coupon Redeemed  >signup         2026-01-01
        2026-03-02        Coupon Redeemed  -               -                60 days later is too late
        2026-04-01        Coupon Redeemed  +coupon-lover   2026-04-01
        2026-04-30 23:59  -                -               -
        2026-05-01        -                -coupon-lover   2026-05-01
        """,
    )


def test_two_coupons_of_one_instant_are_two(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time        event            id  segments      drop
        2026-01-01  Coupon Redeemed  a   -             -
        2026-01-01  Coupon Redeemed  a   -             duplicate
        2026-01-01  Coupon Redeemed  b   coupon-lover  -
        """,
    )


def test_new_and_silent_needs_a_first_order_and_ends_with_a_second(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time                     event            moves            effective
        2026-01-01 10:00         Campaign Sent    >signup          2026-01-01 10:00
        2026-02-01 10:00         Order Completed  signup>activated  2026-02-01 10:00
        2026-02-22 09:59:59.999  -                -                -
        2026-02-22 10:00         -                +new-and-silent  2026-02-22 10:00
        2026-02-25 12:00         Order Completed  -new-and-silent  2026-02-25 12:00
        2026-03-25 11:59         -                -                -                  a later silence is not a new one
        """,
    )


def test_second_order_that_comes_late_withdraws_new_and_silent(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event            moves            cause  corrects
        2026-02-01 10:00  Order Completed  >activated       event  -
        2026-02-22 10:00  -                +new-and-silent  time   -
        2026-02-10 10:00  Order Completed  -new-and-silent  late   2
        """,
    )


def test_orders_of_one_instant_are_judged_one_by_one(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event                           moves        segments
        2026-02-01 10:00  Order Completed {revenue: 150}  >activated   -
        2026-02-01 10:00  Order Completed {revenue: 50}   +high-value  high-value
        """,
    )


def test_property_of_the_wrong_type_is_passed_over(scenario: Scenario) -> None:
    scenario(
        "retail",
        """
        time              event                              stage      segments
        2026-02-01 10:00  Order Completed {revenue: a lot}   activated  -
        2026-02-01 11:00  Order Completed {revenue: "250"}   activated  -
        2026-02-01 12:00  Order Completed {revenue: 250}     activated  high-value
        """,
    )
