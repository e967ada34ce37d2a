"""Hysteresis, minimum stay, cool-down and order: how stages and segments are held and left."""

from __future__ import annotations

from tests.scenarios.conftest import Scenario

STAY = """
policy: stay
version: 1
events: {order: [Order Completed]}
ladder:
  - {stage: signup, action: Welcome}
  - stage: keen
    when: {performed: order, at_least: 2, within: 1 day}
    stay_at_least: 3 days
    action: Invite them
segments:
  - segment: today
    when: {performed: order, within: 1 day}
    stay_at_least: 2 days
    cool_down: 4 days
    action: Say hello
"""


def test_stage_stays_for_its_time_and_ends_exactly_then(scenario: Scenario) -> None:
    scenario(
        STAY,
        """
        time              event            moves                   effective
        2026-01-01 10:00  Order Completed  >signup +today          2026-01-01 10:00
        2026-01-01 11:00  Order Completed  signup>keen             2026-01-01 11:00
        2026-01-03 09:59  -                -                       -
        2026-01-03 10:00  -                -today                  2026-01-03 10:00  two days after it began
        2026-01-04 10:59  -                -                       -
        2026-01-04 11:00  -                keen>signup             2026-01-04 11:00  three days after it began
        """,
    )


def test_stage_whose_rule_still_holds_after_its_stay_ends_with_the_rule(scenario: Scenario) -> None:
    scenario(
        STAY,
        """
        time              event            stage
        2026-01-01 10:00  Order Completed  signup
        2026-01-01 11:00  Order Completed  keen
        2026-01-04 10:00  Order Completed  keen
        2026-01-04 10:30  Order Completed  keen
        2026-01-04 11:00  -                keen     two of the last day
        2026-01-05 09:59  -                keen
        2026-01-05 10:00  -                signup
        """,
    )


def test_cool_down_ends_exactly_and_only_if_the_rule_holds_then(scenario: Scenario) -> None:
    scenario(
        STAY,
        """
        time              event            segments
        2026-01-01 10:00  Order Completed  today
        2026-01-03 10:00  -                -          stayed two days, though the rule held for one
        2026-01-04 10:00  Order Completed  -          cool-down until the 7th
        2026-01-07 10:00  -                -          over, but nobody ordered in the last day
        2026-01-08 10:00  Order Completed  today
        """,
    )


def test_cool_down_that_ends_while_the_rule_holds_begins_the_segment_then(scenario: Scenario) -> None:
    scenario(
        STAY,
        """
        time              event            moves   cause  effective
        2026-01-01 10:00  Order Completed  >signup +today  event  2026-01-01 10:00
        2026-01-03 10:00  -                -today  time   2026-01-03 10:00
        2026-01-06 18:00  Order Completed  -       -      -
        2026-01-07 10:00  -                +today  time   2026-01-07 10:00
        """,
    )


def test_late_event_waives_the_minimum_stay_of_what_time_began(scenario: Scenario) -> None:
    scenario(
        """
policy: quiet
version: 1
events: {order: [Order Completed]}
ladder:
  - {stage: signup, action: Welcome}
  - {stage: quiet, lapsed: true, when: {inactive: order, for: 5 days}, stay_at_least: 10 days, action: Ask}
""",
        """
        time              event            moves         cause  effective         corrects
        2026-01-01 10:00  Order Completed  >signup       event  2026-01-01 10:00  -
        2026-01-06 10:00  -                signup>quiet  time   2026-01-06 10:00  -
        2026-01-04 10:00  Order Completed  quiet>signup  late   2026-01-06 10:00  2
        2026-01-09 10:00  -                signup>quiet  time   2026-01-09 10:00  -
        2026-01-10 10:00  Order Completed  -             -      -                 -         in time: it has to stay
        2026-01-19 10:00  -                -             -      -                 -         silent again since the 15th
        """,
    )


HYSTERESIS = """
policy: hysteresis
version: 1
events: {visit: [Page Viewed]}
ladder:
  - {stage: signup, action: Welcome}
  - stage: keen
    when: {performed: visit, at_least: 3, within: 10 days}
    until: {performed: visit, at_most: 1, within: 10 days}
    action: Invite them
"""


def test_until_with_a_lower_threshold_keeps_the_stage_between_the_two(scenario: Scenario) -> None:
    scenario(
        HYSTERESIS,
        """
        time              event        moves        effective
        2026-01-01 10:00  Page Viewed  >signup      2026-01-01 10:00
        2026-01-02 10:00  Page Viewed  -            -
        2026-01-03 10:00  Page Viewed  signup>keen  2026-01-03 10:00
        2026-01-12 09:59  -            -            -                 two are left
        2026-01-12 10:00  -            keen>signup  2026-01-12 10:00  one is
        2026-01-12 11:00  Page Viewed  -            -                 two are not three
        """,
    )


def test_bound_that_is_broken_decides_before_the_user_is_known_that_long(scenario: Scenario) -> None:
    scenario(
        """
policy: few
version: 1
events: {visit: [Page Viewed]}
ladder:
  - {stage: signup, action: Welcome}
segments:
  - {segment: rare, when: {performed: visit, at_most: 1, within: 10 days}, action: Call them}
  - {segment: not-rare, when: {not: {performed: visit, at_most: 1, within: 10 days}}, action: Thank them}
""",
        """
        time              event        segments
        2026-01-01 10:00  Page Viewed  -          undecided, and so is its opposite
        2026-01-02 10:00  Page Viewed  not-rare   the bound is broken: false at once
        2026-01-11 09:59  -            not-rare
        2026-01-11 10:00  -            rare       known for ten days; one is left
        2026-01-13 10:00  Page Viewed  rare
        2026-01-13 11:00  Page Viewed  not-rare
        """,
    )


