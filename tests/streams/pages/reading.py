"""Reads a page as a browser would, but strictly: what is not closed in order is a mistake."""

from __future__ import annotations

from html.parser import HTMLParser
from xml.etree import ElementTree as ET

_WITHOUT_END = {"meta"}


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.builder = ET.TreeBuilder()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        assert len(dict(attrs)) == len(attrs), f"{tag} has an attribute twice"
        self.builder.start(tag, {name: value or "" for name, value in attrs})
        if tag in _WITHOUT_END:
            self.builder.end(tag)
        else:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag, f"{tag} is closed out of order"
        self.builder.end(tag)

    def handle_data(self, data: str) -> None:
        if self.open:
            self.builder.data(data)


def read(html: str) -> ET.Element:
    """The tree of a page. Raises AssertionError where it is not closed in order."""
    assert html.startswith("<!DOCTYPE html>")
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == []
    return reader.builder.close()


def text(element: ET.Element) -> str:
    """All the text in an element."""
    return "".join(element.itertext())


def rows(table: ET.Element) -> list[list[str]]:
    """The rows of a table's body: the text of each cell."""
    return [[text(cell) for cell in row] for row in table.iterfind("./tbody/tr")]


def tables(page: ET.Element) -> dict[str, ET.Element]:
    """The tables of a page, by the heading that each stands under."""
    found: dict[str, ET.Element] = {}
    heading = ""
    for part in page.iter():
        if part.tag in {"h2", "h3"}:
            heading = text(part)
        elif part.tag == "table":
            found[heading] = part
    return found
