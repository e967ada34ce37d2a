"""What the laws found once, as the smallest case that shows it."""

from __future__ import annotations

from typing import Any

from stage_models.events import Event
from stage_models.instants import DAY, HOUR
from stage_models.transitions import Transition
from tests.laws.live import compiled, transitions


def moves(
    segment: dict[str, Any], arrivals: list[tuple[int, str]], end: int, **policy: Any
) -> list[Transition]:
    """The transitions under a policy with this segment and a ladder of its base, for events (time, name)."""
    data = {
        "policy": "found",
        "version": 1,
        "ladder": [{"stage": "base", "action": "Say hello"}],
        "segments": [{"segment": "found", "action": "Do something", **segment}],
        **policy,
    }
    events = [
        Event(user_id="u", event_id=f"e{number}", occurred_at=at, name=name, properties={"amount": 1})
        for number, (at, name) in enumerate(arrivals)
    ]
    return transitions(compiled(data), events, end)


def told(found: list[Transition]) -> list[tuple[str, int, str]]:
    return [(one.kind, one.effective_at, one.cause) for one in found if one.segment]


def test_segment_left_is_told_before_the_stage_that_is_higher() -> None:
    ladder = [
        {"stage": "base", "action": "Say hello"},
        {"stage": "quiet", "when": {"inactive": "Alpha", "for": "1 day"}, "action": "Do something"},
    ]
    segment = {"when": {"not": {"reached": "quiet"}}}
    found = moves(segment, [(0, "Alpha")], 2 * DAY, ladder=ladder)
    assert [(one.kind, one.stage, one.highest_stage) for one in found[2:]] == [
        ("segment.left", "base", "base"),
        ("stage.changed", "quiet", "quiet"),
    ]


def test_late_event_that_only_moves_first_seen_waives_no_stay_of_a_rule_that_does_not_ask_for_it() -> None:
    segment = {
        "when": {"missing": "Beta", "for": "1 day", "since_last": "Alpha"},
        "stay_at_least": "7 days",
    }
    found = moves(segment, [(2 * DAY, "Alpha"), (4 * DAY, "Alpha"), (DAY, "Gamma")], 5 * DAY)
    assert told(found) == [("segment.entered", 3 * DAY, "time")]


def test_late_event_too_old_to_be_kept_for_a_sum_waives_no_stay() -> None:
    segment = {
        "when": {"total": "Alpha", "property": "amount", "at_most": 1, "within": "1 day"},
        "stay_at_least": "60 days",
    }
    arrivals = [(0, "Beta"), (40 * DAY, "Alpha"), (41 * DAY - HOUR, "Alpha"), (HOUR, "Alpha")]
    found = moves(segment, arrivals, 41 * DAY)
    assert told(found) == [("segment.entered", DAY, "time")]


def test_more_events_than_the_cap_of_sums_are_counted_from_an_anchor() -> None:
    segment = {"when": {"performed": "Alpha", "at_least": 300, "since": "first_seen", "within": "1 day"}}
    found = moves(segment, [(number * 1_000, "Alpha") for number in range(400)], HOUR)
    assert told(found) == [("segment.entered", 299_000, "event")]


def test_rule_that_nothing_can_make_truer_is_asked_at_the_first_event() -> None:
    segment = {"when": {"not": {"returned": "Beta", "after": "1 day"}}}
    assert told(moves(segment, [(0, "Alpha")], DAY)) == [("segment.entered", 0, "event")]


def test_late_event_too_old_to_begin_a_visit_that_counts_waives_no_stay() -> None:
    segment = {
        "when": {"inactive": "Beta", "for": "1 day"},
        "until": {"returned": "Alpha", "after": "1 day", "within": "1 day"},
        "stay_at_least": "60 days",
    }
    arrivals = [(0, "Alpha"), (0, "Beta"), (40 * DAY, "Alpha"), (HOUR, "Alpha")]
    assert told(moves(segment, arrivals, 41 * DAY)) == [("segment.entered", DAY, "time")]
