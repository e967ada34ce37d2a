"""librdkafka as the engine configures it: one fetcher, one producer, readers and an admin client for look-ups."""

from __future__ import annotations

import logging
from typing import Any

from confluent_kafka import Consumer, Producer
from confluent_kafka.admin import AdminClient

from streams.settings import Settings

_log = logging.getLogger("librdkafka")

_UNSENT_RECORDS = 50_000  # handed over and not yet acked: a slow broker clears so many well within the lease
_UNSENT_KB = 32 * 1024
LARGEST_RECORD_BYTES = 16 * 1024 * 1024
"""More than this is not handed to the producer, whatever the topic takes: it must fit into its queue."""

_FETCH_QUEUE_KB = 16 * 1024  # fetched ahead and not yet taken; bounds memory


def connection(settings: Settings) -> dict[str, Any]:
    """What every client needs to speak to the brokers."""
    security = settings.security
    config: dict[str, Any] = {
        "bootstrap.servers": settings.bootstrap_servers,
        "client.id": settings.app_id,
        "security.protocol": security.protocol,
        "logger": _log,
    }
    if security.uses_sasl and security.password is not None:
        config["sasl.mechanism"] = security.mechanism
        config["sasl.username"] = security.username
        config["sasl.password"] = security.password.get_secret_value()
    if security.uses_tls:
        config["ssl.endpoint.identification.algorithm"] = "https"
        for name, value in (
            ("ssl.ca.location", security.ca_file),
            ("ssl.certificate.location", security.certificate_file),
            ("ssl.key.location", security.key_file),
        ):
            if value is not None:
                config[name] = str(value)
        if security.key_password is not None:
            config["ssl.key.password"] = security.key_password.get_secret_value()
    return config


def fetcher(settings: Settings) -> Consumer:
    """A consumer for manual assignment that joins no group and never resets an offset by itself."""
    return Consumer(
        connection(settings)
        | {
            "group.id": settings.app_id,  # librdkafka wants one; nothing is committed or joined under it
            "enable.auto.commit": False,
            "enable.auto.offset.store": False,
            "auto.offset.reset": "error",
            "fetch.queue.backoff.ms": 5,  # its default of 1 s stalls whenever the queue was full
            "queued.max.messages.kbytes": _FETCH_QUEUE_KB,
            "fetch.wait.max.ms": 100,
            "enable.partition.eof": True,  # says where a partition ends even when a transaction marker is last
        }
    )


def producer(settings: Settings) -> Producer:
    """The engine's only producer: idempotent, acknowledged by all replicas, in order.

    A record that is handed over within half of the member time-out after the last good heartbeat (see `membership`)
    and is given up when it was not sent within the other half is never sent after our partitions have gone to
    somebody else: also not by a process that was paused, whose producer looks at the clock before it sends.
    """
    return Producer(
        connection(settings)
        | {
            "enable.idempotence": True,
            "acks": "all",
            "linger.ms": 5,
            "message.timeout.ms": int(settings.engine.member_timeout_seconds * 500),
            "message.max.bytes": 100_000_000,  # the topic decides; sizes are checked before sending
            "queue.buffering.max.messages": _UNSENT_RECORDS,
            "queue.buffering.max.kbytes": _UNSENT_KB,
        }
    )


def admin(settings: Settings) -> AdminClient:
    """A client for asking about offsets."""
    return AdminClient(connection(settings))
