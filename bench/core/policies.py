"""The policies that are measured: those that are shipped, one per rule type, and one with ever more segments."""

from __future__ import annotations

import json
from typing import Any

from bench.core.generated import FEATURES
from stage_models.policy import load
from stage_models.policy.compile import Policy
from streams.policy_files import read_policy, shipped

RULES: dict[str, dict[str, Any]] = {
    "performed": {"performed": "feature", "at_least": 3, "within": "7 days"},
    "active_days": {"active_days": "feature", "at_least": 3, "within": "7 days"},
    "sessions": {"sessions": "feature", "at_least": 2, "within": "7 days"},
    "total": {"total": "order", "property": "revenue", "at_least": 100, "within": "30 days"},
    "distinct": {"distinct": "page", "property": "path", "at_least": 4, "within": "7 days"},
    "recent": {"recent": "feature", "last": 5, "at_least": 3, "where": {"device": {"is": "mobile"}}},
    "first": {"first": "feature", "within": "7 days"},
    "regular": {"regular": "feature", "per": "7 days", "periods": 3, "of_last": 4},
    "returned": {"returned": "feature", "after": "14 days", "within": "7 days"},
    "inactive": {"inactive": "feature", "for": "14 days"},
    "missing": {"missing": "feature", "for": "48 hours", "since": "Signed Up"},
    "sequence": {"sequence": ["page", "feature", "order"], "within": "1 day"},
    "declining": {"declining": "feature", "by": "60 %", "within": "7 days", "against": "28 days"},
    "trait": {"trait": "plan", "is": "pro"},
    "reached": {"reached": "activated", "within": "30 days"},
    "stage": {"stage": "activated", "for": "7 days"},
    "segment": {"segment": "first", "for": "3 days"},
    "during": {"during": {"from": "02-01", "to": "02-14"}},
    "all": {"all": [{"performed": "order"}, {"active_days": "page", "at_least": 2, "within": "7 days"}]},
    "any": {"any": [{"performed": "order"}, {"active_days": "page", "at_least": 2, "within": "7 days"}]},
    "not": {"not": {"performed": "feature", "at_least": 2, "within": "7 days"}},
}
"""A rule of each type on the made-up log."""

CONCERNED = 5
"""Segments that a use of a feature concerns, however many there are."""


def shipped_policies() -> dict[str, Policy]:
    """The policies that come with Stagestream, by name."""
    return {name: load(*read_policy(name)) for name in shipped()}


def with_rule(kind: str) -> Policy:
    """A policy with one segment, whose rule is of the type; it has a second segment or stage to ask if it must."""
    segments = {"first": {"performed": "feature"}} if kind == "segment" else {}
    return _policy(segments | {"measured": RULES[kind]})


def with_segments(count: int) -> Policy:
    """A policy with so many segments: five rules, each asked about all features, or of each share of them apart."""
    shares = max(1, count // CONCERNED)
    rules = [rule for share in range(shares) for rule in _five(list(FEATURES[share::shares]))]
    return _policy({f"segment-{number}": rule for number, rule in enumerate(rules[:count])})


def _five(features: list[str]) -> list[dict[str, Any]]:
    return [
        {"performed": features, "at_least": 3, "within": "7 days"},
        {"active_days": features, "at_least": 2, "within": "14 days"},
        {"sessions": features, "at_least": 3, "within": "28 days"},
        {"performed": features, "at_least": 20},
        {"recent": features, "last": 5, "at_least": 3, "where": {"device": {"is": "mobile"}}},
    ]


def _policy(segments: dict[str, dict[str, Any]]) -> Policy:
    text = {
        "policy": "measured",
        "version": 1,
        "events": {"feature": list(FEATURES), "page": ["Page Viewed"], "order": ["Order Completed"]},
        "ladder": [
            {"stage": "signup", "action": "none"},
            {"stage": "activated", "action": "none", "when": {"performed": "feature"}},
        ],
        "segments": [{"segment": name, "action": "none", "when": rule} for name, rule in segments.items()],
    }
    return load(json.dumps(text), "measured")
