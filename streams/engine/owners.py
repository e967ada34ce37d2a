"""Who holds a partition, as the coordinator of the group knows it."""

from __future__ import annotations

import structlog
from confluent_kafka import KafkaException
from confluent_kafka.admin import AdminClient

_ANSWER_SECONDS = 5.0

log = structlog.get_logger("stagestream.engine.owners")


def owner_of(admin: AdminClient, group: str, topic: str, number: int) -> str | None:
    """The member that holds the partition, by its name if it has one and its host; None when nobody is known to.

    Blocks for at most five seconds.
    """
    try:
        asked = admin.describe_consumer_groups([group], request_timeout=_ANSWER_SECONDS)
        members = asked[group].result().members
    except KafkaException as error:
        log.warning("the group could not be asked who holds a partition", error_text=str(error))
        return None
    for member in members:
        held = member.assignment.topic_partitions if member.assignment else ()
        if any((at.topic, at.partition) == (topic, number) for at in held):
            host = member.host.removeprefix("/")
            return f"{member.group_instance_id} at {host}" if member.group_instance_id else host
    return None