def test_range_since_an_anchor_is_undecided_until_its_window_closes(scenario: Scenario) -> None:
    scenario(
        """
policy: range
version: 1
events: {follow: [User Followed]}
ladder:
  - {stage: signup, action: Welcome}
segments:
  - segment: follower
    when: {performed: follow, at_least: 2, at_most: 3, within: 7 days, since: Signed Up}
    action: Suggest people
""",
        """
        time              event          moves      effective
        2026-01-01 10:00  User Followed  >signup    2026-01-01 10:00   before the anchor
        2026-01-02 10:00  Signed Up      -          -
        2026-01-02 10:00  User Followed  -          -                  at the anchor counts
        2026-01-03 10:00  User Followed  -          -                  two, but four may come
        2026-01-09 09:59  -              -          -
        2026-01-09 10:00  -              +follower  2026-01-09 10:00   the window closes with two
        2026-01-10 10:00  User Followed  -          -                  after it nothing counts
        """,
    )


def test_stage_is_the_last_that_is_on_not_the_newest(scenario: Scenario) -> None:
    scenario(
        """
policy: last
version: 1
ladder:
  - {stage: base, action: a}
  - {stage: low, when: {performed: Low}, action: b}
  - {stage: high, when: {performed: High, within: 2 days}, action: c}
""",
        """
        time              event  moves       cause
        2026-01-01 10:00  High   >high       event
        2026-01-02 10:00  Low    -           -      low is on, but high stands behind it
        2026-01-03 10:00  -      high>low    time
        """,
    )


def test_segments_left_come_before_the_stage_and_those_entered_after(scenario: Scenario) -> None:
    scenario(
        """
policy: order
version: 1
ladder:
  - {stage: base, action: a}
  - {stage: done, when: {performed: Done}, action: b}
segments:
  - {segment: finisher, when: {reached: done}, action: c}
  - {segment: starter, when: {not: {performed: Done}}, action: d}
""",
        """
        time              event  moves
        2026-01-01 10:00  Start  >base +starter
        2026-01-02 10:00  Done   -starter base>done +finisher
        """,
    )


def test_reached_within_ends_that_long_after_the_stage_was_left(scenario: Scenario) -> None:
    scenario(
        """
policy: reached
version: 1
events: {order: [Order Completed]}
ladder:
  - {stage: signup, action: a}
  - {stage: buyer, when: {performed: order, within: 2 days}, action: b}
segments:
  - {segment: was-buyer, when: {reached: buyer, within: 3 days}, action: c}
""",
        """
        time              event            moves                      effective
        2026-01-01 10:00  Order Completed  >buyer +was-buyer          2026-01-01 10:00
        2026-01-03 10:00  -                buyer>signup               2026-01-03 10:00
        2026-01-06 09:59  -                -                          -
        2026-01-06 10:00  -                -was-buyer                 2026-01-06 10:00
        2026-01-07 10:00  Order Completed  signup>buyer +was-buyer    2026-01-07 10:00
        """,
    )


def test_cart_is_abandoned_an_hour_after_its_newest_change(scenario: Scenario) -> None:
    scenario(
        """
policy: cart
version: 1
events: {order: [Order Completed]}
ladder:
  - {stage: signup, action: a}
segments:
  - {segment: abandoned, when: {missing: order, for: 1 hour, since_last: Cart Updated}, action: Remind them}
""",
        """
        time              event            segments
        2026-01-01 10:00  Cart Updated     -
        2026-01-01 10:50  Cart Updated     -          the hour begins anew
        2026-01-01 11:49  -                -
        2026-01-01 11:50  -                abandoned
        2026-01-01 12:00  Cart Updated     -          changed again: not abandoned now
        2026-01-01 12:30  Order Completed  -
        2026-01-02 12:00  -                -
        2026-01-02 13:00  Cart Updated     -          the order was before this
        2026-01-02 14:00  -                abandoned
        2026-01-02 15:00  Order Completed  -
        """,
    )


def test_whole_days_are_those_of_the_policys_time_zone(scenario: Scenario) -> None:
    policy = """
policy: zone
version: 1
time_zone: {zone}
events: {{visit: [Page Viewed]}}
ladder:
  - {{stage: signup, action: a}}
  - {{stage: keen, when: {{active_days: visit, at_least: 2, within: 2 days}}, action: b}}
"""
    scenario(
        policy.format(zone="Europe/Berlin"),
        """
        time              event        moves        effective
        2026-03-27 22:30  Page Viewed  >signup      2026-03-27 22:30
        2026-03-27 23:30  Page Viewed  signup>keen  2026-03-27 23:30  the 28th in Berlin
        2026-03-28 23:00  -            keen>signup  2026-03-28 23:00  midnight there, the 29th
        2026-03-29 10:00  Page Viewed  signup>keen  2026-03-29 10:00
        2026-03-29 22:00  -            keen>signup  2026-03-29 22:00  midnight in summer time
        """,
    )
    scenario(
        policy.format(zone="UTC"),
        """
        time              event        moves
        2026-03-27 22:30  Page Viewed  >signup
        2026-03-27 23:30  Page Viewed  -
        """,
    )


def test_sums_are_decimal(scenario: Scenario) -> None:
    scenario(
        """
policy: sums
version: 1
ladder:
  - {stage: signup, action: a}
  - {stage: spender, when: {total: Order Completed, property: cart.value, at_least: 0.3}, action: b}
""",
        """
        time        event                                stage
        2026-01-01  Order Completed {cart: {value: 0.1}}  signup
        2026-01-02  Order Completed {cart: {value: 0.2}}  spender
        """,
    )
