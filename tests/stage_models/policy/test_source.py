from __future__ import annotations

from itertools import pairwise

import pytest

from stage_models.policy.source import MAX_CHARACTERS, Place, read

LAUGHS = "a: &a [1, 1, 1, 1, 1, 1, 1, 1, 1]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{before}'] * 9)}]\n" for before, name in pairwise("abcdefgh")
)


def test_every_value_and_key_has_its_place() -> None:
    source = read("a: 1\nb:\n  - {c: x}\n", "f")
    assert source.value == {"a": 1, "b": [{"c": "x"}]}
    assert source.place(("b", 0, "c")) == Place(3, 9)
    assert source.place(("b", 0, "c"), of_key=True) == Place(3, 6)


def test_place_of_what_is_missing_is_that_of_its_parent() -> None:
    source = read("a: 1\nb:\n  - {c: x}\n", "f")
    assert source.place(("b", 0, "d", "e")) == source.place(("b", 0))


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("on", "on"),
        ("no", "no"),
        ("2027-02-01", "2027-02-01"),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("true", True),
        ("False", False),
        ("~", None),
        ("", None),
        ("007", 7),
        ("+12", 12),
        ("-0o17", -15),
        ("0x1F", 31),
        ("1_000", 1000),
        ("-.5", -0.5),
        ("1e3", 1000.0),
    ],
)
def test_words_are_those_of_yaml_1_2_and_dates_are_text(text: str, value: object) -> None:
    found = read(f"a: {text}", "f").value["a"]
    assert found == value
    assert type(found) is type(value)


def test_alias_means_the_value_it_names() -> None:
    source = read("a: &x {b: 1}\nc: *x", "f")
    assert source.value == {"a": {"b": 1}, "c": {"b": 1}}
    assert source.value["a"] is not source.value["c"]


@pytest.mark.parametrize(
    "text",
    [
        "a: &x [1, *x]",
        "- " * 3000,
        "x" * (MAX_CHARACTERS + 1),
        LAUGHS,
    ],
    ids=["circle", "deep", "large", "billion laughs"],
)
@pytest.mark.timeout(10)
def test_text_that_unfolds_without_end_is_refused(text: str) -> None:
    source = read(text, "f")
    assert source.value is None
    assert len(source.problems) == 1


@pytest.mark.parametrize(
    ("text", "message", "line", "column"),
    [
        ("a: .inf", "a number must be finite", 1, 4),
        ("a: 1\n? [x]\n: 1", "a key must be a text", 2, 3),
        ("b: 1\na: \x01", "this is not YAML", 2, 4),
        ("%YAML 3.0\n---\na: 1", "this is not YAML", 1, 1),
        ("a: *x", "this is not YAML", 1, 4),
        ("a: 'x", "this is not YAML", 1, 6),
        ("a: !new [1]", "tags are not part of the policy language", 1, 4),
    ],
)
def test_what_a_policy_does_not_want_is_located(text: str, message: str, line: int, column: int) -> None:
    (problem,) = read(text, "f").problems
    assert (problem.message, problem.line, problem.column) == (message, line, column)


def test_anchor_may_be_used_again() -> None:
    assert read("a: &x 1\nb: &x 2\nc: *x", "f").value == {"a": 1, "b": 2, "c": 2}
