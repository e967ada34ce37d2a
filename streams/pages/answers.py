"""What a page answers: the same content as HTML or as JSON (`?format=json`), or words that say why there is none."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec
import structlog
from faust import web

from streams.pages.html import POLICY, element, page

_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}
"""What goes with every answer: what it says is personal, and no other site's business."""

log = structlog.get_logger("stagestream.pages")


class Answer(Protocol):
    """What one request gets."""

    status: int
    headers: Mapping[str, str]

    def as_html(self) -> str: ...

    def as_json(self) -> bytes: ...


class RefusedError(Exception):
    """An answer without the content that was asked for. The facts stand beside the words in JSON."""

    def __init__(
        self,
        status: int,
        words: str,
        *,
        headers: Mapping[str, str] | None = None,
        facts: Mapping[str, int | str | None] | None = None,
    ) -> None:
        super().__init__(words)
        self.status = status
        self.headers: Mapping[str, str] = headers or {}
        self._words = words
        self._facts = facts or {}

    def as_html(self) -> str:
        """The words as a page."""
        return page("No answer", element("p", self._words))

    def as_json(self) -> bytes:
        """The words and the facts as JSON."""
        return msgspec.json.encode({"error": self._words, **self._facts}) + b"\n"


def respond(view: web.View, request: web.Request, answer: Answer) -> web.Response:
    """Send the answer in the form that was asked for. The log gets its status, never what was asked."""
    if request.query.get("format") == "json":
        content_type, body = "application/json", answer.as_json()
    else:
        content_type, body = "text/html; charset=utf-8", answer.as_html().encode()
    remote = request.remote  # type: ignore[attr-defined]  # it is aiohttp's request
    log.info("a page was asked for", page=view.view_name, status=answer.status, remote=remote)
    headers = _HEADERS | {"Content-Type": content_type} | dict(answer.headers)
    return view.bytes(body, status=answer.status, headers=headers)
