"""README and docs tell the truth: policies load, commands print what stands there, links lead somewhere."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from textwrap import dedent

import pytest
from rich.console import Console

from stage_models.conditions import RULES
from stage_models.contract import StageChanged, read_transition
from stage_models.events import Event
from stage_models.instants import parse_instant
from stage_models.policy import load
from streams import settings
from streams.cli.demo import matrix
from streams.codec import decoder
from streams.policy_files import read_policy
from streams.words import headline, moment, why

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").rglob("*.md"))]
BLOCK = re.compile(r"^```([^\n]*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
DATA = ROOT / "examples" / "data" / "complete_journey_demo.jsonl.gz"


def blocks(page: Path, kind: str) -> list[tuple[str, str]]:
    """The blocks of this language on the page: what stands behind the language's name, and the text."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(info.removeprefix(kind).strip(), text) for info, text in found if info.split(" ")[0] == kind]


def name_of(page: Path) -> str:
    """The page's path in the repository."""
    return str(page.relative_to(ROOT))


def run(command: str, folder: Path) -> str:
    """What a command prints, on either stream."""
    code = f"{sys.executable} -m streams"
    command = re.sub(r"^stagestream", code, command)
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COLUMNS": "118", "NO_COLOR": "1"}
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, check=False
    )
    return "\n".join(line.rstrip() for line in (done.stdout + done.stderr).splitlines())


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_policies_load(page: Path) -> None:
    for name, text in blocks(page, "yaml"):
        if text.startswith("policy:"):
            load(text, name or name_of(page))


def steps(text: str) -> Iterator[tuple[str, str]]:
    """Each command of a console block with what it prints."""
    for step in re.split(r"^\$ ", text, flags=re.MULTILINE)[1:]:
        command, _, printed = step.partition("\n")
        yield command, printed


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_commands_print_what_the_page_says(page: Path, tmp_path: Path) -> None:
    for folder in ("examples", "policies"):
        (tmp_path / folder).symlink_to(ROOT / folder)
    for name, text in blocks(page, "yaml"):
        if name and not name.startswith("from "):
            (tmp_path / name).write_text(text, encoding="utf-8")
    for _, text in blocks(page, "console"):
        for command, printed in steps(text):
            assert run(command, tmp_path).strip() == printed.strip(), command


TESTED = [page for page in PAGES if blocks(page, "python")]


@pytest.mark.parametrize("page", TESTED, ids=name_of)
def test_python_of_a_page_passes(page: Path, tmp_path: Path) -> None:
    for kind in ("yaml", "python"):
        for name, text in blocks(page, kind):
            (tmp_path / name).write_text(text, encoding="utf-8")
    (tmp_path / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    names = [name for name, _ in blocks(page, "python")]
    found = run(f"{sys.executable} -m pytest -q -p no:cacheprovider {' '.join(names)}", tmp_path)
    assert re.search(r"^\d+ passed", found, re.MULTILINE), found
    assert "failed" not in found


def test_a_page_has_python() -> None:
    assert TESTED


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_links_lead_somewhere(page: Path) -> None:
    for link, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        target = page.parent / link if link else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), f"{link}#{anchor}"


