"""The way back: from a changelog partition to the users, the position and what is still to be told.

The changelog is read in bulk and only the headers of the users are looked at. Its end is not asked of the broker: a
fence record was written after the assignment, and reading ends where it comes back; what an earlier owner wrote lies
before it. Per user the highest (epoch, incarnation, offset, sequence) wins, the later in the log on ties.

Then the tail behind the delivered mark is read once more: who still had something to tell there tells it again.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import msgspec
import structlog
from confluent_kafka import OFFSET_BEGINNING, Consumer, KafkaError, Message, TopicPartition

from stage_models.shape import Shape
from stage_models.user import rank_of
from streams.codec.stored import (
    FENCE_KEY,
    POSITION_KEY,
    Position,
    Waiting,
    decode_position,
    decode_shape,
    stored_user,
    waiting,
)
from streams.engine import failure

_BULK = 10_000
_REPORT_SECONDS = 5.0

Observe = Callable[[int, int], None]
"""Is told how many records were read just now and how many remain."""

log = structlog.get_logger("stagestream.engine.recovery")


class Recovered(msgspec.Struct):
    """What one changelog partition holds."""

    users: dict[str, bytes] = msgspec.field(default_factory=dict)
    position: Position | None = None
    waiting: dict[str, list[Waiting]] = msgspec.field(default_factory=dict)
    shapes: dict[bytes, Shape] = msgspec.field(default_factory=dict)
    """By the id that users have in their header."""
    shadowed: set[str] = msgspec.field(default_factory=set)
    """Users whose newest record lies before an older one: compaction would keep the older."""


class CancelledError(Exception):
    """The partitions were taken away again before they were recovered."""


def recover(
    consumer: Consumer,
    topic: str,
    fences: dict[int, int],
    is_cancelled: Callable[[], bool],
    observe: Observe,
) -> dict[int, Recovered]:
    """Read the changelog partitions up to their fences: partition -> what it holds. Blocks; run it in a thread.

    Raises CancelledError, and KafkaException when the broker does not answer.
    """
    recovered = {number: Recovered() for number in fences}
    beginnings = dict.fromkeys(fences, OFFSET_BEGINNING)
    for message in read_up_to(consumer, topic, beginnings, fences, is_cancelled, observe):
        _take(recovered[message.partition()], message)  # type: ignore[index]  # a fetched record has one
    tails = {
        number: max(state.position.delivered if state.position else 0, 0)
        for number, state in recovered.items()
    }
    for message in read_up_to(consumer, topic, tails, fences, is_cancelled, _unobserved):
        _take_waiting(recovered[message.partition()], message)  # type: ignore[index]
    return recovered


def users_between(consumer: Consumer, topic: str, number: int, start: int, end: int) -> set[str]:
    """The users who have a record in a changelog partition from `start` up to `end`, where a record lies. Blocks."""
    keys: set[str] = set()
    for message in read_up_to(consumer, topic, {number: start}, {number: end}, lambda: False, _unobserved):
        key: bytes = message.key()  # type: ignore[assignment]  # every changelog record has one
        if key[0] != 0 and message.offset() != end:
            keys.add(key.decode())
    return keys


def ensure_source(topic_id: str | None, topic: str, number: int, state: Recovered) -> None:
    """Stop the worker when the position of the partition is one in a topic that is no more."""
    known = state.position.source_id if state.position else None
    if None not in (known, topic_id) and known != topic_id:
        failure.die(
            "the input topic was deleted and made anew; the stored position means nothing in it",
            topic=topic,
            partition=number,
            expected=f"topic id {known}",
            found=f"topic id {topic_id}",
            hint="give the deployment a new app id and topic prefix: it then begins anew with the new topic",
        )


def _unobserved(read: int, remaining: int) -> None:
    """For readings that are too short to be reported."""


def _take(state: Recovered, message: Message) -> None:
    key: bytes = message.key()  # type: ignore[assignment]  # every changelog record has one
    value = message.value()
    if key[0] == 0:
        if key == POSITION_KEY and value is not None:
            state.position = decode_position(value)
        elif value is not None and (shape := decode_shape(key, value)) is not None:
            state.shapes[shape[0]] = shape[1]
        return
    users, user_id = state.users, key.decode()
    if value is None:
        users.pop(user_id, None)
        state.shadowed.discard(user_id)
        return
    stored = stored_user(value)
    known = users.get(user_id)
    if known is None or rank_of(stored) >= rank_of(known):
        users[user_id] = stored
        state.shadowed.discard(user_id)
    else:
        state.shadowed.add(user_id)


def _take_waiting(state: Recovered, message: Message) -> None:
    key: bytes = message.key()  # type: ignore[assignment]
    value = message.value()
    if key[0] == 0 or value is None:
        return
    user_id = key.decode()
    if state.users.get(user_id) != stored_user(value):
        return
    if news := waiting(value):
        state.waiting[user_id] = news
    else:
        state.waiting.pop(user_id, None)


def read_up_to(
    consumer: Consumer,
    topic: str,
    starts: dict[int, int],
    fences: dict[int, int],
    is_cancelled: Callable[[], bool],
    observe: Observe,
) -> Iterator[Message]:
    """The records of the partitions from their starts up to their fences, these included unless they are ours. Blocks.

    Where there is no record at the fence, the end of the log behind it will do.
    """
    open_fences = dict(fences)
    reached: dict[int, int] = {}
    reported = time.monotonic()
    consumer.assign([TopicPartition(topic, number, start) for number, start in starts.items()])
    while open_fences:
        if is_cancelled():
            raise CancelledError
        messages = consumer.consume(_BULK, 0.5)
        for message in messages:
            error = message.error()
            if error is not None and error.code() != KafkaError._PARTITION_EOF:  # noqa: SLF001 -- its public name
                failure.die("the topic cannot be read", topic=topic, error_text=str(error))
            number: int = message.partition()  # type: ignore[assignment]
            offset: int = message.offset()  # type: ignore[assignment]
            if number not in open_fences:
                continue
            fence = open_fences[number]
            reached[number] = offset
            if offset > fence or (offset == fence and error is None):
                del open_fences[number]
            if offset <= fence and error is None and message.key() != FENCE_KEY:
                yield message
        remaining = sum(fence - reached.get(number, 0) for number, fence in open_fences.items())
        observe(len(messages), remaining)
        if time.monotonic() - reported > _REPORT_SECONDS:
            reported = time.monotonic()
            log.info("recovering", remaining_records=remaining)
    consumer.unassign()
