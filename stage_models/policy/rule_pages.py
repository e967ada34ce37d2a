"""The rule reference: a page for each rule type, made of what stands in its file.

That is its docstring (what it asks, rules as people write them, what they mean), the model with its keys, and its
EXAMPLES: rules, each with a history and whether the rule holds after each row of it.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterator
from itertools import groupby
from types import ModuleType, NoneType, UnionType
from typing import Annotated, Any, Literal, NamedTuple, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from stage_models.conditions import RULES, Rule
from stage_models.policy.load import load
from stage_models.terms import DateRange, Duration, EventSetSpec

SAMPLE = """\
policy: sample
version: 1
events:
  activity: {any: true, except: [Email Opened]}
  core: [Report Exported, Dashboard Shared]
  pricing: {event: Page Viewed, where: {path: {starts_with: /pricing}}}
  order: [Order Completed]
ladder:
  - {stage: signup, action: Welcome them}
  - {stage: activated, when: {performed: core}, action: Show more}
  - {stage: dormant, lapsed: true, when: {inactive: activity, for: 14 days}, action: Remind them}
segments:
  - {segment: high-intent, when: {performed: pricing, at_least: 2, within: 7 days}, action: Call them}
  - {segment: example, when: RULE, action: Look at the example}
"""
"""The policy in which the examples stand, each in the place of RULE."""

_RULE = re.compile(r"^ *(\{.*\})(?: {2,}.*)?$", re.MULTILINE)
_VALUES = {
    frozenset({Duration}): "[duration](../policy-language.md#durations)",
    frozenset({DateRange}): "dates",
    frozenset({int}): "whole number",
    frozenset({int, float}): "number",
    frozenset({str}): "text",
    frozenset({bool}): "true or false",
    frozenset({bool, int, float, str}): "value",
}
_EVENTS = "[events](../policy-language.md#events)"
_PROPERTIES = "[properties](../policy-language.md#events)"


class Example(NamedTuple):
    """A rule as text, and a table (see stage_models.testing) with a column `holds`: yes, no or undecided."""

    rule: str
    table: str


def pages() -> dict[str, str]:
    """All pages as Markdown, by file name; README.md is the list of them."""
    groups = list(_groups())
    texts = {f"{_name(rules)}.md": _page(module, rules) for module, rules in groups}
    return {"README.md": _index(groups), **texts}


def page_of(rule_type: str) -> str | None:
    """The page of one rule type; None if there is no such type."""
    found = (_page(module, rules) for module, rules in _groups() if rule_type in [rule.KEY for rule in rules])
    return next(found, None)


def examples_of(module: ModuleType) -> list[Example]:
    """The examples of a rule type's file."""
    _, *parts = _RULE.split(module.EXAMPLES)
    return [Example(rule, table) for rule, table in zip(parts[::2], parts[1::2], strict=True)]


def modules() -> list[ModuleType]:
    """The files of the rule types, in the order of the reference."""
    return [module for module, _ in _groups()]


def written_in(module: ModuleType) -> list[str]:
    """The rules that the docstring of a rule type's file shows."""
    return _RULE.findall(_parts(module)[1])


def _groups() -> Iterator[tuple[ModuleType, list[type[Rule]]]]:
    """The files of the rule types, each with its types; all, any and not share one."""
    for module, rules in groupby(RULES, key=inspect.getmodule):
        assert module is not None
        yield module, list(rules)


def _name(rules: list[type[Rule]]) -> str:
    return "-".join(rule.KEY for rule in rules)


def _parts(module: ModuleType) -> tuple[str, str, str]:
    """The docstring: its first line, the rules that it shows, and what it says of them."""
    first, rules, rest = inspect.cleandoc(module.__doc__ or "").split("\n\n", 2)
    return first, rules, rest


def _summary(module: ModuleType) -> str:
    text = _parts(module)[0].partition(": ")[2].replace("\n", " ")
    return text[0].upper() + text[1:]


def _index(groups: list[tuple[ModuleType, list[type[Rule]]]]) -> str:
    rows = [
        f"| [{', '.join(f'`{rule.KEY}`' for rule in rules)}]({_name(rules)}.md) | {_summary(module)} |"
        for module, rules in groups
    ]
    return "\n".join(
        [
            "# Rule types",
            "",
            _made_by("stage_models/conditions"),
            "",
            "What stands in `when` and `until`. `stagestream rules TYPE` prints a page of these; what they have in",
            "common stands in [the policy language](../policy-language.md).",
            "",
            "| rule type | what it asks |",
            "| --- | --- |",
            *rows,
            "",
            "## The policy of the examples",
            "",
            "Each example is a rule with a history of one user: what comes in, and whether the rule holds then. `-` lets",
            "time pass. The rule stands in this policy, in the place of RULE:",
            "",
            "```text",
            SAMPLE.rstrip("\n"),
            "```",
            "",
        ]
    )


def _page(module: ModuleType, rules: list[type[Rule]]) -> str:
    return "\n".join(
        [
            f"# {', '.join(rule.KEY for rule in rules)}",
            "",
            _made_by(f"{module.__name__.replace('.', '/')}.py"),
            "",
            _summary(module),
            "",
            "| rule | in words |",
            "| --- | --- |",
            *(f"| `{written}` | {_sentence(written)} |" for written in written_in(module)),
            "",
            "## When it holds",
            "",
            *([f"{rules[0].__doc__}", ""] if len(rules) == 1 else []),
            _parts(module)[2],
            "",
            "## Keys",
            "",
            "| key | value | if left out | meaning |",
            "| --- | --- | --- | --- |",
            *(_key_row(name, field) for rule in rules for name, field in rule.model_fields.items()),
            "",
            "## Examples",
            "",
            "They stand in [this policy](README.md#the-policy-of-the-examples).",
            "",
            *(line for example in examples_of(module) for line in _shown(example)),
        ]
    )


def _made_by(source: str) -> str:
    return f"<!-- Made of {source} by `stagestream rules --write docs/reference/rules`: change it there. -->"


def _shown(example: Example) -> list[str]:
    return [f"`{example.rule}`", "", "```text", example.table.strip("\n"), "```", ""]


def _sentence(rule: str) -> str:
    """The rule in words."""
    policy = load(SAMPLE.replace("RULE", rule), "sample.yaml")
    return policy.segment_latches[-1].when.sentence


def _key_row(name: str, field: FieldInfo) -> str:
    key = field.alias or name
    default = "" if field.default is None else str(field.default)
    left_out = "needed" if field.is_required() else default or "-"
    meaning = field.description or "the events that are looked at"
    return f"| `{key}` | {_value(field.annotation)} | {left_out} | {meaning} |"


def _value(annotation: Any) -> str:
    """What people write there, in words."""
    kinds = _kinds(annotation)
    first = kinds[0]
    if EventSetSpec in kinds:
        return _EVENTS
    if get_origin(first) is Literal:
        return ", ".join(f"`{word}`" for word in get_args(first))
    if get_origin(first) is list:
        one = _value(get_args(first)[0])
        return f"list of {one}" if one == _EVENTS else f"list of {one}s"
    if get_origin(first) is dict:
        return _PROPERTIES
    if issubclass(first, Rule):
        return "rule"
    return _VALUES[frozenset(kinds)]


def _kinds(annotation: Any) -> list[Any]:
    """The types of a union, without None and without what is only annotated."""
    origin = get_origin(annotation)
    if origin is Annotated:
        return _kinds(get_args(annotation)[0])
    if origin in (Union, UnionType):
        return [kind for member in get_args(annotation) for kind in _kinds(member)]
    return [] if annotation is NoneType else [annotation]