def anchors(page: Path) -> set[str]:
    """What a link to the page may name behind #: its headings, as GitHub writes them."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def quotes(page: Path) -> list[tuple[str, str]]:
    """The blocks of the page that are taken from a file: its path in the repository, and the text."""
    found = BLOCK.findall(page.read_text(encoding="utf-8"))
    return [(info.partition(" from ")[2], text) for info, text in found if " from " in info]


def has_lines(file: str, quote: str) -> bool:
    """Whether the lines stand in the file one after the other, perhaps further to the right."""
    wanted = quote.splitlines()
    lines = file.splitlines()
    runs = (lines[place : place + len(wanted)] for place in range(len(lines)))
    return any(dedent("\n".join(run)).splitlines() == wanted for run in runs)


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_what_a_page_takes_from_a_file_stands_there(page: Path) -> None:
    for path, text in quotes(page):
        assert has_lines((ROOT / path).read_text(encoding="utf-8"), text), f"{path}\n{text}"


def test_quote_that_has_drifted_is_noticed() -> None:
    file = "events:\n  core: [A]\n  order: [B]\n"
    assert has_lines(file, "core: [A]\norder: [B]\n")
    assert not has_lines(file, "core: [A]\norder: [C]\n")
    assert not has_lines(file, "events:\norder: [B]\n")


BEHAVIOURS = sorted((ROOT / "examples" / "behaviours").glob("*.yaml"))


@pytest.mark.parametrize("behaviour", BEHAVIOURS, ids=lambda path: path.stem)
def test_behaviour_is_in_the_index_and_its_rules_and_histories_on_a_page(behaviour: Path) -> None:
    pages = [page for page in PAGES if page.parent.name == "how-to"]
    index = next(page for page in pages if page.name == "find-users.md")
    assert index.read_text(encoding="utf-8").count(f"(../../examples/behaviours/{behaviour.name})") == 1
    told = [text for page in pages for path, text in quotes(page) if path == name_of(behaviour)]
    policy = load(behaviour.read_text(encoding="utf-8"), behaviour.name)
    for example in policy.spec.examples:
        assert example.table in told
    latches = [f"- stage: {stage.stage}\n" for stage in policy.spec.ladder[1:]]
    latches += [f"- segment: {segment.segment}\n" for segment in policy.spec.segments]
    shown = [latch for latch in latches if any(latch in text for text in told)]
    assert shown == latches


def test_demo_shows_what_the_readme_says(tmp_path: Path) -> None:
    """The demo proves itself that its topic equals the replay; so the replay stands for it here."""
    out = tmp_path / "moves.jsonl"
    run(f"stagestream replay --policy retail --events {DATA} --out {out}", tmp_path)
    moves = [read_transition(line) for line in out.read_text(encoding="utf-8").splitlines()]
    console = Console(file=io.StringIO(), width=200)
    console.print(matrix(load(*read_policy("retail")), moves))
    assert isinstance(console.file, io.StringIO)
    shown = set(console.file.getvalue().splitlines())
    for move in moves:
        shown |= {f"  {moment(move.effective_at)}  {headline(move)}", f"    {why(move)}"}
    shown.add(f"proof     the topic holds exactly what replay computes: {len(moves):,} transitions, same ids")
    told = [line for name, text in blocks(README, "text") if name == "demo" for line in text.splitlines()]
    assert len(told) > 10
    assert [line for line in told if line not in shown] == []


def rules_of(page: Path) -> list[str]:
    """The rules in the first column of the page's tables."""
    return re.findall(r"^\| `(\{[^`]*\})` \|", page.read_text(encoding="utf-8"), re.MULTILINE)


LANGUAGE = ROOT / "docs" / "reference" / "policy-language.md"


RULES_SHOWN = [rule for rule in rules_of(LANGUAGE) if not rule.startswith(("{event:", "{any: true"))]


@pytest.mark.parametrize("rule", RULES_SHOWN)
def test_rules_of_the_language_reference_load(rule: str) -> None:
    text = f"""
policy: page
version: 1
events: {{order: [Order Completed]}}
ladder:
  - {{stage: signup, action: x}}
  - {{stage: buyer, when: {{performed: Report Exported}}, action: x}}
segments:
  - {{segment: first, when: {{performed: order}}, action: x}}
  - {{segment: rule, when: {rule}, action: x}}
"""
    assert load(text, name_of(LANGUAGE)).segments


def test_language_reference_has_every_rule_type() -> None:
    text = LANGUAGE.read_text(encoding="utf-8")
    assert [rule.KEY for rule in RULES if f"| `{{{rule.KEY}: " not in text] == []


def test_events_of_the_language_reference_load() -> None:
    table = LANGUAGE.read_text(encoding="utf-8").partition("| written | means |")[2].partition("\n\n")[0]
    written = re.findall(r"^\| `([^`]*)` \|", table, re.MULTILINE)
    assert len(written) == 6
    for events in written:
        load(
            "policy: page\nversion: 1\nevents: {order: [Order Completed]}\nladder:\n  - {stage: signup, action: x}\n"
            f"  - {{stage: buyer, when: {{performed: {events}}}, action: x}}\n",
            name_of(LANGUAGE),
        )


def test_contract_page_shows_a_transition_and_an_event_that_are_read() -> None:
    shown = dict(blocks(ROOT / "docs" / "reference" / "contract.md", "json"))
    assert read_transition(shown["transition"]).kind == "stage.changed"
    record_time_ms = parse_instant("2026-11-20T09:12:45Z")
    event = decoder(settings.InputSettings(), None)(b"u_123", shown["event"].encode(), None, record_time_ms)
    assert isinstance(event, Event)
    assert event.event_id == "m-8812"


def test_contract_page_names_every_field_of_a_transition() -> None:
    text = (ROOT / "docs" / "reference" / "contract.md").read_text(encoding="utf-8")
    shown = dict(blocks(ROOT / "docs" / "reference" / "contract.md", "json"))["transition"]
    assert [name for name in StageChanged.model_fields if f'"{name}"' not in shown] == []
    assert [
        kind for kind in ("stage.changed", "segment.entered", "segment.left") if f"`{kind}`" not in text
    ] == []


def test_settings_and_metrics_that_pages_name_exist() -> None:
    metrics = set(
        re.findall(r"stagestream_[a-z_]+", (ROOT / "streams" / "metrics.py").read_text(encoding="utf-8"))
    )
    known = {name for name, _ in settings.names()} | metrics
    for page in PAGES:
        named = set(re.findall(r"STAGESTREAM_\w+|stagestream_[a-z_]+", page.read_text(encoding="utf-8")))
        assert named - known == set(), page
