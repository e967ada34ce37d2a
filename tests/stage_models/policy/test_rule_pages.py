"""The rule reference: its pages are those that the rule files give, and what they show is so.

`stagestream rules --write docs/reference/rules` renews them.
"""

from __future__ import annotations

from pathlib import Path
from types import ModuleType

import pytest

from stage_models.advance import advance
from stage_models.conditions import RULES
from stage_models.events import Event
from stage_models.explain import explain
from stage_models.policy import load
from stage_models.policy.rule_pages import SAMPLE, Example, examples_of, modules, page_of, pages, written_in
from stage_models.testing import read_table
from stage_models.user import User

PUBLISHED = Path(__file__).parents[3] / "docs" / "reference" / "rules"
EXAMPLES = [(module, example) for module in modules() for example in examples_of(module)]


def name_of(value: object) -> str:
    return value.__name__.rpartition(".")[2] if isinstance(value, ModuleType) else str(value)


def answers(example: Example) -> tuple[list[str], list[str]]:
    """By row, whether the rule holds as the example says, and as the evaluator does."""
    policy = load(SAMPLE.replace("RULE", example.rule), "sample.yaml")
    _, rows = read_table(example.table, "holds")
    user: User | None = None
    found = []
    for row in rows:
        user = advance(policy, user, row.input).user
        at = row.input.occurred_at if isinstance(row.input, Event) else row.input.time - 1
        rule = explain(policy, user, max(at, user.clock)).memberships[-1].when
        assert rule is not None
        found.append({True: "yes", False: "no", None: "undecided"}[rule.holds])
    return [row.cells["holds"] for row in rows], found


def test_published_pages_are_those_that_the_rule_files_give() -> None:
    published = {path.name: path.read_text(encoding="utf-8") for path in PUBLISHED.glob("*.md")}
    assert published == pages()


@pytest.mark.parametrize(("module", "example"), EXAMPLES, ids=name_of)
def test_example_holds_when_it_says(module: ModuleType, example: Example) -> None:
    said, found = answers(example)
    assert found == said


@pytest.mark.parametrize("module", modules(), ids=name_of)
def test_rule_type_shows_how_it_comes_to_hold_and_how_it_ends(module: ModuleType) -> None:
    columns = [answers(example)[0] for example in examples_of(module)]
    assert any("no" in column and "yes" in column for column in columns)
    assert written_in(module)


def test_example_that_says_something_else_is_noticed() -> None:
    table = "time  event  holds\n2026-01-05  Signed In  no\n2026-01-19  -  no"
    said, found = answers(Example("{inactive: activity, for: 14 days}", table))
    assert (said[-1], found[-1]) == ("no", "yes")


def test_every_rule_type_has_a_page_that_explains_each_of_its_keys() -> None:
    for rule in RULES:
        page = page_of(rule.KEY)
        assert page is not None
        for name, field in rule.model_fields.items():
            assert f"| `{field.alias or name}` | " in page
            assert field.description or name == rule.KEY, f"{rule.KEY}: {name} has no description"


def test_what_is_no_rule_type_has_no_page() -> None:
    assert page_of("perfomed") is None
