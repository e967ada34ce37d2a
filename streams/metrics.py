"""Every metric, one entry each: its name, what it counts, by which labels, what it means and when it is odd.

Nothing is counted per record: the engine notes what happened and this module takes the notes once per slice and once
per flush. Labels come from closed sets; a user id, an event name or an error text is never one.
"""

from __future__ import annotations

import platform
import time
from collections.abc import Iterable, Sequence
from importlib.metadata import version as installed_version
from typing import NamedTuple

from prometheus_client import Counter, Gauge, Histogram, disable_created_metrics

from stage_models.policy.compile import Policy
from stage_models.user import NEVER
from streams.build import version
from streams.codec.records import BadReason, DropReason
from streams.engine.partition import Notes, Partition
from streams.settings import Settings


class Entry(NamedTuple):
    """A metric as the reference page shows it."""

    name: str
    kind: str
    labels: tuple[str, ...]
    meaning: str
    when_odd: str


ENTRIES: list[Entry] = []
"""All metrics, in the order of the reference page."""

disable_created_metrics()  # type: ignore[no-untyped-call]  # prometheus-client leaves it untyped


def _counter(name: str, labels: tuple[str, ...], meaning: str, when_odd: str = "") -> Counter:
    ENTRIES.append(Entry(name, "counter", labels, meaning, when_odd))
    return Counter(name, meaning, labels)


def _gauge(name: str, labels: tuple[str, ...], meaning: str, when_odd: str = "") -> Gauge:
    ENTRIES.append(Entry(name, "gauge", labels, meaning, when_odd))
    return Gauge(name, meaning, labels)


def _histogram(
    name: str, labels: tuple[str, ...], buckets: Sequence[float], meaning: str, when_odd: str = ""
) -> Histogram:
    ENTRIES.append(Entry(name, "histogram", labels, meaning, when_odd))
    return Histogram(name, meaning, labels, buckets=buckets)


_SHORT = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
_DETECTION = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0, 3600.0, 21600.0, 86400.0)
_RECOVERY = (0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0, 300.0, 900.0)

