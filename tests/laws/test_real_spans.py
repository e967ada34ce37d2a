"""When a single rule holds for real people: the step against plain loops, on logs with shared instants.

Each rule is judged in two time zones, one of which changes its clock within the log.
"""

from __future__ import annotations

from typing import Any

import pytest

from stage_models.instants import DAY
from tests.laws.cases import PATIENCE_SECONDS
from tests.laws.live import as_seen
from tests.laws.policies import FIGURES, MODELS, SETS
from tests.laws.real_logs import COURSE, PURCHASES, histories, sample
from tests.laws.test_spans import found_spans, policy_of
from tests.reference.spans import spans

ORDER = "Order Completed"
PURCHASE_RULES: list[dict[str, Any]] = [
    {"performed": ORDER, "at_least": 4, "within": "7 days"},
    {"performed": ORDER, "at_most": 1, "within": "28 days"},
    {"performed": ORDER, "at_least": 3, "at_most": 9, "within": "30 days", "since": "first_seen"},
    {"performed": ORDER, "at_least": 5, "since": "Coupon Redeemed", "within": "21 days"},
    {"performed": ORDER, "at_least": 2, "within": "7 days", "where": {"revenue": {"at_least": 30}}},
    {"active_days": ORDER, "at_least": 3, "within": "7 days"},
    {"active_days": ORDER, "at_least": 1, "at_most": 2, "within": "14 days"},
    {"inactive": ORDER, "for": "10 days"},
    {"missing": "Coupon Redeemed", "for": "5 days", "since_last": "Campaign Sent"},
    {"missing": ORDER, "for": "5 days", "since": ORDER},
    {"recent": ORDER, "last": 5, "at_least": 4, "where": {"discount": {"at_least": 0.5}}},
    {"total": ORDER, "property": "revenue", "at_least": 100, "within": "7 days"},
    {"total": ORDER, "property": "revenue", "at_most": 50.5, "within": "336 hours"},
    {"total": ORDER, "property": "discount", "at_least": 20, "since": "Campaign Sent"},
    {"total": ORDER, "property": "revenue", "as": "average", "at_least": 30, "within": "14 days"},
    {"total": ORDER, "property": "revenue", "as": "max", "at_least": 60, "within": "14 days"},
    {"total": ORDER, "property": "revenue", "as": "min", "at_most": 5, "within": "7 days"},
    {"total": ORDER, "property": "revenue", "as": "average", "at_most": 40, "since": "Campaign Sent", "within": "30 days"},
    {"sessions": ORDER, "gap": "6 hours", "at_least": 3, "within": "7 days"},
    {"sessions": ORDER, "gap": "3 days", "at_most": 2, "within": "21 days"},
    {"sessions": ORDER, "gap": "1 day", "at_least": 4, "since": "Campaign Sent", "within": "20 days"},
    {"distinct": ORDER, "property": "revenue", "at_least": 5, "within": "7 days"},
    {"distinct": "Campaign Sent", "property": "campaignType", "at_least": 2, "within": "60 days"},
    {"distinct": ORDER, "property": "discount", "at_most": 2, "within": "14 days"},
    {"first": "Coupon Redeemed", "within": "30 days"},
    {"regular": ORDER, "per": "7 days", "periods": 4, "of_last": 4},
    {"regular": ORDER, "at_least": 2, "per": "168 hours", "periods": 3, "of_last": 5},
    {"returned": ORDER, "after": "14 days", "within": "7 days"},
    {"returned": ORDER, "after": "30 days"},
    {"sequence": ["Campaign Sent", "Coupon Redeemed", ORDER], "within": "30 days", "for": "14 days"},
    {"sequence": [ORDER, ORDER, ORDER], "within": "2 days", "for": "5 days"},
    {"sequence": ["Campaign Sent", ORDER], "within": "1 day"},
    {"declining": ORDER, "by": "60 %", "within": "7 days", "against": "28 days"},
    {"declining": ORDER, "by": "100 %", "within": "3 days", "against": "14 days"},
    {"during": {"from": "11-20", "to": "12-26"}},
    {"during": {"from": "2017-03-26", "to": "2017-04-01"}},
    {
        "all": [
            {"performed": ORDER, "at_least": 2, "within": "7 days"},
            {"any": [{"inactive": ORDER, "for": "3 days"}, {"not": {"performed": "Coupon Redeemed"}}]},
        ]
    },
]  # fmt: skip

