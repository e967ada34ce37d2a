"""Local dates: as a rule, and as what events must lie in."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from stage_models.date_ranges import Dates
from stage_models.explain import explain
from stage_models.instants import parse_instant
from stage_models.policy import load
from stage_models.testing import scenario as play
from tests.scenarios.conftest import Scenario


def _policy(rule: str, zone: str = "Europe/Berlin") -> str:
    return f"""
policy: season
version: 1
time_zone: {zone}
events:
  gift: {{event: Order Completed, where: {{gift: {{is: true}}}}, during: {{from: 11-20, to: 12-26}}}}
  order: [Order Completed]
ladder: [{{stage: signup, action: Welcome}}]
segments:
  - {{segment: season, when: {rule}, action: Say so}}
"""


def test_range_of_every_year_begins_and_ends_with_local_dates_and_wraps_the_year(scenario: Scenario) -> None:
    scenario(
        _policy("{during: {from: 11-20, to: 01-06}}"),
        """
        time              event      moves             effective
        2025-06-01 10:00  Signed Up  >signup           2025-06-01 10:00
        2025-11-19 22:59  -          -                 -
        2025-11-19 23:00  -          +season           2025-11-19 23:00
        2026-01-06 22:59  -          -                 -
        2026-01-06 23:00  -          -season           2026-01-06 23:00
        2026-11-30 00:00  -          +season           2026-11-19 23:00
        """,
    )


def test_range_with_years_is_there_once(scenario: Scenario) -> None:
    scenario(
        _policy("{during: {from: 2025-11-20, to: 2025-11-20}}", zone="UTC"),
        """
        time              event      moves             effective
        2025-06-01 10:00  Signed Up  >signup           2025-06-01 10:00
        2025-11-20 00:00  -          +season           2025-11-20
        2025-11-21 00:00  -          -season           2025-11-21
        2027-11-20 10:00  -          -                 -
        """,
    )


def test_performed_counts_only_events_of_these_dates(scenario: Scenario) -> None:
    scenario(
        _policy("{performed: order, at_least: 2, during: {from: 11-20, to: 12-26}}"),
        """
        time              event            segments
        2025-11-19 22:59  Order Completed  -
        2025-11-19 23:00  Order Completed  -
        2025-12-26 23:00  Order Completed  -         the 27th
        2026-12-26 22:59  Order Completed  season
        """,
    )


def test_event_set_may_have_dates_beside_properties_and_rules_may_narrow_both(scenario: Scenario) -> None:
    scenario(
        _policy("{performed: gift, during: {from: 12-01, to: 12-31}, where: {revenue: {above: 5}}}"),
        """
        time              event                                        segments
        2025-11-30 10:00  Order Completed {gift: true, revenue: 20}    -
        2025-12-10 10:00  Order Completed {gift: false, revenue: 20}   -
        2025-12-10 11:00  Order Completed {gift: true, revenue: 2}     -
        2025-12-27 10:00  Order Completed {gift: true, revenue: 20}    -
        2026-12-01 10:00  Order Completed {gift: true, revenue: 20}    season
        """,
    )


def test_sets_that_differ_in_their_dates_are_kept_apart() -> None:
    rule = (
        "{all: [{performed: order}, {performed: order, during: {from: 11-20, to: 12-26}},"
        " {performed: order, during: {from: 11-20, to: 12-27}}]}"
    )
    assert len(load(_policy(rule), "f").facts) == 3


def test_dates_are_said_in_words() -> None:
    rule = "{all: [{performed: gift, during: {from: 12-01, to: 12-31}}, {during: {from: 2026-11-20, to: 2026-12-26}}]}"
    parts = load(_policy(rule), "f").segments[0].latch.when.parts
    assert [part.sentence for part in parts] == [
        "at least 1 of gift from 12-01 to 12-31",
        "the date is from 2026-11-20 to 2026-12-26",
    ]
    inline = (
        "{performed: {any: true, except: Signed Up, where: {a: {is: 1}}, during: {from: 01-01, to: 01-31}}}"
    )
    words = "at least 1 of any event except Signed Up with a is 1 from 01-01 to 01-31"
    assert load(_policy(inline), "f").segments[0].latch.when.sentence == words


def test_explanation_of_a_date_that_changes_nothing_comes_to_an_end() -> None:
    text = _policy("{during: {from: 11-20, to: 12-26}}").replace(
        "action: Say so", "until: {performed: Signed Up}, action: Say so"
    )
    policy = load(text, "f")
    user = play(policy, "time              event\n2025-06-01 10:00  Signed Up")
    at = parse_instant("2025-06-01T10:00Z")
    explained = explain(policy, user, at)
    assert explained.next == []
    season = explained.memberships[-1].when
    assert season is not None
    assert (season.holds, season.observed) == (False, False)
    assert season.next_change == parse_instant("2025-11-19T23:00Z")


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("11-20", "12-26"),
        ("12-26", "01-06"),
        ("02-29", "02-29"),
        ("02-29", "03-05"),
        ("01-10", "02-29"),
        ("02-28", "02-28"),
        ("03-02", "02-29"),
        ("01-01", "12-31"),
        ("05-05", "05-04"),
        ("2023-02-20", "2024-02-29"),
        ("2024-02-29", "2024-02-29"),
    ],
)
def test_edges_are_where_the_answer_changes(first: str, last: str) -> None:
    dates, begin = Dates(first, last), (date(2022, 12, 30) - date(1970, 1, 1)).days
    for day in range(begin, begin + 3 * 366):
        edge = dates.next_edge(day)
        assert edge is None or edge > day
        changed = next((one for one in range(day + 1, day + 800) if dates.has(one) != dates.has(day)), None)
        if changed is not None:
            assert edge is not None
            assert edge <= changed, f"{date(1970, 1, 1) + timedelta(days=day)}"
