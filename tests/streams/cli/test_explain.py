"""explain: where a user is, why, why not elsewhere, and what comes next."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

Run = Callable[..., Result]


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    times = ["2026-01-01T10:00:00Z", "2026-01-02T10:00:00Z", "2026-01-03T10:00:00Z", "2026-01-04T10:00:00Z"]
    lines = [
        {
            "messageId": str(n),
            "userId": user,
            "event": "Order Completed",
            "timestamp": time,
            "properties": {"revenue": 30},
        }
        for n, (user, time) in enumerate(zip(["ann", "ann", "bob", "ann"], times, strict=True))
    ]
    path = tmp_path / "orders.jsonl"
    path.write_text("\n".join(map(json.dumps, lines)))
    return path


def test_history_reasons_and_future_are_told(run: Run, orders: Path) -> None:
    text = run("explain", "--policy", "retail", "--events", orders, "--user", "ann").stdout
    assert "At 2026-01-04 10:00:00: stage engaged since 2026-01-04 10:00:00" in text
    assert "moved up from activated to engaged" in text
    assert "Why in stage engaged" in text
    assert "Below engaged, also holding: stage activated" in text
    assert "order on at least 8 days within 28 days  observed 3, threshold 8, 5 missing" in text
    assert "observed 90, threshold 200, 110 missing" in text
    future = text[text.index("If nothing happens") :]
    assert "2026-02-01 10:00:00" in future
    assert "to at-risk" in future


def test_another_moment_is_explained_as_it_was_then(run: Run, orders: Path) -> None:
    text = run(
        "explain", "--policy", "retail", "--events", orders, "--user", "ann", "--at", "2026-01-03"
    ).stdout
    assert "At 2026-01-03 00:00:00: stage activated since 2026-01-01 10:00:00" in text
    assert "Why not in stage engaged" in text


def test_events_that_moved_nothing_share_a_row(run: Run, orders: Path) -> None:
    with orders.open("a") as file:
        for day in (5, 6, 7):
            event = {"userId": "ann", "event": "Campaign Sent", "timestamp": f"2026-01-0{day}T10:00:00Z"}
            file.write("\n" + json.dumps(event))
    text = run("explain", "--policy", "retail", "--events", orders, "--user", "ann").stdout
    assert "Campaign Sent (3 events to 2026-01-07 10:00:00)" in text


def test_an_unknown_user_is_a_mistake(run: Run, orders: Path) -> None:
    result = run("explain", "--policy", "retail", "--events", orders, "--user", "eve")
    assert result.exit_code == 1
    assert "no event of user eve was applied" in result.stderr


def test_as_json_it_is_the_explanation_alone(run: Run, orders: Path) -> None:
    asked = "explain", "--policy", "retail", "--events", orders, "--user", "ann"
    found = json.loads(run(*asked, "--format", "json").stdout)
    assert (found["user_id"], found["at"]) == ("ann", "2026-01-04T10:00:00.000Z")
    assert (found["stage"], found["stage_since"]) == ("engaged", "2026-01-04T10:00:00.000Z")
    assert found["policy"]["name"] == "retail"
    assert {"at-risk", "churned"} <= {membership["name"] for membership in found["memberships"]}
    assert ("stage.changed", "at-risk", "2026-02-01T10:00:00.000Z") in [
        (move["kind"], move.get("to_stage"), move["effective_at"]) for move in found["next"]
    ]
    assert all("segment" not in move for move in found["next"] if move["kind"] == "stage.changed")
