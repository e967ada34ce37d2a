"""Rebuild: the input's history replayed into fresh state under the policy; only the differences to what was told go out.

It does what a worker does, while no worker runs: reads the changelog up to a fence of its own, replays each partition of
the input up to where the workers had come, puts every user who comes out in the place of the one that was stored, and
makes it durable in the worker's order. One that was ended in the middle is begun again: who is done differs in nothing.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from uuid import uuid4

from confluent_kafka import ConsumerGroupState, KafkaException, Message, TopicPartition

from stage_models.advance import Step
from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.shape import Shape
from stage_models.transitions import Transition
from stage_models.user import NEVER, decode, encode, header_of, shape_of
from streams.codec import decoder
from streams.codec.stored import Position
from streams.differences import Differences
from streams.engine import clients
from streams.engine.homes import home_of
from streams.engine.outbox import Outbox
from streams.engine.outputs import Outputs
from streams.engine.partition import Partition, new_partition
from streams.engine.policy_changes import objection
from streams.engine.recovery import Recovered, read_up_to, recover, users_between
from streams.event_files import read_lines
from streams.history import History
from streams.metrics import Metrics
from streams.settings import Settings
from streams.topics import Layout, TopicsError, check, topics

Observe = Callable[[str, int, int], None]
"""Is told what is going on, how many records are done, and how many there are."""

_ROUND_RECORDS = 20_000
_ROUND_USERS = 5_000
_ANSWER_SECONDS = 10.0
_GRACE_SECONDS = 2.0
_LOOK_SECONDS = 0.5


class Rebuild:
    """One rebuild. `archive`: files of the events that came before the input topic begins; `tell` gets every difference."""

    def __init__(
        self,
        settings: Settings,
        policy: Policy,
        archive: list[Path],
        observe: Observe,
        tell: Callable[[Transition], None],
    ) -> None:
        self._settings = settings
        self._policy = policy
        self._archive = archive
        self._observe = observe
        self._tell = tell
        self._changelog = topics(settings).changelog.name
        self._input = settings.input.topic
        self._outputs = Outputs(settings, policy)
        self._decode = decoder(settings.input, policy.max_age_ms)
        self._consumer = clients.fetcher(settings)
        self._differences = Differences()

    def run(self, *, is_dry: bool) -> Differences:
        """Rebuild all partitions and give the differences; dry, write nothing.

        Raises TopicsError when the topics cannot be used, workers run, the history is not whole, or the stored users cannot
        be followed by the policy.
        """
        with closing(self._consumer):
            layout = check(self._settings)
            if not is_dry:
                self._ensure_nobody_works()
            asyncio.run(self._dry(layout) if is_dry else self._real(layout))
        return self._differences

    async def _dry(self, layout: Layout) -> None:
        ends = {}
        for number in range(layout.partitions):
            low, high = self._bounds(self._changelog, number)
            if high > low:
                ends[number] = high - 1
        for number, state, position in self._stored(layout, ends):
            fresh = self._replayed(layout, number, state, position)
            for _, step, has_history in self._steps(state, position, fresh.users):
                self._note(step, has_history=has_history)

    async def _real(self, layout: Layout) -> None:
        outbox = Outbox(
            clients.producer(self._settings),
            topics(self._settings),
            self._policy,
            Metrics(self._settings, self._policy),
            lambda: None,
            lambda number, start, end: users_between(self._consumer, self._changelog, number, start, end),
        )
        fences = await outbox.fence(range(layout.partitions), uuid4().bytes, layout.input_id)
        for number, state, position in self._stored(layout, fences):
            fresh = self._replayed(layout, number, state, position)
            partition = new_partition(self._settings, layout, self._policy, self._outputs, number)
            partition.resume({}, position.position, position.watermark, state.waiting, {})
            partition.quarantined = fresh.quarantined
            steps = self._steps(state, position, fresh.users)
            for count, (stored, step, has_history) in enumerate(steps, 1):
                self._note(step, has_history=has_history)
                partition.put(step.user, stored, step.transitions)
                if count % _ROUND_USERS == 0 and count > len(state.waiting):
                    self._ensure_nobody_works()
                    await outbox.flush([partition])
            self._ensure_nobody_works()
            await outbox.flush([partition])

    def _note(self, step: Step, *, has_history: bool) -> None:
        self._differences.note(step.transitions, has_history=has_history)
        for transition in step.transitions:
            self._tell(transition)

    # --- what is stored

    def _stored(self, layout: Layout, ends: dict[int, int]) -> list[tuple[int, Recovered, Position]]:
        """The partitions in which something was done, as the changelog has them, all looked at before one is touched."""
        read = 0

        def observe(count: int, remaining: int) -> None:
            nonlocal read
            read += count
            self._observe("reading the stored users", read, read + remaining)

        stored = recover(self._consumer, self._changelog, ends, lambda: False, observe)
        found = [
            (number, state, state.position) for number, state in stored.items() if state.position is not None
        ]
        problems = [
            problem
            for number, state, position in found
            for problem in self._problems(layout, number, state, position)
        ]
        if problems:
            raise TopicsError(list(dict.fromkeys(problems)))
        return found

    def _problems(self, layout: Layout, number: int, state: Recovered, position: Position) -> Iterator[str]:
        shapes = {shape_of(one) for one in state.users.values()}
        judges: list[Position | Shape] = [
            position,
            *(state.shapes[one] for one in shapes & set(state.shapes)),
        ]
        for judged_by in judges:
            if (against := objection(self._policy, judged_by)) is not None:
                yield f"the stored users were judged by {against.found}\n  try:      {against.hint}"
        if unknown := shapes - set(state.shapes):
            yield f"partition {number}: users of unknown shapes: {', '.join(sorted(map(bytes.hex, unknown)))}"
        if None not in (position.source_id, layout.input_id) and position.source_id != layout.input_id:
            yield f"{self._input}: the topic was deleted and made anew; its history is not that of the users"
        low, _ = self._bounds(self._input, number)
        if low > 0 and not self._archive:
            yield (
                f"{self._input}: partition {number} begins at offset {low}: the first records are gone\n"
                "  try:      --archive FILE, with the events that came before"
            )

    def _bounds(self, topic: str, number: int) -> tuple[int, int]:
        low, high = self._consumer.get_watermark_offsets(
            TopicPartition(topic, number), timeout=_ANSWER_SECONDS
        )
        return low, high

    def _ensure_nobody_works(self) -> None:
        """Wait as long as a worker that was stopped may still count as a member; who is one then, runs."""
        group, admin = self._settings.app_id, clients.admin(self._settings)
        deadline = time.monotonic() + self._settings.engine.member_timeout_seconds + _GRACE_SECONDS
        while True:
            try:
                state = admin.describe_consumer_groups([group])[group].result(_ANSWER_SECONDS).state
            except KafkaException as error:
                raise TopicsError(
                    [f"{group}: the group cannot be looked at: {error.args[0].str()}"]
                ) from error
            if state in {ConsumerGroupState.EMPTY, ConsumerGroupState.DEAD, ConsumerGroupState.UNKNOWN}:
                return
            if time.monotonic() > deadline:
                hint = "stop them, or rebuild --dry-run"
                raise TopicsError([f"{group}: workers are running\n  try:      {hint}"])
            self._observe("waiting for the workers to be gone", 0, 1)
            time.sleep(_LOOK_SECONDS)

    # --- what becomes of it

    def _steps(
        self, state: Recovered, position: Position, fresh: dict[str, bytes]
    ) -> Iterator[tuple[bytes | None, Step, bool]]:
        """For each user how he is stored, the step from there to the fresh one, and whether he is in the history.

        Who still has something to tell comes first.
        """
        shapes = {**state.shapes, self._policy.shape.id: self._policy.shape}
        changes = {shape_id: PolicyChange(shape, self._policy) for shape_id, shape in shapes.items()}
        for user_id in {**state.waiting, **state.users, **fresh}:
            stored, made = state.users.get(user_id), fresh.get(user_id)
            told = None if stored is None else decode(user_id, stored)
            change = changes[self._policy.shape.id if stored is None else shape_of(stored)]
            if made is not None:
                yield stored, change.replace(told, decode(user_id, made)), True
            elif told is not None:
                yield stored, change.adopt(told, position.watermark), False

    def _replayed(self, layout: Layout, number: int, state: Recovered, position: Position) -> Partition:
        """The partition with the users whom the history makes: what was applied before the position, and behind it what
        the stored users have seen, as a worker's sudden end leaves them.
        """
        low, _ = self._bounds(self._input, number)
        end = max([position.position, *(header_of(one).offset + 1 for one in state.users.values())])
        partition = new_partition(self._settings, layout, self._policy, self._outputs, number)
        partition.resume(self._archived(layout, number, state), low, -NEVER, {}, {})
        for done, record in enumerate(self._records(number, low, end), 1):
            offset: int = record.offset()  # type: ignore[assignment]  # a fetched record has one
            if offset < position.position or _has_seen(state.users, record.key(), offset):
                partition.take(record, self._decode)
            if done % _ROUND_RECORDS == 0:
                _forget(partition)
                self._observe(f"replaying partition {number}", done, end - low)
        while partition.tick(position.watermark, _ROUND_USERS):
            _forget(partition)
        _forget(partition)
        return partition

    def _records(self, number: int, low: int, end: int) -> Iterator[Message]:
        if end > low:
            begin, fence = {number: low}, {number: end - 1}
            yield from read_up_to(self._consumer, self._input, begin, fence, lambda: False, lambda *_: None)

    def _archived(self, layout: Layout, number: int, state: Recovered) -> dict[str, bytes]:
        """The users of the partition whom the archive makes, stored. Where producers may put a key anywhere, those who are
        stored there.
        """
        home = home_of(self._settings.input.partitioner, layout.partitions)
        history = History(self._policy, self._settings.input)
        for done, line in enumerate(read_lines(self._archive), 1):
            if line.key is not None and (
                line.key.decode() in state.users if home is None else home(line.key) == number
            ):
                history.feed(line)
            if done % _ROUND_RECORDS == 0:
                self._observe(f"replaying the archive of partition {number}", done, done)
        return {user.id: encode(user, self._policy.shape.id) for user in history.users.values()}


def _has_seen(users: dict[str, bytes], key: bytes | None, offset: int) -> bool:
    """Whether the user of a record is stored as he was after it."""
    stored = users.get((key or b"").decode(errors="replace"))
    return stored is not None and offset <= header_of(stored).offset


def _forget(partition: Partition) -> None:
    """Store the users; what there is to tell, to bury and to count was told, buried and counted once."""
    partition.confirm(partition.snapshot())
    partition.take_notes()
