"""Who may see what is about one user: those who know the token.

Programs send it as `Authorization: Bearer`, browsers as the password of HTTP Basic with any user name; so it stands
in no address, no history and no log.
"""

from __future__ import annotations

from base64 import b64decode
from hmac import compare_digest

from streams.pages.answers import RefusedError
from streams.settings import PREFIX, WebSettings

_ASK = {"WWW-Authenticate": 'Basic realm="stagestream", charset="UTF-8"'}


def ensure_allowed(settings: WebSettings, authorization: str | None) -> None:
    """Raises RefusedError: 404 when no token is set, 401 when the header does not carry it."""
    if settings.token is None:
        raise RefusedError(
            404,
            f"Pages about single users are off. {PREFIX}WEB__TOKEN, a secret of your choice, turns them on.",
        )
    known = settings.token.get_secret_value().encode()
    if not compare_digest(_shown(authorization or ""), known):
        raise RefusedError(
            401,
            "The token is needed: as a bearer token, or as the password with any user name.",
            headers=_ASK,
        )


def _shown(authorization: str) -> bytes:
    """The token that a header shows; empty when it shows none."""
    scheme, _, credentials = authorization.partition(" ")
    match scheme.lower():
        case "bearer":
            return credentials.strip().encode(errors="surrogateescape")  # a header may hold any byte
        case "basic":
            try:
                return b64decode(credentials, validate=True).partition(b":")[2]
            except ValueError:
                return b""
        case _:
            return b""
