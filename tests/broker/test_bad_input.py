"""Broken records of every kind among good ones: each is kept or counted for its reason, the others are applied."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import NamedTuple, get_args

import msgspec
import pytest
from aiokafka.partitioner import murmur2
from confluent_kafka import KafkaError, Message, Producer
from confluent_kafka.admin import AdminClient
from confluent_kafka.cimpl import NewTopic

from stage_models import policy as policies
from stage_models.instants import HOUR, format_instant
from streams import topics
from streams.codec.records import BadReason
from streams.event_files import Line, read_lines
from streams.policy_files import read_policy
from streams.settings import EngineSettings, Settings
from tests import workers
from tests.chaos import expected
from tests.chaos.campaign import LOG
from tests.chaos.observed import Observed
from tests.workers import Worker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(180)]

PARTITIONS = 4
TIMES_EACH = 4
SEED = 20
MAX_MESSAGE_BYTES = 6 * 1024 * 1024
DEAD_REASONS = get_args(BadReason)

encode = msgspec.json.encode


class Record(NamedTuple):
    """A record to write. Without a partition it goes where its key belongs."""

    key: bytes | None
    value: bytes | None
    time_ms: int
    partition: int | None = None
    reason: str | None = None  # why it is not applied; None for a good one
    headers: tuple[tuple[str, bytes], ...] = ()


def home(key: bytes | None) -> int:
    partition: int = (murmur2(key or b"") & 0x7FFFFFFF) % PARTITIONS
    return partition


def call(line: Line, **changed: object) -> bytes:
    """An order of the line's user at the line's time, which would count; with fields changed (None: left out)."""
    user_id = (line.key or b"").decode()
    fields: dict[str, object] = {
        "messageId": f"broken-{line.number}",
        "userId": user_id,
        "event": "Order Completed",
        "timestamp": format_instant(line.time_ms),
        "properties": {"revenue": 999, "discount": 1},
    }
    return encode({name: value for name, value in (fields | changed).items() if value is not None})


def nested(depth: int) -> dict[str, object]:
    tree: dict[str, object] = {}
    for _ in range(depth):
        tree = {"in": tree}
    return tree


def of(reason: str, value: Callable[[Line], bytes | None]) -> Callable[[Line], Record]:
    return lambda line: Record(line.key, value(line), line.time_ms, reason=reason)


DEAD: dict[str, Callable[[Line], Record]] = {
    "not JSON": of("unreadable", lambda line: call(line)[:-9]),
    "not UTF-8": of("unreadable", lambda line: call(line).replace(b"Order", b"\xff\xfe")),
    "another shape": of("unknown_dialect", lambda _: b'{"hello": ["world"]}'),
    "wrong type": of("schema", lambda line: call(line, properties="none")),
    "no time": of("schema", lambda line: call(line, timestamp="yesterday")),
    "nested too deep": of("schema", lambda line: call(line, properties=nested(40))),
    "no user": of("no_user", lambda line: call(line, userId=None)),
    "placeholder": lambda line: Record(
        b"null", call(line, userId="null"), line.time_ms, reason="placeholder_id"
    ),
    "future time": of(
        "future_timestamp", lambda line: call(line, timestamp=format_instant(line.time_ms + 2 * HOUR))
    ),
    "5 MB": of("too_large", lambda line: call(line, properties={"note": "x" * 5_000_000})),
    "another key": lambda line: Record(b"somebody", call(line), line.time_ms, reason="needs_rekey"),
    "no key": lambda line: Record(None, call(line), line.time_ms, reason="needs_rekey"),
    "another partition": lambda line: Record(
        line.key, call(line), line.time_ms, (home(line.key) + 1) % PARTITIONS, "needs_rekey"
    ),
}
"""Broken records that are kept, each with its reason."""

DROPPED: dict[str, Callable[[Line], Record]] = {
    "no value": of("empty", lambda _: None),
    "empty value": of("empty", lambda _: b""),
    "anonymous": of("anonymous", lambda line: call(line, userId=None, anonymousId="device-1")),
    "twice": of("duplicate", lambda line: line.value),
    "a merge": of("merge_off", lambda line: call(line, type="alias", event=None, previousId="device-1")),
    "our own": of("own_event", lambda line: call(line, context={"library": {"name": "stagestream"}})),
}
"""Records without effect that are only counted, each with its reason."""


def mixed() -> Iterator[Record]:
    """The purchase log with every kind of broken record at random places in it."""
    rng = random.Random(SEED)  # noqa: S311 -- repeatable on purpose
    lines = list(read_lines([LOG]))
    places: dict[int, list[tuple[str, Callable[[Line], Record]]]] = {}
    for kind, make in (DEAD | DROPPED).items():
        for number in rng.sample(range(len(lines)), TIMES_EACH):
            places.setdefault(number, []).append((kind, make))
    for number, line in enumerate(lines):
        yield Record(line.key, line.value, line.time_ms)
        for kind, make in places.get(number, ()):
            yield make(line)._replace(headers=(("trace", f"{kind} {number}".encode()),))


@pytest.fixture
def retail(settings: Settings) -> Settings:
    """A deployment of the retail policy whose input takes values of up to 6 MiB."""
    configs = {**topics.topics(settings).input.configs, "max.message.bytes": str(MAX_MESSAGE_BYTES)}
    settings = settings.model_copy(update={"policy": "retail", "engine": EngineSettings(time="records")})
    admin = AdminClient({"bootstrap.servers": settings.bootstrap_servers})
    wanted = NewTopic(settings.input.topic, PARTITIONS, 1, config=configs)
    admin.create_topics([wanted])[settings.input.topic].result(30)
    topics.create(settings, PARTITIONS, replication=1)
    return settings


def write(settings: Settings, records: list[Record]) -> dict[tuple[int, int], Record]:
    """Write the records; those that are to be dead letters by the partition and offset that they got."""
    dead: dict[tuple[int, int], Record] = {}

    def keep(record: Record) -> Callable[[KafkaError | None, Message], None]:
        def on_delivery(error: KafkaError | None, message: Message) -> None:
            assert error is None, error
            if record.reason in DEAD_REASONS:
                dead[message.partition() or 0, message.offset() or 0] = record

        return on_delivery

    producer = Producer(
        {"bootstrap.servers": settings.bootstrap_servers, "message.max.bytes": MAX_MESSAGE_BYTES}
    )
    for record in records:
        producer.produce(
            settings.input.topic,
            value=record.value,
            key=record.key,
            partition=home(record.key) if record.partition is None else record.partition,
            timestamp=record.time_ms,
            headers=list(record.headers),
            on_delivery=keep(record),
        )
        producer.poll(0)
    assert producer.flush(60) == 0
    return dead


def let_work(worker: Worker, settings: Settings, observed: Observed, wanted: expected.Expected) -> None:
    """Return when the worker has worked through all of the input."""

    def is_done() -> bool:
        observed.read(0.05)
        assert worker.is_running, worker.said()
        return observed.ledger.transitions >= len(wanted.ids) and workers.has_committed_all(
            settings, PARTITIONS
        )

    workers.wait_until(is_done, "the whole log", seconds=120)


def test_broken_records_are_kept_or_counted_and_all_others_applied(retail: Settings, tmp_path: Path) -> None:
    records = list(mixed())
    dead = write(retail, records)
    wanted = expected.replay(policies.load(*read_policy("retail")), LOG, repeat=1)
    with closing(Observed(retail, PARTITIONS)) as observed:
        with workers.worker(retail, tmp_path / "worker.log") as worker:
            let_work(worker, retail, observed, wanted)
            metrics = worker.metrics()
            assert worker.stop() == 0, worker.said()
        observed.read_to_end()
        observed.compare(wanted)
        letters = observed.dead_letters()
    assert observed.ledger.problems.words == []
    ensure_kept(letters, dead, retail.input.topic)

    topic = retail.input.topic
    reasons = Counter(record.reason for record in records if record.reason is not None)
    for reason, count in reasons.items():
        name = f"stagestream_{'dead_letters' if reason in DEAD_REASONS else 'drops'}_total"
        assert metrics[f'{name}{{reason="{reason}",topic="{topic}"}}'] == count, reason
    assert metrics["stagestream_records_total"] == len(records)
    assert metrics["stagestream_events_total"] == wanted.events


def headers_of(letter: Message) -> dict[str, str]:
    pairs = dict(letter.headers() or [])
    return {name: text.decode() if isinstance(text, bytes) else str(text) for name, text in pairs.items()}


def ensure_kept(letters: list[Message], dead: dict[tuple[int, int], Record], topic: str) -> None:
    """Each broken record lies among the dead letters exactly once, as it was, with its reason and its place."""
    assert len(letters) == len(dead)
    for letter in letters:
        told = headers_of(letter)
        record = dead.pop((int(told["dlq_partition"]), int(told["dlq_offset"])))
        assert (letter.key(), letter.value()) == (record.key, record.value)
        assert [told[name] for name, _ in record.headers] == [text.decode() for _, text in record.headers]
        assert (told["dlq_reason"], told["dlq_topic"]) == (record.reason, topic)
        assert told["dlq_error"], record.reason
    assert dead == {}
