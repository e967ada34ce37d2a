"""The metrics, for Prometheus to scrape."""

from __future__ import annotations

from faust import App, web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

_CONTENT_TYPE = CONTENT_TYPE_LATEST.partition("; charset")[
    0
]  # aiohttp wants the charset apart; UTF-8 is implied


def add_metrics(app: App) -> None:
    """Serve /metrics, with and without a slash at the end."""

    async def metrics(view: web.View, request: web.Request) -> web.Response:  # noqa: ARG001 -- Faust's signature
        return view.bytes(generate_latest(), content_type=_CONTENT_TYPE)

    for path in ("/metrics", "/metrics/"):
        app.page(path, name=path)(metrics)
