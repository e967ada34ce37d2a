"""The worker, wired: a Faust app with its agent, its tasks and its pages.

    app = build_app(settings, policy)

`faust -A streams.app worker` finds the app by its name in this module; it is made from the environment when asked for.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import faust
from faust.auth import Credentials, SASLCredentials, SSLCredentials

from stage_models.policy import load
from stage_models.policy.compile import Policy
from streams import logs
from streams import settings as all_settings
from streams.agents import add_lifecycle
from streams.engine import failure
from streams.engine.engine import Engine
from streams.engine.transport import SliceConsumer, SliceTransport
from streams.engine.watchdog import Watchdog
from streams.metrics import Metrics
from streams.pages.exposition import add_metrics
from streams.pages.health import add_health
from streams.pages.users import add_users
from streams.policy_files import read_policy
from streams.settings import SecuritySettings, Settings

_HEARTBEATS_PER_TIMEOUT = 5
_REBALANCE_SECONDS = 60.0
_NEVER_IDLE_SECONDS = (
    7 * 24 * 3600.0
)  # aiokafka fetches nothing here; whether we make progress the watchdog sees
_SLICES_BUFFERED = 4  # more would only be memory: the collector scans every record that waits


class LifecycleApp(faust.App):
    """A Faust app that writes nothing to the disk: its tables are not used."""

    def _create_directories(self) -> None:
        """Make none, where Faust makes one for each worker in the current directory."""


def build_app(settings: Settings, policy: Policy) -> faust.App:
    """The worker's app. It speaks to Kafka only when it is started."""
    logs.configure()
    app = LifecycleApp(settings.app_id, **_faust_settings(settings))
    metrics = Metrics(settings, policy)
    engine = Engine(settings, policy, metrics)
    app.transport = SliceTransport(app.conf.broker_consumer, app, engine)
    add_lifecycle(app, engine, settings, policy, metrics)
    _add_tasks(app, engine, settings)
    add_health(app, engine)
    add_metrics(app)
    add_users(app, engine, policy, settings.web)
    return app


def _add_tasks(app: faust.App, engine: Engine, settings: Settings) -> None:
    watchdog = Watchdog(engine, settings.engine.watchdog_seconds)

    @app.task  # type: ignore[untyped-decorator]  # Faust types it only in part
    async def flush() -> None:
        """Make durable what the agent has done."""
        await _for_ever(engine.keep_durable)

    @app.task  # type: ignore[untyped-decorator]  # Faust types it only in part
    async def tick() -> None:
        """Let time act where nothing happens."""
        await _for_ever(engine.let_time_act)

    @app.task  # type: ignore[untyped-decorator]  # Faust types it only in part
    async def watch() -> None:
        """End the process rather than hang."""
        watchdog.start()
        await _for_ever(watchdog.beat)

    @app.on_before_shutdown.connect
    async def stop(*_: Any, **__: Any) -> None:
        """A clean stop: hand everything over before Faust leaves the group."""
        watchdog.stop()
        consumer = app.consumer
        if isinstance(consumer, SliceConsumer):
            await consumer.hand_over()


async def _for_ever(work: Callable[[], Awaitable[None]]) -> None:
    """Run a task that only ends with the process."""
    try:
        await work()
    except asyncio.CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 -- whatever it is, it ends the process
        failure.die("a task of the engine failed", error)
    failure.die("a task of the engine ended")


def _faust_settings(settings: Settings) -> dict[str, Any]:
    """Everything that Faust must not take from its own environment names or leave at its defaults."""
    timeout_seconds = settings.engine.member_timeout_seconds
    return {
        "env": {},
        "broker": [f"kafka://{server.strip()}" for server in settings.bootstrap_servers.split(",")],
        "broker_client_id": settings.app_id,
        "broker_credentials": _credentials(settings.security),
        "broker_session_timeout": timeout_seconds,
        "broker_heartbeat_interval": timeout_seconds / _HEARTBEATS_PER_TIMEOUT,
        "broker_rebalance_timeout": max(_REBALANCE_SECONDS, timeout_seconds),
        "broker_request_timeout": max(90.0, timeout_seconds),
        "broker_max_poll_interval": _NEVER_IDLE_SECONDS,
        "consumer_auto_offset_reset": "earliest",  # of aiokafka, which fetches nothing; ours never resets
        "consumer_group_instance_id": settings.engine.member_id,
        "logging_config": logs.logging_config(settings.log),
        "stream_buffer_maxsize": _SLICES_BUFFERED,
        "stream_wait_empty": False,
        "store": "memory://",
        "table_standby_replicas": 0,
        "topic_allow_declare": False,
        "topic_disable_leader": True,
        "web_enabled": settings.web.enabled,
        "web_bind": settings.web.bind,
        "web_port": settings.web.port,
        "web_host": "localhost",
        "web_graph_enabled": False,
        "web_metrics_enabled": False,
        "web_router_enabled": False,
        "web_stats_enabled": False,
        "web_tables_enabled": False,
        "worker_redirect_stdouts": False,
    }


def _credentials(security: SecuritySettings) -> Credentials | None:
    context = _tls_context(security) if security.uses_tls else None
    if security.uses_sasl and security.password is not None:
        return SASLCredentials(
            username=security.username,
            password=security.password.get_secret_value(),
            mechanism=security.mechanism,
            ssl_context=context,
        )
    return SSLCredentials(context) if context is not None else None


def _tls_context(security: SecuritySettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=str(security.ca_file) if security.ca_file else None)
    if security.certificate_file is not None:
        password = security.key_password.get_secret_value() if security.key_password else None
        context.load_cert_chain(security.certificate_file, security.key_file, password)
    return context


def __getattr__(name: str) -> faust.App:
    """The app of the environment's settings, made when `faust -A streams.app` asks for it."""
    if name != "app":
        raise AttributeError(name)
    settings = all_settings.load()
    return build_app(settings, load(*read_policy(settings.policy)))
