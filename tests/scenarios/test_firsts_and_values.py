"""first and distinct: newcomers to a behaviour, and how varied it is."""

from __future__ import annotations

from tests.scenarios.conftest import Scenario

NEW_BUYER = """
policy: firsts
version: 1
events: {order: [Order Completed]}
ladder: [{stage: base, action: Welcome}]
segments:
  - {segment: new-buyer, when: {first: order, within: 7 days}, action: How to get the most of it}
"""


def test_first_event_counts_for_exactly_its_window(scenario: Scenario) -> None:
    scenario(
        NEW_BUYER,
        """
        time                     event            moves        cause  effective
        2026-01-01 10:00         Signed Up        >base        event  2026-01-01 10:00
        2026-01-03 10:00         Order Completed  +new-buyer   event  2026-01-03 10:00
        2026-01-09 10:00         Order Completed  -            -      -                 not the first
        2026-01-10 09:59:59.999  -                -            -      -
        2026-01-10 10:00         -                -new-buyer   time   2026-01-10 10:00
        2026-06-10 10:00         Order Completed  -            -      -                 never again
        """,
    )


def test_late_event_that_is_the_first_ends_it(scenario: Scenario) -> None:
    scenario(
        NEW_BUYER,
        """
        time              event            segments   cause  effective
        2026-01-09 10:00  Order Completed  new-buyer  event  2026-01-09 10:00
        2026-01-05 10:00  Order Completed  new-buyer  -      -
        2026-01-12 10:00  -                -          time   2026-01-12 10:00  seven days after what was first
        2026-01-13 10:00  Signed Up        -          -      -
        2026-01-01 10:00  Order Completed  -          -      -
        """,
    )


VARIED = """
policy: values
version: 1
ladder: [{stage: base, action: Welcome}]
segments:
  - segment: varied
    when: {distinct: Order Completed, property: item.category, at_least: 2, within: 7 days}
    action: Recommend across
"""


def test_value_counts_until_its_newest_event_leaves(scenario: Scenario) -> None:
    scenario(
        VARIED,
        """
        time                     event                                      moves    cause  effective
        2026-01-01 10:00         Order Completed {item: {category: shoes}}  >base    event  2026-01-01 10:00
        2026-01-02 10:00         Order Completed {item: {category: shoes}}  -        -      -
        2026-01-03 10:00         Order Completed {item: {category: hats}}   +varied  event  2026-01-03 10:00
        2026-01-04 10:00         Order Completed                            -        -      -
        2026-01-09 09:59:59.999  -                                          -        -      -
        2026-01-09 10:00         -                                          -varied  time   2026-01-09 10:00
        """,
    )


def test_few_values_are_told_once_the_user_is_known_that_long(scenario: Scenario) -> None:
    scenario(
        VARIED.replace("at_least: 2", "at_most: 1"),
        """
        time              event                                      segments  cause  effective
        2026-01-01 10:00  Order Completed {item: {category: shoes}}  -         event  2026-01-01 10:00
        2026-01-08 09:59  -                                          -         -      -
        2026-01-08 10:00  -                                          varied    time   2026-01-08 10:00
        2026-01-08 11:00  Order Completed {item: {category: hats}}   varied    -      -
        2026-01-08 12:00  Order Completed {item: {category: shoes}}  -         event  2026-01-08 12:00
        """,
    )


def test_values_of_all_time_never_leave(scenario: Scenario) -> None:
    scenario(
        VARIED.replace(", within: 7 days", ""),
        """
        time              event                                      segments
        2026-01-01 10:00  Order Completed {item: {category: shoes}}  -
        2026-03-01 10:00  Order Completed {item: {category: hats}}   varied
        2027-03-01 10:00  -                                          varied
        """,
    )
