"""What a worker holds when the group has taken everything from it."""

from __future__ import annotations

import asyncio

import pytest
from prometheus_client import REGISTRY

from stage_models.policy import load
from streams import topics
from streams.engine.engine import Engine
from streams.metrics import Metrics
from streams.policy_files import read_policy
from streams.settings import Settings

pytestmark = [pytest.mark.broker, pytest.mark.timeout(60)]


async def commit(_: dict[int, int]) -> bool:
    return True


async def taken_over(engine: Engine, numbers: set[int], generation: int) -> None:
    loop = asyncio.get_running_loop()
    engine.membership.heard(generation, loop.time())
    engine.give(numbers, generation)
    while not engine.has_taken_over:
        await engine.take_over()
        engine.membership.heard(generation, loop.time())


def test_worker_without_partitions_is_not_behind_and_counts_nobody(settings: Settings) -> None:
    topics.create(settings, 2, replication=1)
    policy = load(*read_policy("retail"))

    async def scenario() -> Engine:
        engine = Engine(settings, policy, Metrics(settings, policy))
        await taken_over(engine, {0, 1}, 1)
        engine._metrics.observe_state(engine.partitions.values())
        engine._lag_records = 5
        assert REGISTRY.get_sample_value("stagestream_assigned_partitions") == 2
        await engine.hand_over(commit)
        await taken_over(engine, set(), 2)
        return engine

    engine = asyncio.run(scenario())
    assert not engine.is_behind, "its watchdog would end it"
    assert REGISTRY.get_sample_value("stagestream_assigned_partitions") == 0


def test_group_that_moves_before_the_fence_is_written_ends_nobody(settings: Settings) -> None:
    topics.create(settings, 2, replication=1)
    policy = load(*read_policy("retail"))

    async def scenario() -> Engine:
        engine = Engine(settings, policy, Metrics(settings, policy))
        engine.membership.heard(1, asyncio.get_running_loop().time())
        engine.give({0, 1}, 1)
        taking_over = asyncio.create_task(engine.take_over())
        await asyncio.sleep(0)  # it looks at the topics
        await engine.hand_over(commit)
        engine.membership.heard(2, asyncio.get_running_loop().time())
        await taking_over
        return engine

    engine = asyncio.run(scenario())
    assert not engine.has_taken_over
