"""examples/behaviours: each is a policy without advice, and its histories enter and leave all that it names."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest

from stage_models.conditions import RULES, Rule
from stage_models.events import Event
from stage_models.instants import parse_instant
from stage_models.policy import load
from stage_models.policy.advice import advice_of
from stage_models.policy.compile import Policy
from stage_models.policy.source import read
from stage_models.policy.walk import models_in
from stage_models.replay import Replay
from stage_models.testing import Row, read_table, scenario
from stage_models.transitions import Transition

HERE = Path(__file__).parents[2] / "examples" / "behaviours"
FILES = sorted(HERE.glob("*.yaml"))
TODAY = date(2026, 11, 22)

Move = tuple[str, int]
"""A move as a table writes it, and its instant."""


def policy_of(path: Path) -> Policy:
    return load(path.read_text(encoding="utf-8"), path.name)


def stated(rows: list[Row]) -> Iterator[Move]:
    """The moves that a table states, each with its instant."""
    for row in rows:
        moves, effective = row.cells["moves"], row.cells["effective"]
        if moves != "-":
            yield from ((move, parse_instant(effective)) for move in moves.split(" "))


def replayed(policy: Policy, rows: list[Row]) -> Iterator[Move]:
    """The moves that a replay of the table's events makes, at once and up to its last row."""
    replay = Replay(policy)
    told = [
        move for row in rows if isinstance(row.input, Event) for move in replay.feed(row.input).transitions
    ]
    told += replay.finish(parse_instant(rows[-1].cells["time"]))
    yield from ((written(move), move.effective_at) for move in told)


def written(move: Transition) -> str:
    """The move as a table writes it."""
    if move.kind == "stage.changed":
        return f"{move.from_stage or ''}>{move.to_stage}"
    return f"{'+' if move.kind == 'segment.entered' else '-'}{move.segment}"


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_behaviour_needs_no_advice_and_is_named_as_its_file(path: Path) -> None:
    policy = policy_of(path)
    assert policy.name == path.stem
    assert advice_of(policy, read(path.read_text(encoding="utf-8"), path.name), TODAY) == []


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_moves_of_a_replay_are_those_that_the_tables_state_at_the_same_instants(path: Path) -> None:
    policy = policy_of(path)
    for example in policy.spec.examples:
        scenario(policy, example.table)
        _, rows = read_table(example.table)
        assert list(replayed(policy, rows)) == list(stated(rows)), example.example


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_stage_and_segment_is_entered_and_left(path: Path) -> None:
    policy = policy_of(path)
    moves = [move for example in policy.spec.examples for move, _ in stated(read_table(example.table)[1])]
    stages = [stage.name for stage in policy.stages[1:]]
    segments = [segment.name for segment in policy.segments]
    assert stages or segments
    for stage in stages:
        assert any(move.endswith(f">{stage}") for move in moves), stage
        assert any(move.startswith(f"{stage}>") for move in moves), stage
    for segment in segments:
        assert f"+{segment}" in moves
        assert f"-{segment}" in moves


def test_together_they_show_every_rule_type_that_looks_at_users() -> None:
    """`segment` only refers to another segment; `during` stands in `performed`."""
    shown = {
        model.KEY for path in FILES for _, model in models_in(policy_of(path).spec) if isinstance(model, Rule)
    }
    assert {rule.KEY for rule in RULES} - shown == {"segment", "during"}


def test_table_that_states_a_wrong_instant_is_noticed() -> None:
    policy = policy_of(HERE / "dormant.yaml")
    table = policy.spec.examples[0].table.replace(
        "active>dormant  2026-01-19 09:00", "active>dormant  2026-01-19 08:59"
    )
    _, rows = read_table(table)
    assert list(replayed(policy, rows)) != list(stated(rows))
