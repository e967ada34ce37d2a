"""The topics of a deployment: names and settings, how they are created, what a worker's start checks.

The input topic is its owner's; all others are ours and have its partition count, because an output record
goes to the partition number that its user's events come from. That count is frozen once users exist. Topics
are always created explicitly: a broker that does so by itself gives them one partition and its own policy.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

from kafka import KafkaAdminClient
from kafka.admin import ConfigResource, ConfigResourceType
from kafka.errors import KafkaError, NoError, TopicAlreadyExistsError, UnknownTopicOrPartitionError, for_code

from stage_models.instants import DAY, HOUR, MINUTE
from streams.connection import connection
from streams.settings import Settings

FUTURE_LIMIT_MS = HOUR
"""How far ahead of the broker's clock a record time of the input may be: one of next year would move time."""

COMPACTION_LAG_MS = 10 * MINUTE
"""How long the changelog keeps every record: time to see that a paused worker wrote over a newer state."""

_DEAD_LETTER_HEADROOM = 64 * 1024  # headers that a dead letter has and its original had not
_DEFAULT_MAX_MESSAGE_BYTES = 1_048_588  # Kafka's own
_NO_LIMIT = 2**63 - 1
_PATIENCE_MS = 10_000
_ANSWERS = {NoError, UnknownTopicOrPartitionError}  # a topic that is there, and one that is not


class TopicsError(Exception):
    """The topics cannot be used. `problems` has one text for each reason."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n".join(problems))


@dataclass(frozen=True)
class Topic:
    """A topic's name and the settings that it is created with."""

    name: str
    configs: Mapping[str, str]


class Topics(NamedTuple):
    """All topics of a deployment."""

    input: Topic
    transitions: Topic
    current_stage: Topic
    dead_letter: Topic
    changelog: Topic


@dataclass(frozen=True)
class Layout:
    """What the broker says about the topics: their partition count, the input's id, how much each takes."""

    partitions: int
    input_id: str | None  # of this incarnation of the topic; None where the broker gives topics no ids
    max_message_bytes: Mapping[str, int]  # by topic name
    warnings: list[str]


def topics(settings: Settings) -> Topics:
    """The topics of the deployment that these settings describe."""
    prefix = settings.topic_prefix
    deleted = {"cleanup.policy": "delete"}
    compacted = {"cleanup.policy": "compact"}
    return Topics(
        input=Topic(
            settings.input.topic,
            deleted | {"retention.ms": "-1", "message.timestamp.after.max.ms": str(FUTURE_LIMIT_MS)},
        ),
        transitions=Topic(f"{prefix}transitions.v1", deleted | {"retention.ms": str(30 * DAY)}),
        current_stage=Topic(
            f"{prefix}current-stage.v1",
            compacted
            | {
                "min.cleanable.dirty.ratio": "0.1",
                "delete.retention.ms": str(DAY),
                "max.compaction.lag.ms": str(7 * DAY),
            },
        ),
        dead_letter=Topic(f"{prefix}dead-letter.v1", deleted | {"retention.ms": str(14 * DAY)}),
        changelog=Topic(
            f"{settings.app_id}-users-changelog",
            compacted
            | {
                "min.compaction.lag.ms": str(COMPACTION_LAG_MS),
                "min.cleanable.dirty.ratio": "0.1",
                "segment.ms": str(HOUR),
                "segment.bytes": str(64 * 1024 * 1024),
            },
        ),
    )


def create(settings: Settings, partitions: int | None = None, replication: int = 3) -> list[str]:
    """Create the topics that are missing, and give their names; those that exist stay as they are.

    With `partitions` the input topic is created too if it is missing, keeping its records for ever; without,
    it must exist. The others get its partition count. Raises TopicsError.
    """
    wanted = topics(settings)
    with _admin(settings) as admin:
        found = _partition_counts(admin, wanted)
        count = found.get(wanted.input.name, partitions)
        if count is None:
            raise TopicsError([f"{wanted.input.name}: no such topic\n  try: say how many partitions it gets"])
        if partitions not in {None, count}:
            raise TopicsError([f"{wanted.input.name}: has {count} partitions, not {partitions}"])
        largest = _max_message_bytes(_configs_of(admin, wanted.input))
        ours = {"min.insync.replicas": str(max(1, replication - 1))}
        dead = {"max.message.bytes": str(largest + _DEAD_LETTER_HEADROOM)}
        missing = {
            topic.name: {
                "num_partitions": count,
                "replication_factor": replication,
                "configs": {**topic.configs, **ours, **(dead if topic is wanted.dead_letter else {})},
            }
            for topic in wanted
            if topic.name not in found
        }
        _create(admin, missing)
        return list(missing)


def check(settings: Settings) -> Layout:
    """Compare the topics with what the engine relies on. Raises TopicsError with every problem at once."""
    wanted = topics(settings)
    with _admin(settings) as admin:
        found = _partition_counts(admin, wanted)
        seen = {topic.name: _configs_of(admin, topic) for topic in wanted if topic.name in found}
        input_id = _topic_id(admin, wanted.input)
    silent = [name for name, configs in seen.items() if not configs]
    told = {name: configs for name, configs in seen.items() if configs}
    problems = [*_missing(wanted, found), *_uneven(wanted, found), *_unfit(wanted, told)]
    if problems:
        raise TopicsError(problems)
    return Layout(
        partitions=found[wanted.input.name],
        input_id=input_id,
        max_message_bytes={name: _max_message_bytes(configs) for name, configs in seen.items()},
        warnings=[f"{name}: the broker does not tell its settings; they are not checked" for name in silent],
    )


