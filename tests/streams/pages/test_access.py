"""Who may see a user: the token, and nothing that looks like it."""

from __future__ import annotations

from base64 import b64encode

import pytest
from pydantic import SecretStr

from streams.pages.access import ensure_allowed
from streams.pages.answers import RefusedError
from streams.settings import WebSettings

TOKEN = "correct-horse-battery-staple-1234567"
SETTINGS = WebSettings(token=SecretStr(TOKEN))


def basic(credentials: str) -> str:
    return f"Basic {b64encode(credentials.encode()).decode()}"


@pytest.mark.parametrize(
    "authorization",
    [f"Bearer {TOKEN}", f"bearer  {TOKEN}", basic(f"anybody:{TOKEN}"), basic(f":{TOKEN}")],
)
def test_the_token_opens(authorization: str) -> None:
    ensure_allowed(SETTINGS, authorization)


@pytest.mark.parametrize(
    "authorization",
    [
        None,
        "",
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Bearer {TOKEN.upper()}",
        "Bearer ü",
        "Bearer \udcff",
        TOKEN,
        f"Digest {TOKEN}",
        basic(TOKEN),
        basic(f"{TOKEN}:"),
        f"Basic {TOKEN}",
        "Basic ü",
        "Basic =",
    ],
)
def test_anything_else_is_asked_for_the_token(authorization: str | None) -> None:
    with pytest.raises(RefusedError) as refused:
        ensure_allowed(SETTINGS, authorization)
    assert refused.value.status == 401
    assert refused.value.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert TOKEN not in refused.value.as_html()


def test_without_a_token_in_the_settings_there_is_nothing_to_see() -> None:
    with pytest.raises(RefusedError) as refused:
        ensure_allowed(WebSettings(), f"Bearer {TOKEN}")
    assert refused.value.status == 404
    assert "STAGESTREAM_WEB__TOKEN" in refused.value.as_html()
