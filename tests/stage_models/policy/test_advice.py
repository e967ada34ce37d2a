from __future__ import annotations

import re
from datetime import date
from pathlib import Path

import msgspec
import pytest

from stage_models.advance import advance
from stage_models.events import Event
from stage_models.instants import DAY, parse_instant
from stage_models.policy import load
from stage_models.policy.advice import advice_of
from stage_models.policy.source import read
from stage_models.testing import failed_examples

TODAY = date(2026, 11, 22)
POLICIES = sorted((Path(__file__).parents[3] / "policies").glob("*.yaml"))
HEAD = """policy: shop
version: 1
owner: shop@example.com
review_by: 2027-02-01
events:
  order: [Order Completed]
  mail: {event: [Email Opened], counts_as: engagement}
ladder:
  - {stage: signup, action: Welcome}
  - {stage: buyer, when: {any: [{performed: order}, {performed: mail}]}, action: Thank them}
"""


def advice(text: str) -> list[tuple[int, str]]:
    """Line and words of each piece of advice."""
    found = advice_of(load(text, "shop.yaml"), read(text, "shop.yaml"), TODAY)
    return [(problem.line, problem.message) for problem in found]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_shipped_policy_needs_no_advice_and_its_examples_hold(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    policy, source = load(text, path.name), read(text, path.name)
    assert advice_of(policy, source, TODAY) == []
    assert policy.spec.examples
    assert failed_examples(policy, source) == []


def test_good_policy_needs_no_advice() -> None:
    assert advice(HEAD) == []


def test_nobody_owns_it_and_nobody_looks_again() -> None:
    text = HEAD.replace("owner: shop@example.com\nreview_by: 2027-02-01\n", "")
    assert advice(text) == [
        (7, "nobody owns signup"),
        (7, "signup has no review date"),
        (8, "buyer has no review date"),
        (8, "nobody owns buyer"),
    ]


def test_review_that_is_past_is_told_where_its_date_stands() -> None:
    own = "  - {stage: keen, when: {reached: buyer}, action: Invite, review_by: 2026-11-21}\n"
    assert advice(HEAD + own) == [(11, "the review of keen was due on 2026-11-21")]
    today = own.replace("11-21", "11-22")
    assert advice(HEAD + today) == []


def test_more_than_five_segments_are_too_many() -> None:
    segments = [
        f"  - {{segment: s{n}, when: {{performed: order, at_least: {n}}}, action: x}}\n" for n in range(2, 8)
    ]
    assert advice(HEAD + "segments:\n" + "".join(segments[:5])) == []
    ((line, words),) = advice(HEAD + "segments:\n" + "".join(segments))
    assert (line, words.split(":")[0]) == (12, "6 segments")


def test_more_than_five_behaviours_blur_the_goal() -> None:
    rules = ", ".join(f"{{performed: Event {letter}}}" for letter in "ABCD")
    text = HEAD + f"  - {{stage: keen, when: {{all: [{rules}]}}, action: Invite}}\n"
    ((line, words),) = advice(text)
    assert (line, words.split(":")[0]) == (1, "6 behaviours for one goal")


def test_opening_mails_is_no_intent_to_buy() -> None:
    segment = "segments:\n  - {segment: buying-intent, when: {performed: mail, at_least: 3}, action: Call}\n"
    ((line, words),) = advice(HEAD + segment)
    assert line == 12
    assert words.startswith("buying-intent judges intent to buy from engagement alone")
    assert advice(HEAD + segment.replace("mail,", "order,")) == []
    assert advice(HEAD + segment.replace("mail,", "[Email Opened],")) == []  # nobody said what it counts as


@pytest.mark.parametrize(
    "rule",
    [
        "{performed: order, at_least: 2, within: 7 days}",
        "{active_days: order, at_least: 2, within: 7 days}",
        "{sessions: order, at_least: 2, within: 7 days}",
        "{distinct: order, property: category, at_least: 2, within: 7 days}",
        "{regular: order, per: 7 days, periods: 3, of_last: 4}",
        "{all: [{reached: buyer}, {total: order, property: revenue, at_least: 9, within: 7 days}]}",
    ],
)
def test_stage_that_counts_in_a_rolling_window_needs_hysteresis(rule: str) -> None:
    stage = f"  - {{stage: keen, when: {rule}, action: Invite}}\n"
    assert advice(HEAD + stage) == [(11, "keen ends as soon as one event leaves the window: users will flap")]
    assert advice(HEAD + stage.replace("action", "stay_at_least: 3 days, action")) == []
    assert advice(HEAD + stage.replace("action", "until: {inactive: order, for: 9 days}, action")) == []


@pytest.mark.parametrize(
    "rule",
    [
        "{performed: order, at_least: 2, within: 7 days, since: order}",
        "{total: order, property: revenue, at_least: 9}",
        "{sessions: order, at_least: 2}",
        "{distinct: order, property: category, at_least: 2}",
        "{first: order, within: 7 days}",
        "{inactive: order, for: 7 days}",
    ],
)
def test_rules_of_silence_and_windows_that_stand_still_need_none(rule: str) -> None:
    assert advice(HEAD + f"  - {{stage: keen, when: {rule}, action: Invite}}\n") == []


def test_two_segments_with_one_rule_are_one() -> None:
    segment = "  - {segment: a, when: {performed: order, at_least: 2}, action: x}\n"
    text = HEAD + "segments:\n" + segment + segment.replace("segment: a", "segment: b")
    assert advice(text) == [(13, "b has the same rule as a")]


def test_event_set_that_no_rule_uses_is_told() -> None:
    text = HEAD.replace("events:\n", "events:\n  visit: [Page Viewed]\n")
    assert advice(text) == [(6, 'no rule uses event set "visit"')]


@pytest.mark.parametrize(
    "rule",
    [
        "{performed: order, at_least: 101}",
        "{distinct: order, property: category, at_least: 101}",
        "{recent: order, last: 101, at_least: 1, where: {x: {exists: true}}}",
    ],
)
def test_rule_that_keeps_many_items_says_how_many_bytes(rule: str) -> None:
    ((_, words),) = advice(HEAD + f"segments:\n  - {{segment: a, when: {rule}, action: x}}\n")
    assert words == "this rule keeps up to 101 items, about 1,515 bytes, for every user"
    assert (
        advice(HEAD + f"segments:\n  - {{segment: a, when: {rule.replace('101', '100')}, action: x}}\n") == []
    )


def test_stretches_finer_than_a_day_keep_events_not_dates() -> None:
    segment = "segments:\n  - {segment: a, when: {regular: order, per: 12 hours, periods: 1, of_last: 2}, action: x}\n"
    ((_, words),) = advice(HEAD + segment)
    assert words.startswith("this rule keeps up to 256 items")
    assert advice(HEAD + segment.replace("12 hours", "1 day")) == []


STEPS = ["Order Completed", "Email Opened", "Report Exported", "Dashboard Shared"]
SIZES = {
    "{sequence: [order, mail, Report Exported, Dashboard Shared]}": (128, "items"),
    "{declining: {any: true}, by: 60 %, within: 10 days, against: 150 days}": (161, "dates"),
    "{trait: plan, is: pro, for: 30 days}": (256, "values"),
}
LATE = "late: {allowed_lateness: 7 days}\n"


def rule_of(rule: str, late: str = LATE) -> str:
    return HEAD + f"segments:\n  - {{segment: a, when: {rule}, action: x}}\n" + late


def bytes_said(rule: str) -> int:
    ((_, words),) = advice(rule_of(rule))
    said = re.search(r"about ([\d,]+) bytes", words)
    assert said is not None
    return int(said[1].replace(",", ""))


@pytest.mark.parametrize("rule", SIZES)
def test_rule_says_what_it_keeps_many_of(rule: str) -> None:
    count, what = SIZES[rule]
    ((_, words),) = advice(rule_of(rule))
    assert words.startswith(f"this rule keeps up to {count} {what}, about ")


@pytest.mark.parametrize(
    ("rule", "late"),
    [
        ("{sequence: [order, order, order]}", LATE),
        ("{declining: order, by: 60 %, within: 10 days, against: 89 days}", LATE),
        ("{trait: plan, is: pro}", LATE),
        ("{trait: plan, is: pro, for: 30 days}", ""),
    ],
)
def test_fewer_steps_days_and_values_are_not_told(rule: str, late: str) -> None:
    assert advice(rule_of(rule, late)) == []


@pytest.mark.parametrize("rule", SIZES)
def test_bytes_that_are_said_are_about_those_of_a_user_who_did_a_lot(rule: str) -> None:
    """Two thousand events in 250 days, each with the trait's value, fill all that a rule may keep."""
    policy = load(rule_of(rule), "shop.yaml")
    user = None
    for number in range(2000):
        at = parse_instant("2026-01-01") + number * DAY // 8
        name, plan = STEPS[number % 4], ("pro", "free")[number % 2]
        occurred = Event(user_id="u", event_id=f"e{number}", occurred_at=at, name=name, traits={"plan": plan})
        user = advance(policy, user, occurred).user
    assert user is not None
    assert len(msgspec.msgpack.encode(user.facts[policy.facts[-1].index])) == pytest.approx(
        bytes_said(rule), rel=0.25
    )
