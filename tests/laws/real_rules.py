"""Rules to ask of real people: every rule type, and together every key of the policy language.

They stand as a policy would write them. Each log has event sets of its own, rules that stand alone, and a ladder with
segments for those that ask where somebody is or was. What the logs say of an event also counts as traits there (neither
log has any).
"""

from __future__ import annotations

from typing import Any

Rule = dict[str, Any]

ORDER, COUPON, CAMPAIGN = "Order Completed", "Coupon Redeemed", "Campaign Sent"
PURCHASE_SETS: dict[str, Any] = {
    "shopping": {"event": [ORDER, COUPON], "counts_as": "purchase"},
    "not-sent": {"any": True, "except": [CAMPAIGN]},
    "meat": {"event": ORDER, "where": {"departments": {"contains": "Meat"}}},
    "spring": {"event": ORDER, "during": {"from": "03-15", "to": "04-30"}},
}
PURCHASE_RULES: list[Rule] = [
    {"performed": ORDER, "at_least": 4, "within": "7 days"},
    {"performed": ORDER, "at_most": 1, "within": "28 days"},
    {"performed": ORDER, "at_least": 3, "at_most": 9, "within": "30 days", "since": "first_seen"},
    {"performed": ORDER, "at_least": 5, "since": COUPON, "within": "21 days"},
    {"performed": ORDER, "at_least": 2, "within": "7 days", "where": {"revenue": {"at_least": 30}}},
    {"performed": ORDER, "within": "14 days", "where": {"storeId": {"in": ["321", "354"]}, "lines": {"below": 5}}},
    {"performed": ORDER, "within": "7 days", "where": {"storeId": {"starts_with": "3"}, "lines": {"at_most": 2}}},
    {"performed": ORDER, "at_least": 3, "where": {"storeId": {"not_in": ["321", "354"], "is_not": "367"}}},
    {"performed": ORDER, "within": "14 days", "where": {"couponDiscount": {"exists": True}, "discount": {"above": 5}}},
    {"performed": ORDER, "at_least": 2, "within": "14 days", "during": {"from": "11-20", "to": "12-26"}},
    {"performed": "shopping", "at_least": 6, "within": "7 days"},
    {"performed": "meat", "at_least": 2, "within": "336 hours"},
    {"active_days": ORDER, "at_least": 3, "within": "7 days"},
    {"active_days": ORDER, "at_least": 1, "at_most": 2, "within": "14 days"},
    {"active_days": "spring", "at_least": 2, "within": "7 days"},
    {"inactive": ORDER, "for": "10 days"},
    {"inactive": "not-sent", "for": "5 days"},
    {"missing": COUPON, "for": "5 days", "since_last": CAMPAIGN},
    {"missing": ORDER, "for": "5 days", "since": ORDER},
    {"missing": COUPON, "for": "30 days", "since": "first_seen"},
    {"recent": ORDER, "last": 5, "at_least": 4, "where": {"discount": {"at_least": 0.5}}},
    {"recent": "shopping", "last": 3, "at_least": 1, "where": {"discount": {"is": 0}}},
    {"total": ORDER, "property": "revenue", "at_least": 100, "within": "7 days"},
    {"total": ORDER, "property": "revenue", "at_most": 50.5, "within": "336 hours"},
    {"total": ORDER, "property": "discount", "at_least": 20, "since": CAMPAIGN},
    {"total": ORDER, "property": "revenue", "as": "sum", "at_least": 50, "at_most": 300, "within": "14 days"},
    {"total": ORDER, "property": "revenue", "as": "average", "at_least": 30, "within": "14 days"},
    {"total": ORDER, "property": "revenue", "as": "max", "at_least": 60, "within": "14 days"},
    {"total": ORDER, "property": "revenue", "as": "min", "at_most": 5, "within": "7 days"},
    {"total": ORDER, "property": "revenue", "as": "average", "at_most": 40, "since": CAMPAIGN, "within": "30 days"},
    {"sessions": ORDER, "gap": "6 hours", "at_least": 3, "within": "7 days"},
    {"sessions": ORDER, "gap": "3 days", "at_most": 2, "within": "21 days"},
    {"sessions": ORDER, "gap": "1 day", "at_least": 4, "since": CAMPAIGN, "within": "20 days"},
    {"sessions": "not-sent", "at_least": 2, "within": "1 day"},
    {"distinct": ORDER, "property": "revenue", "at_least": 5, "within": "7 days"},
    {"distinct": CAMPAIGN, "property": "campaignType", "at_least": 2, "within": "60 days"},
    {"distinct": ORDER, "property": "discount", "at_most": 2, "within": "14 days"},
    {"first": COUPON, "within": "30 days"},
    {"regular": ORDER, "per": "7 days", "periods": 4, "of_last": 4},
    {"regular": ORDER, "at_least": 2, "per": "168 hours", "periods": 3, "of_last": 5},
    {"returned": ORDER, "after": "14 days", "within": "7 days"},
    {"returned": ORDER, "after": "30 days"},
    {"sequence": [CAMPAIGN, COUPON, ORDER], "within": "30 days", "for": "14 days"},
    {"sequence": [ORDER, ORDER, ORDER], "within": "2 days", "for": "5 days"},
    {"sequence": [CAMPAIGN, ORDER], "within": "1 day"},
    {"declining": ORDER, "by": "60 %", "within": "7 days", "against": "28 days"},
    {"declining": ORDER, "by": "100 %", "within": "3 days", "against": "14 days"},
    {"trait": "lines", "above": 10, "below": 40},
    {"trait": "revenue", "at_least": 20, "at_most": 60, "for": "3 days"},
    {"trait": "storeId", "is_not": "321", "for": "10 days"},
    {"trait": "campaignType", "in": ["Type A", "Type B"]},
    {"trait": "couponDiscount", "exists": False, "for": "30 days"},
    {"during": {"from": "11-20", "to": "12-26"}},
    {"during": {"from": "2017-03-26", "to": "2017-04-01"}},
    {
        "all": [
            {"performed": ORDER, "at_least": 2, "within": "7 days"},
            {"any": [{"inactive": ORDER, "for": "3 days"}, {"not": {"performed": COUPON}}]},
        ]
    },
]  # fmt: skip
PURCHASE_LADDER: Rule = {
    "ladder": [
        {"stage": "new", "action": "Welcome"},
        {"stage": "buyer", "when": {"performed": ORDER}, "action": "Thank"},
        {
            "stage": "regular",
            "when": {"all": [{"reached": "buyer"}, {"active_days": ORDER, "at_least": 3, "within": "7 days"}]},
            "until": {"active_days": ORDER, "at_most": 1, "within": "7 days"},
            "action": "Thank again",
        },
        {
            "stage": "quiet",
            "lapsed": True,
            "when": {"all": [{"reached": "regular", "within": "60 days"}, {"inactive": ORDER, "for": "10 days"}]},
            "stay_at_least": "2 days",
            "action": "Ask",
        },
    ],
    "segments": [
        {"segment": "settled", "when": {"stage": "regular", "for": "7 days"}, "action": "Give"},
        {"segment": "fallen", "when": {"stage": "quiet"}, "stay_at_least": "3 days", "action": "Call"},
        {"segment": "of-late", "when": {"reached": "regular", "within": "14 days"}, "action": "Remind"},
        {"segment": "ever", "when": {"reached": "quiet"}, "action": "Watch"},
        {
            "segment": "saver",
            "when": {"total": ORDER, "property": "discount", "at_least": 10, "within": "7 days"},
            "until": {"total": ORDER, "property": "discount", "at_most": 1, "within": "7 days"},
            "cool_down": "14 days",
            "action": "Offer",
        },
        {"segment": "saving", "when": {"segment": "saver", "for": "5 days"}, "action": "Offer more"},
        {"segment": "both", "when": {"all": [{"segment": "saver"}, {"segment": "settled"}]}, "action": "Praise"},
    ],
}  # fmt: skip