RECORDS = _counter(
    "stagestream_records_total",
    ("topic", "dialect"),
    "Records taken from Kafka.",
    "Zero: look at the producers.",
)
EVENTS = _counter("stagestream_events_total", ("topic", "kind"), "Events applied, by the kind of call.")
DROPS = _counter(
    "stagestream_drops_total",
    ("topic", "reason"),
    "Records without effect, for a reason that is nobody's mistake.",
    "duplicate high: upstream retries; anonymous high: identify is missing.",
)
DEAD_LETTERS = _counter(
    "stagestream_dead_letters_total",
    ("topic", "reason"),
    "Records that could not be applied and were kept.",
    "Look at them, mend the source, write them back.",
)
BAD_PROPERTIES = _counter(
    "stagestream_bad_properties_total",
    ("rule",),
    "Properties of a type that the rule cannot use.",
    "Mend the tracking.",
)
LATE_EVENTS = _counter(
    "stagestream_late_events_total",
    ("topic",),
    "Events older than their user's clock.",
    "Raise allowed_lateness.",
)
LATE_AFTER_TICK = _counter(
    "stagestream_late_after_tick_total",
    ("topic",),
    "Late events that came after a tick had moved their user.",
    "Raise allowed_lateness.",
)
LAG_RECORDS = _gauge(
    "stagestream_consumer_lag_records",
    ("topic", "partition"),
    "Records between the position and the end of the partition.",
    "Add workers; look at the maximum, an average hides one stuck partition.",
)
LAG_SECONDS = _gauge(
    "stagestream_consumer_lag_seconds",
    ("topic", "partition"),
    "Age of the oldest unapplied record: it lies behind the last applied one, and came after the partition was "
    "last caught up; 0 when caught up.",
    "As the lag in records; while old history is loaded it is the age of that history.",
)
WATERMARK = _gauge(
    "stagestream_watermark_timestamp_seconds",
    ("partition",),
    "Time of the newest tick.",
    "Stands still: ingestion is down, or the partition lags.",
)
TICKS_PAUSED = _gauge(
    "stagestream_ticks_paused",
    ("partition",),
    "1 while ticks are off, because the partition lags.",
    "Long: as the lag.",
)
DUES_PENDING = _gauge("stagestream_dues_pending", (), "Users with a due.")
DUES_OVERDUE = _gauge(
    "stagestream_dues_overdue",
    (),
    "Dues behind the watermark by more than 60 s.",
    "Not zero though nothing lags: a bug.",
)
TIME_TO_DETECT = _histogram(
    "stagestream_time_to_detect_seconds",
    ("kind", "cause"),
    _DETECTION,
    "From the instant a transition became true to its detection; contains allowed_lateness for cause time.",
    "The promise to users.",
)
TRANSITIONS = _counter(
    "stagestream_transitions_total",
    ("kind", "from", "to", "cause"),
    "Transitions; of a segment, from or to is empty.",
    "A flood or a silence.",
)
CORRECTIONS = _counter(
    "stagestream_corrections_total",
    ("kind",),
    "Transitions that withdraw earlier ones.",
    "The timing of the input is poor.",
)
USERS = _gauge(
    "stagestream_users",
    ("stage",),
    "Users of this worker's partitions, by stage.",
    "Jumps: tracking or policy.",
)
QUARANTINED = _gauge(
    "stagestream_quarantined_users",
    (),
    "Users whose state grew larger than the changelog takes.",
    "Their events are dead letters until they are rebuilt.",
)
POLICY_INFO = _gauge(
    "stagestream_policy_info",
    ("name", "version", "fingerprint"),
    "Always 1: the policy that judges.",
    "Workers differ: finish the roll-out.",
)
BUILD_INFO = _gauge("stagestream_build_info", ("version", "python", "faust"), "Always 1: what runs.")
SLICE_DURATION = _histogram(
    "stagestream_slice_duration_seconds", ("step",), _SHORT, "Work on one slice.", "A rule or a disk is slow."
)
FLUSH_DURATION = _histogram(
    "stagestream_flush_duration_seconds",
    ("step",),
    _SHORT,
    "One flush cycle: until the changelog is acked, and from there until the transitions are.",
    "The broker is slow.",
)
COMMIT_DURATION = _histogram(
    "stagestream_commit_duration_seconds",
    (),
    _SHORT,
    "One commit to the group, for lag tools.",
    "The broker is slow.",
)
OUTBOX = _gauge(
    "stagestream_outbox_transitions",
    (),
    "Transitions that wait for the next flush.",
    "Growing: the broker is slow.",
)
DIRTY_USERS = _gauge(
    "stagestream_dirty_users",
    (),
    "Users that changed since the last flush.",
    "Growing: the broker is slow.",
)
RESENT = _counter(
    "stagestream_resent_transitions_total",
    (),
    "Transitions sent again after a recovery, with the same ids.",
    "Only after crashes and pauses.",
)
STALE_WRITES = _counter(
    "stagestream_stale_writes_total",
    (),
    "Records of an earlier owner that were outvoted.",
    "Only after pauses of a process.",
)
PRODUCE_ERRORS = _counter(
    "stagestream_produce_errors_total",
    ("topic",),
    "Records that the broker did not take; the worker then ends.",
    "Broker, rights or size.",
)
REBALANCES = _counter(
    "stagestream_rebalances_total", (), "How often the group has settled anew.", "A storm: member time-outs."
)
ASSIGNED_PARTITIONS = _gauge("stagestream_assigned_partitions", (), "Partitions that this worker holds.")
RECOVERY_REMAINING = _gauge(
    "stagestream_recovery_remaining_records", (), "Changelog records still to read.", "A gate for roll-outs."
)
RECOVERY_DURATION = _histogram(
    "stagestream_recovery_duration_seconds", (), _RECOVERY, "One recovery of all partitions given."
)
STATE_USERS = _gauge("stagestream_state_users", ("store",), "Users in this worker's state.")
READY = _gauge(
    "stagestream_ready", (), "1 when all partitions are recovered and no rebalance is going on.", "Long 0."
)
LAST_SUCCESS = _gauge(
    "stagestream_last_success_timestamp_seconds",
    ("task",),
    "When the task last succeeded: flush, commit, tick.",
    "A dead man's switch.",
)


