"""HTML as a tree: text is escaped where the tree is written, so that no page can forget it.

A page is whole in itself: no script, no picture, no request to anywhere; its one style sheet stands in it, and the
content security policy allows nothing else.
"""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from xml.etree import ElementTree as ET

from streams.codec.instants import instant_or_none
from streams.words import moment

_STYLE = """
:root { color-scheme: light dark; --line: color-mix(in srgb, CanvasText 20%, Canvas); }
body { font: 1rem/1.5 system-ui, sans-serif; margin: 0 auto; max-width: 72rem; padding: 1rem; }
h1, h2, h3, p { overflow-wrap: anywhere; }
h2 { margin-top: 2.5rem; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; }
caption { padding: 0.25rem 0; text-align: left; }
th, td { border-bottom: 1px solid var(--line); padding: 0.25rem 1.5rem 0.25rem 0; text-align: left; vertical-align: top; }
tbody th { font-weight: inherit; min-width: 12rem; }
time { white-space: nowrap; }
.yes { color: light-dark(#0a6b2d, #6fdc8c); }
.no { color: light-dark(#a3161a, #ff9a9a); }
.undecided { color: light-dark(#7a4b00, #ffd27a); }
.depth-1 { padding-left: 1.5rem; }
.depth-2 { padding-left: 3rem; }
.depth-3 { padding-left: 4.5rem; }
"""
DEEPEST = 3
"""How far parts of parts are moved in; their numbers go on telling what belongs to what."""

_STYLE_HASH = b64encode(sha256(_STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; base-uri 'none'; form-action 'none';"
    " frame-ancestors 'none'"
)
"""The content security policy of every page."""

Content = ET.Element | str


def element(tag: str, *content: Content, **attributes: str) -> ET.Element:
    """An element with its content; attributes are written `class_`, where Python has the word, and `aria_label`."""
    made = ET.Element(tag, {name.rstrip("_").replace("_", "-"): value for name, value in attributes.items()})
    for part in content:
        if isinstance(part, ET.Element):
            made.append(part)
        elif len(made):
            made[-1].tail = (made[-1].tail or "") + part
        else:
            made.text = (made.text or "") + part
    return made


def instant(at_ms: int) -> ET.Element:
    """An instant as people read it, and for programs."""
    written = instant_or_none(at_ms)
    return element("time", moment(at_ms), **({"datetime": written} if written else {}))


def table(caption: list[Content], columns: list[str], rows: list[ET.Element]) -> ET.Element:
    """A table that can be moved sideways where the window is narrower."""
    title = element("caption", *caption)
    head = element("thead", element("tr", *(element("th", name, scope="col") for name in columns)))
    body = element("table", title, head, element("tbody", *rows))
    return element(
        "div", body, class_="wide", role="region", tabindex="0", aria_label="".join(title.itertext())
    )


def page(title: str, *content: ET.Element) -> str:
    """A whole page with this title as its first heading."""
    head = element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("title", f"{title} · Stagestream"),
        element("style", _STYLE),
    )
    body = element("body", element("main", element("h1", element("bdi", title)), *content))
    return "<!DOCTYPE html>" + ET.tostring(
        element("html", head, body, lang="en"), encoding="unicode", method="html"
    )