HOME, QUIZ, WORK, LESSON = "Course Home Viewed", "Quiz Used", "Assessment Submitted", "Lesson Viewed"
COURSE_SETS: dict[str, Any] = {
    "study": {"any": True, "except": ["Course Registered", "Course Unregistered"], "counts_as": "usage"},
    "hard-work": {"event": [WORK, QUIZ], "where": {"clicks": {"not_in": [1, 2]}, "score": {"is_not": 100}}},
    "easter": {"event": [HOME, LESSON], "during": {"from": "2014-04-12", "to": "2014-04-27"}},
}
COURSE_RULES: list[Rule] = [
    {"performed": "study", "at_least": 10, "within": "7 days"},
    {"performed": "study", "at_most": 3, "within": "14 days"},
    {"performed": WORK, "at_least": 2, "within": "60 days", "since": HOME},
    {"performed": QUIZ, "at_least": 1, "within": "7 days", "where": {"clicks": {"above": 10}}},
    {"performed": WORK, "within": "30 days", "where": {"late": {"is": True}, "assessmentType": {"starts_with": "C"}}},
    {"performed": {"any": True, "where": {"feature": {"contains": "quiz"}, "clicks": {"below": 9}}}, "within": "5 days"},
    {"performed": "easter", "at_least": 3},
    {"performed": HOME, "at_least": 2, "within": "7 days", "during": {"from": "03-28", "to": "04-02"}},
    {"active_days": "study", "at_least": 3, "within": "7 days"},
    {"active_days": "study", "at_most": 1, "within": "14 days"},
    {"inactive": "study", "for": "14 days"},
    {"missing": WORK, "for": "30 days", "since": HOME},
    {"missing": QUIZ, "for": "3 days", "since_last": LESSON},
    {"recent": WORK, "last": 2, "at_least": 2, "where": {"score": {"at_least": 60}}},
    {"recent": "hard-work", "last": 4, "at_least": 3, "where": {"score": {"exists": False}}},
    {"total": "study", "property": "clicks", "at_least": 100, "within": "7 days"},
    {"total": "study", "property": "clicks", "at_most": 500, "since": "first_seen", "within": "60 days"},
    {"total": WORK, "property": "score", "as": "average", "at_least": 70},
    {"total": WORK, "property": "score", "as": "min", "at_least": 50, "within": "90 days"},
    {"total": "study", "property": "clicks", "as": "max", "at_least": 40, "within": "7 days"},
    {"sessions": "study", "gap": "2 days", "at_least": 3, "within": "14 days"},
    {"sessions": HOME, "gap": "7 days", "at_most": 1, "within": "28 days"},
    {"sessions": "study", "gap": "3 days", "at_least": 4, "since": HOME},
    {"distinct": "study", "property": "feature", "at_least": 5, "within": "7 days"},
    {"distinct": "study", "property": "clicks", "at_least": 3, "at_most": 6, "within": "3 days"},
    {"first": WORK, "within": "14 days"},
    {"regular": "study", "at_least": 3, "per": "7 days", "periods": 3, "of_last": 4},
    {"regular": QUIZ, "per": "48 hours", "periods": 2, "of_last": 3},
    {"returned": "study", "after": "14 days", "within": "7 days"},
    {"sequence": [LESSON, QUIZ, WORK], "within": "7 days", "for": "14 days"},
    {"sequence": [HOME, HOME, HOME, "Forum Visited", QUIZ], "within": "3 days", "for": "7 days"},
    {"sequence": [LESSON, QUIZ]},
    {"declining": "study", "by": "60 %", "within": "7 days", "against": "28 days"},
    {"declining": HOME, "by": "33.3 %", "within": "14 days", "against": "14 days"},
    {"trait": "assessmentType", "is": "TMA"},
    {"trait": "score", "at_least": 70, "for": "30 days"},
    {"trait": "late", "is": True},
    {"trait": "clicks", "above": 2, "below": 10, "for": "1 day"},
    {"during": {"from": "12-20", "to": "03-30"}},
    {
        "not": {
            "any": [
                {"declining": "study", "by": "50 %", "within": "7 days", "against": "14 days"},
                {"sessions": "study", "gap": "3 days", "at_most": 1, "within": "21 days"},
            ]
        }
    },
]  # fmt: skip
COURSE_LADDER: Rule = {
    "ladder": [
        {"stage": "registered", "action": "Welcome"},
        {"stage": "started", "when": {"performed": "study"}, "action": "Guide"},
        {
            "stage": "engaged",
            "when": {"active_days": "study", "at_least": 4, "within": "7 days"},
            "until": {"active_days": "study", "at_most": 1, "within": "7 days"},
            "action": "Praise",
        },
        {
            "stage": "at-risk",
            "lapsed": True,
            "when": {"all": [{"reached": "started"}, {"inactive": "study", "for": "14 days"}]},
            "stay_at_least": "1 day",
            "action": "Ask",
        },
        {"stage": "gone", "lapsed": True, "when": {"performed": "Course Unregistered"}, "action": "Learn why"},
    ],
    "segments": [
        {"segment": "engaged-long", "when": {"stage": "engaged", "for": "14 days"}, "action": "Thank"},
        {"segment": "engaged-of-late", "when": {"reached": "engaged", "within": "21 days"}, "action": "Remind"},
        {"segment": "once-at-risk", "when": {"reached": "at-risk"}, "action": "Watch"},
        {
            "segment": "tested",
            "when": {"performed": QUIZ, "at_least": 3, "within": "7 days"},
            "cool_down": "7 days",
            "action": "Next test",
        },
        {"segment": "tested-long", "when": {"segment": "tested", "for": "3 days"}, "action": "Exam"},
        {"segment": "tested-too", "when": {"all": [{"stage": "engaged"}, {"segment": "tested"}]}, "action": "Call"},
    ],
}  # fmt: skip
