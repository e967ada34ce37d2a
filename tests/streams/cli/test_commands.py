"""What every command owes its user: help with examples, clear mistakes, exit codes."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import Result

from streams.build import version

Run = Callable[..., Result]

COMMANDS = "worker, demo, check, describe, rules, schema, replay, explain, produce, tail, topics create, topics check"


@pytest.mark.parametrize("command", COMMANDS.split(", "))
def test_every_command_shows_how_it_is_used(run: Run, command: str) -> None:
    result = run(*command.split(), "--help")
    assert result.exit_code == 0
    assert f"stagestream {command}" in result.output


def test_the_version_is_that_of_the_build(run: Run) -> None:
    assert run("--version").output == f"{version()}\n"


def test_a_right_policy_passes(run: Run) -> None:
    result = run("check", "retail", "--strict")
    assert (result.exit_code, result.stderr) == (0, "")
    assert "retail, version 1, is right; 5 examples hold" in result.stdout


BROKEN = """\
policy: broken
version: 1
ladder:
  - stage: signup
    action: Welcome
  - stage: active
    when: {performed: ordr}
    action: ""
events:
  order: [Order Completed]
"""

CARELESS = """\
policy: careless
version: 1
ladder:
  - stage: signup
    action: Welcome
"""

WRONG_EXAMPLE = """\
policy: wrong
version: 1
owner: somebody@example.com
review_by: 2099-01-01
ladder:
  - stage: signup
    action: Welcome
examples:
  - example: nobody is anywhere else
    table: |
      time        event      stage
      2026-01-01  Signed Up  elsewhere
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "policy.yaml"
    path.write_text(text)
    return path


def test_every_mistake_in_a_policy_is_told_with_its_place(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, BROKEN)
    result = run("check", path)
    assert result.exit_code == 1
    assert f"{path}:7:" in result.stderr
    assert "order" in result.stderr
    assert f"{path}:8:" in result.stderr
    assert result.stdout == ""


def test_an_example_that_fails_is_a_mistake(run: Run, tmp_path: Path) -> None:
    result = run("check", written(tmp_path, WRONG_EXAMPLE))
    assert result.exit_code == 1
    assert "elsewhere" in result.stderr


def test_advice_is_told_and_only_strict_makes_it_a_mistake(run: Run, tmp_path: Path) -> None:
    path = written(tmp_path, CARELESS)
    easy, strict = run("check", path), run("check", path, "--strict")
    assert (easy.exit_code, strict.exit_code) == (0, 1)
    assert "nobody owns signup" in easy.stdout
    assert "nobody owns signup" in strict.stdout


@pytest.mark.parametrize(
    ("form", "begin"),
    [("text", "retail, version 1"), ("markdown", "# retail"), ("mermaid", "flowchart"), ("json", "{")],
)
def test_a_policy_is_described_in_every_form(run: Run, form: str, begin: str) -> None:
    result = run("describe", "retail", "--format", form)
    assert result.exit_code == 0
    assert result.stdout.startswith(begin)
    assert "at-risk" in result.stdout


def test_the_schema_is_one_of_json_schema(run: Run) -> None:
    assert json.loads(run("schema").stdout)["$schema"].startswith("https://json-schema.org/")


def test_an_unknown_policy_is_told_with_those_that_are_shipped(run: Run) -> None:
    result = run("describe", "retial")
    assert result.exit_code == 1
    assert "retail, saas" in result.stderr


def test_a_misspelt_setting_stops_every_command(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGESTREAM_POLCY", "retail")
    result = run("replay", "--events", "none.jsonl")
    assert result.exit_code == 1
    assert "STAGESTREAM_POLICY" in result.stderr


def test_rules_are_listed_and_each_is_explained(run: Run) -> None:
    assert "| [`missing`](missing.md) | " in run("rules").output
    page = run("rules", "missing").output
    assert page.startswith("# missing\n")
    assert "| `since_last` | " in page


def test_rule_type_that_there_is_not_is_told_with_those_that_there_are(run: Run) -> None:
    result = run("rules", "perfomed")
    assert result.exit_code == 2
    assert "there is no rule type perfomed" in result.output


def test_pages_of_all_rule_types_are_written(run: Run, tmp_path: Path) -> None:
    assert run("rules", "--write", str(tmp_path / "rules")).exit_code == 0
    written = {path.name for path in (tmp_path / "rules").iterdir()}
    assert {"README.md", "missing.md", "all-any-not.md"} <= written