def input_keeps_ms(settings: Settings) -> int | None:
    """How old a record of the input topic may become, by its own time, before the broker deletes it.

    None: as old as it likes, or age counts from its arrival, or the broker does not tell. Raises TopicsError,
    also when there is no such topic: a broker that makes it when somebody writes gives it one partition.
    """
    wanted = topics(settings)
    with _admin(settings) as admin:
        if wanted.input.name not in _partition_counts(admin, wanted):
            raise TopicsError([_no_such(wanted.input)])
        configs = _configs_of(admin, wanted.input)
    keeps_ms = int(configs.get("retention.ms", -1))
    return None if keeps_ms < 0 or configs.get("message.timestamp.type") == "LogAppendTime" else keeps_ms


def _missing(wanted: Topics, found: Mapping[str, int]) -> Iterator[str]:
    for topic in wanted:
        if topic.name not in found:
            yield _no_such(topic)


def _no_such(topic: Topic) -> str:
    return f"{topic.name}: no such topic\n  try: stagestream topics create"


def _uneven(wanted: Topics, found: Mapping[str, int]) -> Iterator[str]:
    expected = found.get(wanted.input.name)
    for topic in wanted:
        if expected and found.get(topic.name, expected) != expected:
            yield f"{topic.name}: has {found[topic.name]} partitions, but {wanted.input.name} has {expected}"


def _unfit(wanted: Topics, told: Mapping[str, Mapping[str, str]]) -> Iterator[str]:
    """What is wrong with the settings of those topics whose settings the broker tells."""
    for topic in wanted[1:]:
        policy, configs = topic.configs["cleanup.policy"], told.get(topic.name)
        if configs and configs["cleanup.policy"] != policy:
            yield _wrong(topic, "cleanup.policy", policy, configs["cleanup.policy"])
    if configs := told.get(wanted.input.name):
        name = "message.timestamp.after.max.ms"
        is_stamped = configs.get("message.timestamp.type") == "LogAppendTime"
        if not is_stamped and int(configs.get(name, _NO_LIMIT)) > FUTURE_LIMIT_MS:
            yield _wrong(wanted.input, name, f"at most {FUTURE_LIMIT_MS}", configs.get(name, "no limit"))
    if configs := told.get(wanted.changelog.name):
        name = "min.compaction.lag.ms"
        if int(configs.get(name, 0)) < COMPACTION_LAG_MS:
            yield _wrong(wanted.changelog, name, f"at least {COMPACTION_LAG_MS}", configs.get(name, "0"))


def _wrong(topic: Topic, name: str, expected: str, found: str) -> str:
    return f"{topic.name}: {name} does not fit\n  expected: {expected}\n  found:    {found}"


@contextmanager
def _admin(settings: Settings) -> Iterator[KafkaAdminClient]:
    try:
        with closing(KafkaAdminClient(**connection(settings), bootstrap_timeout_ms=_PATIENCE_MS)) as admin:
            yield admin
    except KafkaError as error:
        raise TopicsError([f"{settings.bootstrap_servers}: {error or type(error).__name__}"]) from error


def _partition_counts(admin: KafkaAdminClient, wanted: Topics) -> dict[str, int]:
    """Partition counts of those topics that exist. Raises TopicsError for one that cannot be looked at."""
    answers: list[dict[str, Any]] = admin.describe_topics([topic.name for topic in wanted])
    errors = {answer["name"]: for_code(answer["error_code"]) for answer in answers}
    if refused := {name: error for name, error in errors.items() if error not in _ANSWERS}:
        raise TopicsError([f"{name}: {error.__name__}" for name, error in refused.items()])
    return {answer["name"]: len(answer["partitions"]) for answer in answers if answer["partitions"]}


def _topic_id(admin: KafkaAdminClient, topic: Topic) -> str | None:
    [answer] = admin.describe_topics([topic.name])
    return str(answer["topic_id"]) if answer["topic_id"] else None


def _configs_of(admin: KafkaAdminClient, topic: Topic) -> dict[str, str]:
    """All settings of a topic by name; empty if there is no such topic or the broker does not tell."""
    resource = ConfigResource(ConfigResourceType.TOPIC, topic.name)
    answer = admin.describe_configs([resource], config_filter="all")
    configs: dict[str, dict[str, str]] = answer.get("topic", {}).get(topic.name, {})
    return {name: config["value"] for name, config in configs.items()}


def _max_message_bytes(configs: Mapping[str, str]) -> int:
    return int(configs.get("max.message.bytes", _DEFAULT_MAX_MESSAGE_BYTES))


def _create(admin: KafkaAdminClient, missing: Mapping[str, Any]) -> None:
    if not missing:
        return
    answer = admin.create_topics(missing, raise_errors=False)
    fine = {0, TopicAlreadyExistsError.errno}  # somebody else was faster
    if failed := [topic for topic in answer["topics"] if topic["error_code"] not in fine]:
        raise TopicsError([f"{topic['name']}: {topic['error_message']}" for topic in failed])
    admin.wait_for_topics(list(missing))
