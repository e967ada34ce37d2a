"""replay: lines in, transitions and last states out, everything counted."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from stage_models.contract import read_current, read_transition

Run = Callable[..., Result]


def log(path: Path, *events: tuple[str, str, str]) -> Path:
    """A file of events: user, time, name."""
    lines = [
        json.dumps({"messageId": f"{user} {time}", "userId": user, "event": name, "timestamp": time})
        for user, time, name in events
    ]
    path.write_text("\n".join(lines))
    return path


@pytest.fixture
def orders(tmp_path: Path) -> Path:
    return log(
        tmp_path / "orders.jsonl",
        ("ann", "2026-01-01T10:00:00Z", "Order Completed"),
        ("bob", "2026-01-02T10:00:00Z", "Campaign Sent"),
        ("ann", "2026-01-03T10:00:00Z", "Order Completed"),
    )


def moves(text: str) -> list[str]:
    return [
        f"{move.user_id} {move.stage} {move.cause} {move.effective_at:%m-%d %H:%M}"
        for move in map(read_transition, text.splitlines())
        if move.kind == "stage.changed"
    ]


def test_transitions_go_to_standard_output_and_the_summary_does_not(run: Run, orders: Path) -> None:
    result = run("replay", "--policy", "retail", "--events", orders)
    assert result.exit_code == 0
    assert moves(result.stdout) == ["ann activated event 01-01 10:00", "bob signup event 01-02 10:00"]
    assert "stage.changed" in result.stderr


def test_until_lets_time_pass_and_includes_the_moment_itself(run: Run, orders: Path) -> None:
    before = run("replay", "--policy", "retail", "--events", orders, "--until", "2026-01-31T09:59:59.999Z")
    at = run("replay", "--policy", "retail", "--events", orders, "--until", "2026-01-31T10:00:00Z")
    assert len(moves(before.stdout)) == 2
    assert moves(at.stdout)[2:] == ["ann at-risk time 01-31 10:00"]


def test_files_take_transitions_and_last_states(run: Run, orders: Path, tmp_path: Path) -> None:
    out, final = tmp_path / "moves.jsonl", tmp_path / "users.jsonl"
    result = run("replay", "--policy", "retail", "--events", orders, "--out", out, "--final", final)
    assert result.stdout == ""
    assert len(moves(out.read_text())) == 2
    states = {state.user_id: state.stage for state in map(read_current, final.read_text().splitlines())}
    assert states == {"ann": "activated", "bob": "signup"}


def test_several_files_are_one_history(run: Run, orders: Path, tmp_path: Path) -> None:
    more = log(tmp_path / "more.jsonl", ("ann", "2026-01-02T10:00:00Z", "Order Completed"))
    result = run("replay", "--policy", "retail", "--events", orders, more)
    assert "ann engaged event 01-03 10:00" in moves(result.stdout)


def test_bad_lines_are_counted_and_the_first_are_shown(run: Run, orders: Path) -> None:
    with orders.open("a") as file:
        file.write('\nbroken\n{"anonymousId": "x", "event": "y"}')
    result = run("replay", "--policy", "retail", "--events", orders)
    assert result.exit_code == 0
    assert "dead letters: unreadable" in result.stderr
    assert "dropped: anonymous" in result.stderr
    assert f"{orders}:4  unreadable" in result.stderr


def test_what_cannot_be_read_is_told(run: Run, orders: Path, tmp_path: Path) -> None:
    missing = run("replay", "--policy", "retail", "--events", tmp_path / "missing.jsonl")
    assert (missing.exit_code, "missing.jsonl" in missing.stderr) == (1, True)
    when = run("replay", "--policy", "retail", "--events", orders, "--until", "tomorrow")
    assert (when.exit_code, "2026-11-20T09:12:44Z" in when.stderr) == (2, True)
