"""What the transport relies on in Faust and aiokafka although nobody promised it.

When one of these fails after an upgrade, read streams/engine/transport.py against the new version before anything else.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

import pytest
from aiokafka.consumer.group_coordinator import GroupCoordinator
from aiokafka.consumer.subscription_state import SubscriptionState
from faust.app.base import App
from faust.transport.consumer import Consumer, ConsumerThread, Fetcher, ThreadDelegateConsumer
from faust.transport.drivers import aiokafka as driver
from faust.types import ConsumerMessage

from streams.app import LifecycleApp
from streams.engine.transport import MemberThread, RebalanceListener, SliceConsumer, SliceTransport

READ_LINE_BY_LINE = {"faust-streaming": "0.15", "mode-streaming": "0.7", "aiokafka": "0.14"}

OVERRIDDEN: list[tuple[type, str, list[str]]] = [
    (Consumer, "_drain_messages", ["self", "fetcher"]),
    (Consumer, "on_partitions_revoked", ["self", "revoked"]),
    (Consumer, "on_partitions_assigned", ["self", "assigned", "generation_id"]),
    (ThreadDelegateConsumer, "_new_consumer_thread", ["self"]),
    (driver.AIOKafkaConsumerThread, "on_start", ["self"]),
    (driver.ConsumerRebalanceListener, "on_partitions_assigned", ["self", "assigned"]),
    (App, "_create_directories", ["self"]),
]

CALLED: list[tuple[type, str, list[str]]] = [
    (driver.AIOKafkaConsumerThread, "_ensure_consumer", ["self"]),
    (driver.Consumer, "_new_topicpartition", ["self", "topic", "partition"]),
    (ConsumerThread, "call_thread", ["self", "fun", "args", "kwargs"]),
    (GroupCoordinator, "_do_heartbeat", ["self"]),
    (SubscriptionState, "fetch_context", ["self"]),
]


@pytest.mark.parametrize("distribution", READ_LINE_BY_LINE)
def test_installed_version_is_one_that_was_read(distribution: str) -> None:
    assert version(distribution).startswith(READ_LINE_BY_LINE[distribution] + ".")


@pytest.mark.parametrize(("owner", "name", "parameters"), OVERRIDDEN + CALLED)
def test_method_is_there_with_the_parameters_we_know(owner: type, name: str, parameters: list[str]) -> None:
    method: Callable[..., Any] = getattr(owner, name)
    found = list(inspect.signature(inspect.unwrap(method)).parameters)
    assert found == parameters


@pytest.mark.parametrize(("owner", "name"), [(owner, name) for owner, name, _ in OVERRIDDEN])
def test_what_we_override_is_overridden(owner: type, name: str) -> None:
    ours = (SliceConsumer, MemberThread, RebalanceListener, LifecycleApp)
    assert any(name in vars(mine) for mine in ours if issubclass(mine, owner))


def test_fetcher_runs_our_loop() -> None:
    assert "consumer._drain_messages(self)" in inspect.getsource(Fetcher._fetcher.fun)


def test_consumer_class_of_a_transport_is_what_is_made() -> None:
    assert SliceTransport.Consumer is SliceConsumer
    assert "self.Consumer(" in inspect.getsource(driver.Transport.create_consumer)


def test_consumer_makes_its_rebalance_listener_from_its_class_attribute() -> None:
    assert "consumer.RebalanceListener(self)" in inspect.getsource(
        driver.AIOKafkaConsumerThread.__post_init__
    )


def test_heartbeat_routine_asks_the_method_that_we_listen_to() -> None:
    assert "await self._do_heartbeat()" in inspect.getsource(GroupCoordinator._heartbeat_routine)


def test_members_idleness_is_measured_by_the_fetch_context() -> None:
    assert "fetcher_idle_time" in inspect.getsource(GroupCoordinator._heartbeat_routine)
    assert "_fetch_count" in inspect.getsource(SubscriptionState.fetcher_idle_time.fget)


def test_revocation_reaches_us_before_heartbeats_end() -> None:
    source = inspect.getsource(GroupCoordinator.ensure_active_group)
    assert source.index("_on_join_prepare") < source.index("_stop_heartbeat_task")


def test_shutdown_signal_comes_before_the_consumer_leaves_the_group() -> None:
    source = inspect.getsource(App.on_stop)
    assert source.index("_stop_consumer") < source.index("on_before_shutdown.send")
    assert ".stop()" not in inspect.getsource(App._stop_consumer).replace("tables.stop()", "")


def test_topic_without_acks_is_never_committed_by_faust() -> None:
    assert "acks_enabled_for(message.topic)" in inspect.getsource(Consumer.ack)


def test_agent_skips_messages_of_another_generation() -> None:
    assert "generation_id" in inspect.signature(ConsumerMessage).parameters
