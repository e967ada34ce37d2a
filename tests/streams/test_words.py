"""Moves and figures in words."""

from __future__ import annotations

import json
from typing import Any

import pytest

from stage_models.contract import read_transition
from streams.words import figure, headline, moment, why

MOVE: dict[str, Any] = {
    "id": "5ff0a55d-e67f-5e74-9373-bc537aaeadcc",
    "kind": "stage.changed",
    "user_id": "u_1",
    "group_id": None,
    "sequence": 7,
    "from_stage": "engaged",
    "to_stage": "power",
    "direction": "up",
    "cause": "event",
    "corrects": [],
    "event": {"id": "m-8812", "name": "Report Exported", "occurred_at": "2026-11-20T09:12:44.120Z"},
    "effective_at": "2026-11-20T09:12:44.120Z",
    "detected_at": "2026-11-20T09:12:45.002Z",
    "previous_entered_at": None,
    "next_check_at": None,
    "evidence": [
        {
            "rule": "ladder.power.when",
            "condition": "core on at least 4 days within 7 days",
            "observed": 4,
            "threshold": 4,
            "instants": [],
            "event_ids": [],
            "approximate": False,
        }
    ],
    "stage": "power",
    "segments": [],
    "highest_stage": "power",
    "action": None,
    "policy": {"name": "saas", "version": 1, "fingerprint": "9c1f0a7be2d45163"},
    "traits": {},
    "consent": {},
    "replay": False,
}


def move(**fields: Any) -> Any:
    return read_transition(json.dumps(MOVE | fields))


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "u_1 moved up from engaged to power"),
        ({"direction": "down", "to_stage": "at-risk"}, "u_1 fell from engaged to at-risk"),
        ({"direction": "return", "from_stage": "churned"}, "u_1 came back from churned to power"),
        ({"direction": "first", "from_stage": None}, "u_1 began as power"),
        ({"kind": "segment.entered", "segment": "deal-seeker"}, "u_1 entered deal-seeker"),
        ({"kind": "segment.left", "segment": "deal-seeker"}, "u_1 left deal-seeker"),
    ],
)
def test_a_move_has_a_headline(fields: dict[str, Any], words: str) -> None:
    assert headline(move(**fields)) == words


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({}, "after Report Exported"),
        ({"cause": "late"}, "after Report Exported, which came late"),
        ({"cause": "time", "event": None}, "because time passed"),
        ({"cause": "policy", "event": None}, "because the policy changed"),
        ({"event": MOVE["event"] | {"name": None}}, "after an identify or group call"),
    ],
)
def test_a_move_has_a_cause_and_what_decided(fields: dict[str, Any], words: str) -> None:
    assert why(move(**fields)) == f"{words}: core on at least 4 days within 7 days (observed 4, threshold 4)"
    assert why(move(**fields, evidence=[])) == words


@pytest.mark.parametrize(
    ("value", "text"),
    [(None, "none"), (True, "yes"), (False, "no"), (200.0, "200"), (51.72, "51.72"), ("pro", "pro")],
)
def test_figures_are_written_as_people_write_them(value: float | str | None, text: str) -> None:
    assert figure(value) == text


def test_a_moment_shows_milliseconds_only_where_there_are_some() -> None:
    assert moment(move().effective_at) == "2026-11-20 09:12:44.120"
    assert moment(0) == "1970-01-01 00:00:00"


def test_a_moment_that_no_calendar_date_can_write_is_said_so() -> None:
    assert moment(253_402_300_799_999) == "9999-12-31 23:59:59.999"
    assert moment(253_402_300_800_000) == "after the year 9999"
