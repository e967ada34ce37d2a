"""Segments that ask where the user is: in a stage, in another segment, and for how long."""

from __future__ import annotations

from stage_models.explain import explain
from stage_models.instants import parse_instant
from stage_models.policy import load
from stage_models.testing import scenario as play
from tests.scenarios.conftest import Scenario

MEMBERS = """
policy: members
version: 1
events: {order: [Order Completed], visit: [Page Viewed]}
ladder:
  - {stage: signup, action: Welcome}
  - {stage: buyer, when: {performed: order, within: 10 days}, action: Thank them}
segments:
  - {segment: bought, when: {stage: buyer}, action: Say hello}
  - {segment: settled, when: {stage: buyer, for: 4 days}, action: Show more}
  - {segment: stuck, when: {stage: signup, for: 3 days}, action: Help}
  - {segment: visitor, when: {performed: visit, within: 2 days}, action: Show prices}
  - {segment: watching, when: {segment: visitor, for: 1 day}, action: Offer a call}
  - {segment: idle-buyer, when: {all: [{stage: buyer}, {not: {segment: visitor}}]}, action: Invite them}
"""


def test_stage_counts_from_its_change_and_ends_with_it(scenario: Scenario) -> None:
    scenario(
        MEMBERS,
        """
        time              event            moves                                               effective
        2026-01-01 10:00  Signed Up        >signup                                             2026-01-01 10:00
        2026-01-04 09:59  -                -                                                   -
        2026-01-04 10:00  -                +stuck                                              2026-01-04 10:00
        2026-01-05 12:00  Order Completed  -stuck signup>buyer +bought +idle-buyer             2026-01-05 12:00
        2026-01-09 12:00  -                +settled                                            2026-01-09 12:00
        2026-01-15 12:00  -                -bought -settled -idle-buyer buyer>signup           2026-01-15 12:00
        2026-01-18 12:00  -                +stuck                                              2026-01-18 12:00
        """,
    )


def test_who_comes_back_to_a_stage_begins_anew(scenario: Scenario) -> None:
    scenario(
        MEMBERS,
        """
        time              event            segments
        2026-01-01 10:00  Signed Up        -
        2026-01-03 10:00  Order Completed  bought, idle-buyer
        2026-01-13 10:00  -                -
        2026-01-15 10:00  Order Completed  bought, idle-buyer
        2026-01-19 09:59  -                bought, idle-buyer
        2026-01-19 10:00  -                bought, settled, idle-buyer
        """,
    )


def test_segment_counts_from_when_it_was_entered_and_ends_with_it(scenario: Scenario) -> None:
    scenario(
        MEMBERS,
        """
        time              event            moves                            effective
        2026-01-01 10:00  Page Viewed      >signup +visitor                 2026-01-01 10:00
        2026-01-02 10:00  -                +watching                        2026-01-02 10:00
        2026-01-02 11:00  Order Completed  signup>buyer +bought             2026-01-02 11:00
        2026-01-03 10:00  -                -visitor -watching +idle-buyer   2026-01-03 10:00
        2026-01-03 12:00  Page Viewed      -idle-buyer +visitor             2026-01-03 12:00
        2026-01-04 12:00  -                +watching                        2026-01-04 12:00
        """,
    )


def test_explanation_says_since_when_he_is_there_and_when_he_is_long_enough() -> None:
    policy = load(MEMBERS, "members.yaml")
    user = play(policy, "time              event\n2026-01-01 10:00  Page Viewed")
    asked = {
        one.name: one.when
        for one in explain(policy, user, parse_instant("2026-01-01T12:00Z")).memberships
        if one.when
    }
    entered, next_day = parse_instant("2026-01-01T10:00Z"), parse_instant("2026-01-02T10:00Z")
    assert asked["watching"].condition == "in segment visitor for 1 day"
    assert (asked["watching"].instants, asked["watching"].next_change) == ([entered], next_day)
    assert asked["stuck"].condition == "in stage signup for 3 days"
    assert asked["stuck"].instants == [entered]
    assert (asked["settled"].holds, asked["settled"].instants, asked["settled"].next_change) == (
        False,
        [],
        None,
    )
    assert asked["idle-buyer"].parts[1].parts[0].holds is True
    assert asked["idle-buyer"].condition == "in stage buyer and not in segment visitor"


def test_segment_that_he_is_not_in_has_no_instants_and_no_change() -> None:
    policy = load(MEMBERS, "members.yaml")
    user = play(policy, "time              event\n2026-01-01 10:00  Signed Up")
    watching = explain(policy, user, parse_instant("2026-01-01T12:00Z")).memberships[6].when
    assert watching is not None
    assert (watching.holds, watching.instants, watching.next_change) == (False, [], None)
