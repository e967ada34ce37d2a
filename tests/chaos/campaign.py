"""A campaign: the input written once, then every scenario on a deployment of its own that reads it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from uuid import uuid4

from stage_models import policy as policies
from streams import settings as all_settings
from streams import topics
from streams.policy_files import read_policy
from streams.settings import Settings
from tests import workers
from tests.chaos import expected
from tests.chaos.scenarios import SCENARIOS, Run
from tests.kafka.provider import Broker

LOG = Path(__file__).parents[2] / "examples/data/complete_journey_demo.jsonl.gz"
PARTITIONS = 4
_MEMBER_TIMEOUT_SECONDS = 6.0  # how long the group waits for a killed worker
_PRODUCE_SECONDS = 600.0


def campaign(
    broker: Broker,
    folder: Path,
    *,
    repeat: int,
    seed: int,
    limit_seconds: float,
    say: Callable[[str], None],
) -> list[Run]:
    """Play every scenario on the purchase log written `repeat` times; gives the runs, all over."""
    runs = []
    name = f"chaos-{uuid4().hex[:8]}"
    try:
        _produce(_deployment(broker, name, "input"), repeat)
        say(f"{LOG.name} x {repeat} written to {PARTITIONS} partitions of {broker.name}")
        policy = policies.load(*read_policy("retail"))
        wanted = expected.replay(policy, LOG, repeat)
        say(f"replay: {wanted.events:,} events, {len(wanted.users):,} users, {len(wanted.ids):,} transitions")
        for scenario in SCENARIOS:
            label = scenario.__name__.replace("_", "-")
            settings = _deployment(broker, name, label)
            topics.create(settings, PARTITIONS, replication=1)
            run = Run(settings, wanted, PARTITIONS, f"{seed} {label}", folder / f"{label}.log", limit_seconds)
            run.play(scenario)
            say(report(run))
            runs.append(run)
    finally:
        workers.delete_topics(broker.bootstrap_servers, name)
    return runs


def report(run: Run) -> str:
    """What was done and what came of it."""
    problems, ledger = run.problems, run.observed.ledger
    lines = [
        f"scenario {run.settings.app_id}, seed {run.seed!r}",
        *(f"  {fault}" for fault in run.faults),
        f"  {run.seconds:.1f} s, {ledger.transitions:,} transitions, {ledger.doubles:,} doubles",
        f"  {problems.count:,} problems" if problems.count else "  equal to replay",
        *(f"  - {words}" for words in problems.words),
    ]
    return "\n".join(lines)


def _deployment(broker: Broker, name: str, label: str) -> Settings:
    """Settings of one deployment; all of a campaign read the same input."""
    return all_settings.load(
        bootstrap_servers=broker.bootstrap_servers,
        app_id=f"{name}-{label}",
        topic_prefix=f"{name}-{label}.",
        policy="retail",
        input={"topics": (f"{name}.product-events",)},
        engine={"time": "records", "member_timeout_seconds": _MEMBER_TIMEOUT_SECONDS},
    )


def _produce(settings: Settings, repeat: int) -> None:
    topics.create(settings, PARTITIONS, replication=1)
    subprocess.run(
        [*workers.COMMAND, "produce", str(LOG), "--repeat", str(repeat)],
        env=workers.environment(settings),
        check=True,
        capture_output=True,
        timeout=_PRODUCE_SECONDS,
    )
