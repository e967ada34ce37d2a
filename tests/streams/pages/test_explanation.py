"""A user's page: every condition has its row, and nothing that anybody wrote becomes markup."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from xml.etree.ElementTree import Element

import pytest

from stage_models.explain import Answer, Explanation
from stage_models.policy.compile import Policy
from streams.pages.explanation import Explained
from tests.streams.pages.conftest import Explain
from tests.streams.pages.reading import read, rows, tables, text


@pytest.fixture
def page(policy: Policy, explained: Explain) -> Element:
    return read(Explained(policy.ref, explained()).as_html())


def test_the_page_begins_with_where_the_user_is(page: Element) -> None:
    heading, place, judged = (text(part) for part in list(page.findall("./body/main/*"))[:3])
    assert heading == "User ann"
    assert place == "In stage active since 2026-01-01 10:00:00; highest stage active; segments: worker."
    assert judged == "Under small, version 3, at 2026-01-02 10:10:00. All times are UTC."


def test_every_part_of_every_rule_has_its_row(page: Element) -> None:
    either = 'at least 2 of mail or trait plan is <b>pro</b> & "co"'
    assert rows(tables(page)["Why not in stage busy"]) == [
        [f"when: work on at least 4 days within 7 days and ({either})", "no", "", "", "", ""],
        ["when 1: work on at least 4 days within 7 days", "no", "2", "4", "2", ""],
        [f"when 2: {either}", "no", "", "", "", ""],
        ["when 2.1: at least 2 of mail", "no", "0", "2", "2", ""],
        ['when 2.2: trait plan is <b>pro</b> & "co"', "no", "none", '<b>pro</b> & "co"', "", ""],
        ["until: no work for 3 days", "no", "1", "0", "", "2026-01-05 10:00:00"],
    ]


def test_every_answer_has_its_row(page: Element, explained: Explain) -> None:
    found = [
        row for heading, table in tables(page).items() if heading.startswith("Why") for row in rows(table)
    ]
    assert len(found) == len(list(answers(explained()))) == 9


def test_a_membership_says_since_when_and_until_when_it_is_held(page: Element) -> None:
    caption = tables(page)["Why in segment worker"].find("./caption")
    assert caption is not None
    assert text(caption) == "segment worker, on since 2026-01-02 10:00:00, held until 2026-01-07 10:00:00"
    assert [time.get("datetime") for time in caption] == [
        "2026-01-02T10:00:00.000Z",
        "2026-01-07T10:00:00.000Z",
    ]


def test_what_comes_next_is_told_in_order(page: Element) -> None:
    assert [row[:2] for row in rows(tables(page)["If nothing happens"])] == [
        ["2026-01-08 10:00:00", "left worker"],
        ["2026-01-16 10:00:00", "fell from active to at-risk"],
    ]


@pytest.mark.parametrize(
    "user_id", ["<script>alert(1)</script>", "\"><img src=x onerror='x'>", "a&lt;b", "ü😀"]
)
def test_a_user_id_stays_text(policy: Policy, explained: Explain, user_id: str) -> None:
    page = read(Explained(policy.ref, explained(user_id)).as_html())
    tags = {part.tag for part in page.iter()}
    assert text(page.findall(".//h1")[0]) == f"User {user_id}"
    assert text(page.findall(".//title")[0]) == f"User {user_id} · Stagestream"
    assert tags.isdisjoint({"script", "img", "b"})


def test_the_page_can_be_read_aloud(page: Element) -> None:
    levels = [int(part.tag[1]) for part in page.iter() if part.tag in {"h1", "h2", "h3"}]
    assert page.get("lang") == "en"
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    for table in page.iter("table"):
        assert table[0].tag == "caption"
        assert all(cell.get("scope") == "col" for cell in table.iterfind("./thead/tr/th"))
        assert all(row[0].get("scope") == "row" for row in table.iterfind("./tbody/tr"))
        assert {len(row) for row in table.iter("tr")} == {len(list(table.iterfind("./thead/tr/th")))}


def test_the_page_asks_nobody_for_anything(page: Element) -> None:
    tags = {part.tag for part in page.iter()}
    attributes = {name for part in page.iter() for name in part.keys()}  # noqa: SIM118 -- an element is no mapping
    assert tags.isdisjoint({"script", "link", "img", "iframe", "object", "embed", "form", "base", "a"})
    assert attributes.isdisjoint({"src", "href", "action", "style"})
    assert not [name for name in attributes if name.startswith("on")]
    assert "url(" not in text(page)
    assert "@import" not in text(page)


def answers(explanation: Explanation) -> Iterator[Answer]:
    """Every answer and every part of it."""
    waiting = [
        answer
        for membership in explanation.memberships
        for answer in (membership.when, membership.until)
        if answer is not None
    ]
    while waiting:
        answer = waiting.pop()
        yield answer
        waiting += answer.parts
