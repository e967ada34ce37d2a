"""What the lag metrics say."""

from __future__ import annotations

from collections.abc import Callable

from prometheus_client import REGISTRY

from stage_models.policy.compile import Policy
from streams.engine.partition import Partition
from streams.metrics import Metrics
from streams.settings import Settings
from tests.streams.engine.conftest import TOPIC

MINUTE_MS = 60_000
NOW_MS = 1_800_000_000_000


def lag_seconds(partition: Partition) -> float | None:
    labels = {"topic": TOPIC, "partition": str(partition.number)}
    return REGISTRY.get_sample_value("stagestream_consumer_lag_seconds", labels)


def test_lag_in_seconds_is_the_age_of_the_oldest_unapplied_record(
    make_partition: Callable[..., Partition], settings: Settings, policy: Policy
) -> None:
    metrics, partition = Metrics(settings, policy), make_partition()
    for what, position, newest_ms, end, now_ms, seconds in (
        ("taken over, nothing seen yet", 10, 0, 20, NOW_MS, 0),
        ("behind the last applied record", 15, NOW_MS - 5 * MINUTE_MS, 20, NOW_MS, 300),
        ("caught up", 20, NOW_MS - MINUTE_MS, 20, NOW_MS, 0),
        ("idle for an hour", 20, NOW_MS - MINUTE_MS, 20, NOW_MS + 60 * MINUTE_MS, 0),
        ("a new record, seen a second later", 20, NOW_MS - MINUTE_MS, 21, NOW_MS + 60 * MINUTE_MS + 1_000, 1),
        ("still stuck after a minute", 20, NOW_MS - MINUTE_MS, 30, NOW_MS + 61 * MINUTE_MS, 60),
    ):
        partition.position, partition.newest_record_ms = position, newest_ms
        metrics.observe_lag(partition, end, now_ms)
        assert lag_seconds(partition) == seconds, what
    metrics.forget(partition.number)
    assert lag_seconds(partition) is None