class Metrics:
    """Feeds the metrics of one worker."""

    def __init__(self, settings: Settings, policy: Policy) -> None:
        self._topic = settings.input.topic
        self._dialect = settings.input.dialect
        self._policy = policy
        self._prepare(policy)

    def _prepare(self, policy: Policy) -> None:
        """Make the label sets that are known beforehand, so that `rate()` sees their first step."""
        POLICY_INFO.labels(policy.name, str(policy.version), policy.fingerprint).set(1)
        BUILD_INFO.labels(version(), platform.python_version(), installed_version("faust-streaming")).set(1)
        RECORDS.labels(self._topic, self._dialect)
        for reason in DropReason.__args__:  # type: ignore[attr-defined]  # a Literal has its values there
            DROPS.labels(self._topic, reason)
        for reason in BadReason.__args__:  # type: ignore[attr-defined]
            DEAD_LETTERS.labels(self._topic, reason)
        for stage in policy.stages:
            USERS.labels(stage.name)

    def observe(self, notes: Notes, seconds: float) -> None:
        """Count what happened to a slice."""
        topic = self._topic
        RECORDS.labels(topic, self._dialect).inc(notes.records)
        SLICE_DURATION.labels("advance").observe(seconds)
        self.observe_time(notes)
        for kind, count in notes.events.items():
            EVENTS.labels(topic, kind).inc(count)
        for reason, count in notes.drops.items():
            DROPS.labels(topic, reason).inc(count)
        for rule, count in notes.bad_properties.items():
            BAD_PROPERTIES.labels(rule).inc(count)
        if notes.late:
            LATE_EVENTS.labels(topic).inc(notes.late)
            LATE_AFTER_TICK.labels(topic).inc(notes.late_after_tick)

    def observe_time(self, notes: Notes) -> None:
        """Count what a round of ticks did."""
        for reason, count in notes.dead.items():
            DEAD_LETTERS.labels(self._topic, reason).inc(count)
        for told, detected_at in notes.told:
            source, target = told.from_stage or "", told.to_stage or ""
            if told.kind == "segment.entered":
                target = told.segment or ""
            elif told.kind == "segment.left":
                source = told.segment or ""
            TRANSITIONS.labels(told.kind, source, target, told.cause).inc()
            TIME_TO_DETECT.labels(told.kind, told.cause).observe((detected_at - told.effective_at) / 1_000)
            if told.corrects:
                CORRECTIONS.labels(told.kind).inc()

    def observe_flush(self, changelog_seconds: float, transitions_seconds: float) -> None:
        """Count a confirmed flush."""
        FLUSH_DURATION.labels("changelog").observe(changelog_seconds)
        FLUSH_DURATION.labels("transitions").observe(transitions_seconds)
        LAST_SUCCESS.labels("flush").set(time.time())

    def observe_commit(self, seconds: float) -> None:
        """Count a commit to the group."""
        COMMIT_DURATION.observe(seconds)
        LAST_SUCCESS.labels("commit").set(time.time())

    def observe_state(self, partitions: Iterable[Partition]) -> None:
        """Set the gauges of what the worker holds now."""
        held = list(partitions)
        ASSIGNED_PARTITIONS.set(len(held))
        OUTBOX.set(sum(partition.waiting_transitions for partition in held))
        DIRTY_USERS.set(sum(partition.open_users for partition in held))
        DUES_PENDING.set(sum(len(partition.dues) for partition in held))
        DUES_OVERDUE.set(sum(partition.dues.overdue(partition.watermark - 60_000) for partition in held))
        QUARANTINED.set(sum(len(partition.quarantined) for partition in held))
        STATE_USERS.labels("memory").set(sum(len(partition.users) for partition in held))
        for index, stage in enumerate(self._policy.stages):
            USERS.labels(stage.name).set(sum(partition.stage_counts[index] for partition in held))
        for partition in held:
            if partition.watermark > -NEVER:
                WATERMARK.labels(str(partition.number)).set(partition.watermark / 1_000)

    def observe_lag(self, partition: Partition, end: int, now_ms: int) -> None:
        """Set how far a partition is behind its end."""
        number = str(partition.number)
        records = max(end - partition.position, 0)
        if not records:
            partition.caught_up_ms = now_ms
        since_ms = max(partition.newest_record_ms, partition.caught_up_ms)
        age_ms = max(now_ms - since_ms, 0) if records and since_ms else 0  # nothing seen yet: not known
        LAG_RECORDS.labels(self._topic, number).set(records)
        LAG_SECONDS.labels(self._topic, number).set(age_ms / 1_000)
        TICKS_PAUSED.labels(number).set(1 if records else 0)

    def forget(self, number: int) -> None:
        """Drop the gauges of a partition that this worker no longer holds."""
        for gauge, labels in (
            (LAG_RECORDS, (self._topic, str(number))),
            (LAG_SECONDS, (self._topic, str(number))),
            (WATERMARK, (str(number),)),
            (TICKS_PAUSED, (str(number),)),
        ):
            if labels in gauge._metrics:  # noqa: SLF001 -- remove() raises for what was never set
                gauge.remove(*labels)
