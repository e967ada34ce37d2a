"""An explanation as JSON: everything that was explained, instants as text."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from stage_models.explain import Answer, Explanation, Membership
from stage_models.transitions import PolicyRef
from streams.codec import explanations
from streams.codec.explanations import encode_explanation

POLICY = PolicyRef("small", 3, "26bd866e008c2fde")
PART = Answer(
    rule="rule.all.0",
    condition="two",
    holds=None,
    observed=None,
    threshold=4,
    instants=[1_000],
    approximate=True,
    next_change=253_402_300_800_000,  # the year 10000 has no RFC 3339 text
    parts=[],
)
WHOLE = Answer(
    rule="rule",
    condition="one and two",
    holds=False,
    observed=False,
    threshold=True,
    instants=[],
    approximate=False,
    next_change=60_000,
    parts=[PART],
)
SHOWN_PART = {
    "rule": "rule.all.0",
    "condition": "two",
    "holds": None,
    "observed": None,
    "threshold": 4,
    "missing": 4,
    "instants": ["1970-01-01T00:00:01.000Z"],
    "approximate": True,
    "next_change": None,
    "parts": [],
}
SHOWN_WHOLE = {
    "rule": "rule",
    "condition": "one and two",
    "holds": False,
    "observed": False,
    "threshold": True,
    "missing": None,
    "instants": [],
    "approximate": False,
    "next_change": "1970-01-01T00:01:00.000Z",
    "parts": [SHOWN_PART],
}


@pytest.fixture
def written() -> dict[str, Any]:
    memberships = [
        Membership("stage", "new", is_on=True, since=0),
        Membership("segment", "odd", is_on=False, since=None, held_until=5_000, when=WHOLE, until=PART),
    ]
    explanation = Explanation("ü/😀", 1_500, "new", 0, "new", ["odd"], memberships, [])
    text = encode_explanation(POLICY, explanation)
    assert text.endswith(b"}\n")
    document: dict[str, Any] = json.loads(text)
    return document


def test_the_user_and_who_judged_stand_first(written: dict[str, Any]) -> None:
    assert list(written.items())[:7] == [
        ("user_id", "ü/😀"),
        ("at", "1970-01-01T00:00:01.500Z"),
        ("policy", {"name": "small", "version": 3, "fingerprint": "26bd866e008c2fde"}),
        ("stage", "new"),
        ("stage_since", "1970-01-01T00:00:00.000Z"),
        ("highest_stage", "new"),
        ("segments", ["odd"]),
    ]


def test_every_answer_is_there_with_all_its_parts(written: dict[str, Any]) -> None:
    base, odd = written["memberships"]
    assert (base["since"], base["when"], base["until"]) == ("1970-01-01T00:00:00.000Z", None, None)
    assert (odd["since"], odd["held_until"]) == (None, "1970-01-01T00:00:05.000Z")
    assert odd["when"] == SHOWN_WHOLE
    assert odd["until"] == SHOWN_PART


def test_every_field_is_explained_to_readers() -> None:
    page = (Path(__file__).parents[3] / "docs/how-to/see-why-a-user-is-there.md").read_text(encoding="utf-8")
    structs = (
        explanations._Explanation,
        explanations._Membership,
        explanations._Answer,
        explanations._Foretold,
    )
    fields = {name for struct in structs for name in struct.__struct_fields__}
    assert {name for name in fields if f"`{name}`" not in page} == set()