HOME, QUIZ, WORK = "Course Home Viewed", "Quiz Used", "Assessment Submitted"
STUDY = {"any": True, "except": ["Course Registered", "Course Unregistered"]}
COURSE_RULES: list[dict[str, Any]] = [
    {"performed": STUDY, "at_least": 10, "within": "7 days"},
    {"performed": STUDY, "at_most": 3, "within": "14 days"},
    {"performed": WORK, "at_least": 2, "within": "60 days", "since": HOME},
    {"performed": QUIZ, "at_least": 1, "within": "7 days", "where": {"clicks": {"above": 10}}},
    {"active_days": STUDY, "at_least": 3, "within": "7 days"},
    {"active_days": STUDY, "at_most": 1, "within": "14 days"},
    {"inactive": STUDY, "for": "14 days"},
    {"missing": WORK, "for": "30 days", "since": HOME},
    {"missing": QUIZ, "for": "3 days", "since_last": "Lesson Viewed"},
    {"recent": WORK, "last": 2, "at_least": 2, "where": {"score": {"at_least": 60}}},
    {"total": STUDY, "property": "clicks", "at_least": 100, "within": "7 days"},
    {"total": WORK, "property": "score", "as": "average", "at_least": 70},
    {"total": WORK, "property": "score", "as": "min", "at_least": 50, "within": "90 days"},
    {"total": STUDY, "property": "clicks", "as": "max", "at_least": 40, "within": "7 days"},
    {"sessions": STUDY, "gap": "2 days", "at_least": 3, "within": "14 days"},
    {"sessions": HOME, "gap": "7 days", "at_most": 1, "within": "28 days"},
    {"distinct": STUDY, "property": "feature", "at_least": 5, "within": "7 days"},
    {"first": WORK, "within": "14 days"},
    {"regular": STUDY, "at_least": 3, "per": "7 days", "periods": 3, "of_last": 4},
    {"regular": QUIZ, "per": "48 hours", "periods": 2, "of_last": 3},
    {"returned": STUDY, "after": "14 days", "within": "7 days"},
    {"sequence": ["Lesson Viewed", QUIZ, WORK], "within": "7 days", "for": "14 days"},
    {"sequence": [HOME, HOME, HOME, "Forum Visited", QUIZ], "within": "3 days", "for": "7 days"},
    {"declining": STUDY, "by": "60 %", "within": "7 days", "against": "28 days"},
    {"declining": HOME, "by": "33.3 %", "within": "14 days", "against": "14 days"},
    {
        "not": {
            "any": [
                {"declining": STUDY, "by": "50 %", "within": "7 days", "against": "14 days"},
                {"sessions": STUDY, "gap": "3 days", "at_most": 1, "within": "21 days"},
            ]
        }
    },
]
ZONES = ["UTC", "Europe/Berlin"]


def is_there(rule: Any) -> bool:
    """Whether the policy language has the rule's type (and figure) and those of its parts."""
    if isinstance(rule, list):
        return all(is_there(part) for part in rule)
    kind = next(iter(rule))
    if kind in {"all", "any", "not"}:
        return is_there(rule[kind])
    return kind in MODELS and rule.get("as", "sum") in FIGURES


def texts(rules: list[dict[str, Any]]) -> list[Any]:
    return [pytest.param(rule, id=str(rule).replace("'", "")) for rule in rules if is_there(rule)]


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.parametrize("rule", texts(PURCHASE_RULES))
def test_rule_holds_for_real_households_when_plain_loops_say_so(rule: dict[str, Any]) -> None:
    has_held = False
    for place, household in enumerate(sample(PURCHASES, every=60)):
        events, zone = histories(PURCHASES)[household], ZONES[place % 2]
        data, end = policy_of(rule, zone), events[-1].occurred_at + 40 * DAY
        found = found_spans(data, events, end)
        assert found == spans(rule, [as_seen(event) for event in events], end, SETS, zone)
        has_held = has_held or bool(found)
    assert has_held, "a rule that never holds shows nothing"


@pytest.mark.timeout(PATIENCE_SECONDS)
@pytest.mark.skipif(not COURSE.exists(), reason=f"the students' log is not at {COURSE} (LAW_COURSE_LOG)")
@pytest.mark.parametrize("rule", texts(COURSE_RULES))
def test_rule_holds_for_real_students_when_plain_loops_say_so(rule: dict[str, Any]) -> None:
    has_held = False
    for place, student in enumerate(sample(COURSE, every=80)):
        events, zone = histories(COURSE)[student], ZONES[place % 2]
        data, end = policy_of(rule, zone), events[-1].occurred_at + 40 * DAY
        found = found_spans(data, events, end)
        assert found == spans(rule, [as_seen(event) for event in events], end, SETS, zone)
        has_held = has_held or bool(found)
    assert has_held, "a rule that never holds shows nothing"
