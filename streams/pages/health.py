"""Whether the worker lives, is ready, and was ready once.

None of them looks at the broker, the lag or a sink: an outage elsewhere must not restart every worker at once. Each
check and its value stand in the body.
"""

from __future__ import annotations

import time

from faust import App, web

from streams.engine.engine import Engine

_BEAT_SECONDS = 30.0


def add_health(app: App, engine: Engine) -> None:
    """Serve /health/live, /health/ready and /health/startup, with and without a slash at the end."""

    async def live(view: web.View, request: web.Request) -> web.Response:  # noqa: ARG001 -- Faust's signature
        silence = time.monotonic() - engine.membership.thread_beat_at
        return _answer(view, {"event_loop": True, "member_thread": silence < _BEAT_SECONDS})

    async def ready(view: web.View, request: web.Request) -> web.Response:  # noqa: ARG001
        checks = {"group_joined": engine.has_assignment, "partitions_recovered": engine.has_taken_over}
        return _answer(view, checks)

    async def startup(view: web.View, request: web.Request) -> web.Response:  # noqa: ARG001
        return _answer(view, {"was_ready": engine.was_ready})

    for name, page in (("live", live), ("ready", ready), ("startup", startup)):
        for path in (f"/health/{name}", f"/health/{name}/"):
            app.page(path, name=path)(page)


def _answer(view: web.View, checks: dict[str, bool]) -> web.Response:
    return view.json(checks, status=200 if all(checks.values()) else 503)
