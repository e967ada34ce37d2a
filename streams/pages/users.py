"""Why a user is where he is, asked of the worker that has him in memory.

    /users/u_123                             the page
    /users/u_123?format=json                 the same as JSON
    /users/u_123?at=2027-01-01T00:00:00Z     as he will be then, if nothing happens

What is explained is a copy, moved up to the instant by a tick; the user himself stays as he is.
"""

from __future__ import annotations

import structlog
from faust import App, web

from stage_models.advance import advance
from stage_models.events import Tick
from stage_models.explain import Explanation, explain
from stage_models.instants import DAY, format_instant, parse_instant
from stage_models.policy.compile import Policy
from streams.engine.engine import Engine
from streams.engine.partition import Partition
from streams.pages.access import ensure_allowed
from streams.pages.answers import Answer, RefusedError, respond
from streams.pages.explanation import Explained
from streams.settings import WebSettings

_PATH = "/users/{user_id:.+}"  # an id may hold anything, also slashes
_MOST_AHEAD_MS = 366 * DAY  # every due until then is judged, and the worker has other things to do
_RETRY = {"Retry-After": "5"}

log = structlog.get_logger("stagestream.pages.users")


def add_users(app: App, engine: Engine, policy: Policy, settings: WebSettings) -> None:
    """Serve /users/ID to those who know the token."""

    async def user(view: web.View, request: web.Request, user_id: str) -> web.Response:
        try:
            ensure_allowed(settings, request.headers.get("Authorization"))
            partitions = await _partitions_of(engine, user_id)
            explanation = _explained(policy, partitions, user_id, request.query.get("at"))
            answer: Answer = Explained(policy.ref, explanation)
        except RefusedError as refused:
            answer = refused
        return respond(view, request, answer)

    app.page(_PATH, name="user")(user)


async def _partitions_of(engine: Engine, user_id: str) -> list[Partition]:
    """The partition that holds the user if anybody does; all of ours when his may be any of them."""
    if not engine.has_taken_over:
        raise RefusedError(
            503, "The partitions are being recovered. Try again in a few seconds.", headers=_RETRY
        )
    home = engine.home_of(user_id.encode(errors="surrogateescape"))
    if home is None:
        return list(engine.partitions.values())
    if home in engine.partitions:
        return [engine.partitions[home]]
    owner = await engine.owner_of(home)
    raise RefusedError(
        421,
        f"The user belongs to partition {home}, which another worker holds{f': {owner}' if owner else ''}.",
        facts={"partition": home, "worker": owner},
    )


def _explained(policy: Policy, partitions: list[Partition], user_id: str, at: str | None) -> Explanation:
    try:
        for partition in partitions:
            _ensure_answers(partition, user_id)
            if (user := partition.copy_of(user_id)) is not None:
                at_ms = _instant(at, user.clock, partition.watermark)
                advance(policy, user, Tick(at_ms + 1))
                return explain(policy, user, at_ms)
    except RefusedError:
        raise
    except Exception as error:  # noqa: BLE001 -- a rule may raise anything; its text may quote values
        log.error("a user could not be explained", error=type(error).__name__)  # noqa: TRY400 -- as above
        raise RefusedError(500, "A rule raised an error. The worker's log names its kind.") from None
    numbers = ", ".join(str(partition.number) for partition in partitions) or "none"
    raise RefusedError(
        404, f"No event of a user with this id was applied in partition {numbers}, which this worker holds."
    )


def _ensure_answers(partition: Partition, user_id: str) -> None:
    """Raises RefusedError where what is stored of the user is not what our policy says of him now."""
    if partition.has_strangers:
        raise RefusedError(
            503, "The policy has changed, and users are being judged by it. Try again soon.", headers=_RETRY
        )
    if user_id in partition.quarantined:
        raise RefusedError(
            409,
            "The user is quarantined: the stored state is larger than the changelog takes, so events count no more."
            " They are dead letters with the reason state_too_large.",
        )


def _instant(text: str | None, clock_ms: int, watermark_ms: int) -> int:
    """The instant to explain; without one that is up to which the worker has let time act."""
    now_ms = max(clock_ms, watermark_ms)
    if text is None:
        return now_ms
    try:
        at_ms = parse_instant(text)
    except ValueError:
        raise RefusedError(400, "at is no instant; try at=2026-11-20T09:12:44Z") from None
    if at_ms < clock_ms:
        raise RefusedError(
            400,
            f"The worker remembers the user as he is since {format_instant(clock_ms)};"
            " of earlier instants stagestream explain tells, from the events.",
        )
    if at_ms > now_ms + _MOST_AHEAD_MS:
        raise RefusedError(400, f"at lies more than a year ahead of {format_instant(now_ms)}")
    return at_ms
