"""One partition with a small policy, and the records to feed it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from confluent_kafka import Message

from stage_models.events import Event
from stage_models.instants import format_instant, parse_instant
from stage_models.policy import load
from stage_models.policy.compile import Policy
from streams import settings as all_settings
from streams.codec import decoder
from streams.engine.outputs import Outputs
from streams.engine.partition import Partition
from streams.settings import Settings

POLICY = """
policy: small
version: 1
goal: Show what the engine does
owner: tests@example.com
review_by: 2099-01-01
time_zone: UTC
events:
  work: [Work Done]
ladder:
  - stage: new
    action: Say hello
  - stage: active
    when: {performed: work}
    action: Say thanks
  - stage: busy
    when: {active_days: work, at_least: 2, within: 7 days}
    action: Say wow
  - stage: at-risk
    lapsed: true
    when: {all: [{reached: active}, {inactive: work, for: 14 days}]}
    action: Say we miss you
  - stage: churned
    lapsed: true
    when: {all: [{reached: active}, {inactive: work, for: 30 days}]}
    action: Say goodbye
"""

TOPIC = "events"

MakeRecord = Callable[..., Message]
Feed = Callable[[Partition, Message], None]


@pytest.fixture
def policy() -> Policy:
    return load(POLICY, "small.yaml")


@pytest.fixture
def settings(monkeypatch: pytest.MonkeyPatch) -> Settings:
    return all_settings.load(app_id="small", input={"topics": (TOPIC,)})


@pytest.fixture
def make_partition(policy: Policy, settings: Settings) -> Callable[..., Partition]:
    """Makes a partition; what is given stands instead of the usual."""

    def make(**given: Any) -> Partition:
        usual: dict[str, Any] = {
            "is_home_of": lambda key: True,
            "dialect": "auto",
            "dead_letter_limit_bytes": 100_000,
            "state_limit_bytes": 100_000,
        }
        judging = given.pop("policy", policy)
        return Partition(TOPIC, 3, judging, Outputs(settings, judging), **(usual | given))

    return make


@pytest.fixture
def record() -> MakeRecord:
    """Makes the record of one event."""

    def make(offset: int, user_id: str, time: str, name: str = "Work Done", **fields: Any) -> Message:
        at_ms = parse_instant(time)
        value = {
            "messageId": f"m-{offset}",
            "userId": user_id,
            "event": name,
            "timestamp": format_instant(at_ms),
        } | fields
        return Message(
            topic=TOPIC,
            partition=3,
            offset=offset,
            key=user_id.encode(),
            value=msgspec.json.encode(value),
            timestamp=(1, at_ms),
        )

    return make


@pytest.fixture
def feed(policy: Policy, settings: Settings) -> Feed:
    """Applies one record, as the agent does."""
    decode = decoder(settings.input, policy.max_age_ms)

    def apply(partition: Partition, message: Message) -> None:
        decoded = decode(message.key(), message.value(), None, message.timestamp()[1])
        if isinstance(decoded, Event):
            partition.apply(decoded, message)
        else:
            partition.refuse(decoded, message)
        partition.moved_to((message.offset() or 0) + 1)

    return apply
