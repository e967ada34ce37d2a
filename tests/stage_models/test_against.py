"""check --against: what a policy may not do as the next version of another."""

from __future__ import annotations

import pytest

from stage_models.against import problems_against
from stage_models.policy import load
from stage_models.policy.source import read

OLD = """
policy: shop
version: 3
events:
  order: [Order Completed]
ladder:
  - stage: visitor
    action: Say hello
  - stage: buyer
    when: {performed: order, at_least: 2, within: 30 days}
    action: Say thanks
segments:
  - segment: silent
    when: {all: [{reached: buyer}, {inactive: order, for: 30 days}]}
    action: Ask what went wrong
"""
NEW = OLD.replace("version: 3", "version: 4")


def told(new: str) -> list[str]:
    found = problems_against(load(OLD, "old.yaml"), load(new, "new.yaml"), read(new, "new.yaml"))
    return [f"{one.line}: {one.message}; found: {one.found}" for one in found]


@pytest.mark.parametrize(
    "new",
    [
        OLD,
        NEW,
        NEW.replace("at_least: 2, within: 30 days", "at_least: 1, within: 90 days"),
        NEW.replace("for: 30 days", "for: 60 days"),
        NEW.replace("- segment: silent", "- segment: gone-quiet"),
        NEW.replace(
            "when: {all: [{reached: buyer}, {inactive: order, for: 30 days}]}", "when: {reached: buyer}"
        ),
    ],
    ids=["the same", "a higher version", "a lower bound", "another silence", "another name", "a rule less"],
)
def test_policy_that_asks_no_more_may_follow(new: str) -> None:
    assert told(new) == []


@pytest.mark.parametrize(
    ("new", "problem"),
    [
        (OLD.replace("for: 30 days", "for: 60 days"), "3: the version did not grow; found: 3"),
        (NEW.replace("policy: shop", "policy: store"), "2: a policy keeps its name; found: store"),
        (
            NEW.replace("at_least: 2", "at_least: 5"),
            "10: this rule asks what was not remembered; found: at least 5 of order within 30 days",
        ),
        (
            NEW.replace("{inactive: order, for: 30 days}", "{inactive: Order Viewed, for: 30 days}"),
            "14: this rule asks what was not remembered; found: no Order Viewed for 30 days",
        ),
        (
            NEW.replace("{reached: buyer}", "{reached: buyer, within: 9 days}"),
            "14: this rule asks what was not remembered; found: reached buyer within 9 days",
        ),
    ],
    ids=["same version", "another name", "deeper", "other events", "when a stage was left"],
)
def test_what_may_not_follow_is_named_with_its_line(new: str, problem: str) -> None:
    assert told(new) == [problem]
