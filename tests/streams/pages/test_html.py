"""The frame of all pages: what is written stays text, and the policy of contents allows the style that is there."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256

from streams.pages.html import POLICY, element, page, table
from tests.streams.pages.reading import read, text


def test_text_and_elements_keep_their_order() -> None:
    made = element("p", "one ", element("b", "two"), " three", " four ", element("i"), "five")
    assert text(made) == "one two three four five"
    assert [part.tag for part in made] == ["b", "i"]


def test_text_and_attributes_stay_what_they_are() -> None:
    nasty = "</p><script>&amp;'\""
    made = read(page(nasty, element("p", nasty, class_=nasty)))
    [paragraph] = made.iter("p")
    assert (paragraph.text, paragraph.get("class")) == (nasty, nasty)
    assert list(made.iter("script")) == []


def test_the_policy_allows_exactly_the_style_of_the_page() -> None:
    [style] = read(page("Any")).iter("style")
    digest = b64encode(sha256((style.text or "").encode()).digest()).decode()
    assert f"style-src 'sha256-{digest}';" in POLICY
    assert POLICY.startswith("default-src 'none';")


def test_a_wide_table_can_be_moved_with_the_keys() -> None:
    made = table(["Who, ", element("b", "when")], ["one"], [])
    assert (made.get("tabindex"), made.get("role"), made.get("aria-label")) == ("0", "region", "Who, when")
