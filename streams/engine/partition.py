"""One partition's world: its users, what changed since the last flush, what waits to be told, who is due when.

Users lie here in their stored form. Whoever changes is decoded once and stays open until the next flush takes a
snapshot, which encodes each open user once however many events he had. The inputs applied since the snapshot are
kept, so that a user in whom a rule raised an error can be put back to where he was: stored form, inputs, again.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from copy import deepcopy

import msgspec
import structlog
from confluent_kafka import Message

from stage_models.advance import Step, advance
from stage_models.events import Event, Tick
from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.transitions import Transition
from stage_models.user import NEVER, User, decode, due_of, encode, header_of, shape_of, stage_of, with_due
from streams import dead_letters
from streams.codec import Decode
from streams.codec.cloudevents import Headers
from streams.codec.records import BadRecord, Dropped
from streams.codec.stored import Waiting, frame
from streams.dead_letters import DeadLetter
from streams.engine.clients import LARGEST_RECORD_BYTES
from streams.engine.dues import Dues
from streams.engine.homes import home_check
from streams.engine.outputs import Outputs
from streams.settings import Settings
from streams.topics import Layout, topics

MAX_WAITING_BYTES = 8 * 1024 * 1024
"""When so much waits to be told, slices wait for the flush."""

MAX_WAITING_PER_USER = 32  # about 64 kB
MAX_OPEN_USERS = 100_000

_DEFAULT_MESSAGE_BYTES = 1_000_000
_FRAME_BYTES = 4 * 1024

log = structlog.get_logger("stagestream.engine.partition")

_NOBODY: tuple[Waiting, ...] = ()


class Notes(msgspec.Struct):
    """What happened to the records of a slice, or in a round of ticks, for the metrics."""

    records: int = 0
    events: Counter[str] = msgspec.field(default_factory=Counter)  # kind -> applied
    drops: Counter[str] = msgspec.field(default_factory=Counter)
    dead: Counter[str] = msgspec.field(default_factory=Counter)
    bad_properties: Counter[str] = msgspec.field(default_factory=Counter)
    late: int = 0
    late_after_tick: int = 0
    rule_error: str | None = None  # one of the errors that rules raised
    told: list[tuple[Transition, int]] = msgspec.field(default_factory=list)  # with detected_at


class Tale(msgspec.Struct, frozen=True, gc=False):
    """What one user has to tell in one flush."""

    user_id: str
    waiting: list[Waiting]
    current: bytes | None  # None: it cannot be made; then the record of current-stage stays what it is
    current_headers: Headers


class Batch(msgspec.Struct, frozen=True):
    """What one flush cycle makes durable: everything before `position`."""

    position: int
    watermark: int
    dead: list[DeadLetter]
    users: list[tuple[str, bytes]]  # user id, changelog value
    tales: list[Tale]
    quarantined: list[str]


class Partition:
    """State and work of one partition under one policy. Not thread-safe: it lives on the event loop."""

    def __init__(
        self,
        topic: str,
        number: int,
        policy: Policy,
        outputs: Outputs,
        *,
        is_home_of: Callable[[bytes], bool],
        dialect: str,
        dead_letter_limit_bytes: int,
        state_limit_bytes: int,
    ) -> None:
        self.topic = topic
        self.number = number
        self.users: dict[str, bytes] = {}
        self.waiting: dict[str, list[Waiting]] = {}
        self.dues = Dues()
        self.position = 0  # behind the last applied record
        self.watermark = -NEVER  # time of the newest tick
        self.delivered = 0  # changelog offset before which everything is told
        self.durable = 0  # the position that the last confirmed flush has made durable
        self.quarantined: set[str] = set()  # users whose state the changelog cannot take
        self.newest_record_ms = 0  # record time of the last applied record
        self.caught_up_ms = 0  # when nothing was left to apply, by the wall clock
        self.stage_counts = [0] * len(policy.stages)
        self.notes = Notes()
        self.dead_run = 0  # dead letters since the last record that was none
        self.is_closed = False  # handed over: nothing may change any more
        self.is_full = False  # so much waits that slices must wait
        self._policy = policy
        self._stage_index = {stage.name: index for index, stage in enumerate(policy.stages)}
        self._outputs = outputs
        self._is_home_of = is_home_of
        self._dialect = dialect
        self._dead_letter_limit_bytes = dead_letter_limit_bytes
        self._state_limit_bytes = state_limit_bytes
        self._open: dict[str, User] = {}
        self._inputs: list[tuple[str, int, Event | Tick]] = []  # user, offset, input since the last snapshot
        self._dead: list[DeadLetter] = []
        self._waiting_bytes = 0
        self._unwatched: set[str] = set()  # users whose due raised an error; entered again when they change
        self._changes: dict[bytes, PolicyChange] = {}
        self._strangers: list[str] = []  # users whom an earlier policy stored, and ours has not adopted yet
        self._earlier: dict[str, bytes | None] = {}  # how users settled since the last snapshot were stored

    def resume(
        self,
        users: dict[str, bytes],
        position: int,
        watermark: int,
        waiting: dict[str, list[Waiting]],
        changes: dict[bytes, PolicyChange],
    ) -> None:
        """Go on from what the changelog holds. One pass over the headers: linear in the users.

        Users of other shapes are strangers; `changes` says by shape how each becomes ours. Nothing but `adopt` may touch
        them, so it comes before the first slice.
        """
        self.users = users
        self.position = self.durable = position
        self.watermark = watermark
        self.waiting = waiting
        self._waiting_bytes = sum(news.size for told in waiting.values() for news in told)
        self._changes = changes
        add, shape = self.dues.add, self._policy.shape.id
        for user_id, stored in users.items():
            if shape_of(stored) == shape:
                add(user_id, due_of(stored))
                self.stage_counts[stage_of(stored)] += 1
            elif user_id not in self.quarantined:
                self._strangers.append(user_id)
        for user_id in self._strangers:
            if user_id in waiting:  # what is told again goes with the user as he is
                self._adopt(user_id)
        self._strangers = [user_id for user_id in self._strangers if user_id not in waiting]

    # --- another policy's users

    @property
    def has_strangers(self) -> bool:
        """Whether there are users whom an earlier policy stored."""
        return bool(self._strangers)

    def adopt(self, limit: int) -> int:
        """Make at most `limit` strangers ours, each judged once, cause `policy`; how many there were to do."""
        found = self._strangers[-limit:]
        del self._strangers[-limit:]
        for user_id in found:
            self._adopt(user_id)
        return len(found)

    def _adopt(self, user_id: str) -> None:
        stored = self.users[user_id]
        change = self._changes[shape_of(stored)]
        user = decode(user_id, stored)
        self._count_stage(change.old.stages[user.stage], 1)
        try:
            step = change.adopt(user, self.watermark)
            told = self._outputs.of_time(step.transitions, self.topic, self.number, self.position)
        except Exception as error:  # noqa: BLE001 -- a rule may raise anything; it costs this judgement only
            user = decode(user_id, stored)
            step, told = change.take_over(user), []
            self._bury(
                dead_letters.of_user(user_id, _rule_error(error), self.topic, self.number, self.position)
            )
        self._settle(user, stored, step.transitions, told)

    def put(self, user: User, stored: bytes | None, transitions: list[Transition]) -> None:
        """Take in a user of our policy who was made elsewhere, in the place of the stored one (None: nobody), and what is
        to be told of him.
        """
        told = self._outputs.of_time(transitions, self.topic, self.number, self.position)
        self._settle(user, stored, transitions, told)

    def _settle(
        self, user: User, stored: bytes | None, transitions: list[Transition], told: list[Waiting]
    ) -> None:
        self._earlier[user.id] = stored
        self.users[user.id] = encode(user, self._policy.shape.id)
        self._open[user.id] = user
        self._watch(user.id, user.due)
        self.is_full = self.is_full or len(self._open) > MAX_OPEN_USERS
        if told:
            self._keep(user.id, transitions, told)

    # --- events

    def take(self, record: Message, decode: Decode) -> None:
        """Apply the event in a record, or say why not."""
        try:
            outcome = decode(record.key(), record.value(), record.headers(), record.timestamp()[1])  # type: ignore[arg-type]
        except SystemError:  # how confluent-kafka says that it cannot read them; asked again it crashes
            record.set_headers([])
            outcome = BadRecord("unreadable", "the name of a header is not UTF-8")
        if isinstance(outcome, Event):
            self.apply(outcome, record)
        else:
            self.refuse(outcome, record)

    def apply(self, event: Event, record: Message) -> None:
        """Move the event's user as far as the event says."""
        user_id = event.user_id
        offset: int = record.offset()  # type: ignore[assignment]  # a fetched record has one
        user = self._open.get(user_id)
        if user is None:
            stored = self.users.get(user_id)
            if stored is not None:
                user = decode(user_id, stored)
            elif not self._is_home_of(record.key()):  # type: ignore[arg-type]  # equal to the user id, so there
                self.refuse(BadRecord("needs_rekey", "the record's partition is not that of its key"), record)
                return
        if user is not None and offset <= user.offset:
            self.notes.drops["applied"] += 1
            return
        if self.quarantined and user_id in self.quarantined:
            self.refuse(BadRecord("state_too_large", "the user is quarantined"), record)
            return
        due = NEVER if user is None else user.due
        try:
            step = advance(self._policy, user, event)
            told = self._outputs.of_record(step.transitions, record) if step.transitions else []
        except Exception as error:  # noqa: BLE001 -- a rule may raise anything; it costs this record only
            user = self._put_back(user_id)
            if user is not None and user_id not in self._unwatched:
                self._watch(user_id, user.due)
            self.refuse(_rule_error(error), record)
            return
        self.dead_run = 0
        self._note(step, event.kind)
        if step.is_changed:
            user = step.user
            user.offset = offset
            self._open[user_id] = user
            self._inputs.append((user_id, offset, event))
            if user.due < due or user_id in self._unwatched:
                self._watch(user_id, user.due)
            if told:
                self._keep(user_id, step.transitions, told)

    def refuse(self, outcome: BadRecord | Dropped, record: Message) -> None:
        """Count a record that is not applied, and keep it as a dead letter if it is bad."""
        if isinstance(outcome, Dropped):
            self.dead_run = 0
            self.notes.drops[outcome.reason] += 1
            return
        self.dead_run += 1
        letter = dead_letters.of_record(record, outcome, self._dialect, self._dead_letter_limit_bytes)
        self._bury(letter)

    def moved_to(self, position: int) -> None:
        """Every record before the position is applied, dropped or a dead letter."""
        self.position = position

    def take_notes(self) -> Notes:
        """What happened since the last call; a rule that raised is said in the log, once however often it did."""
        notes, self.notes = self.notes, Notes()
        if notes.rule_error is not None:
            log.error("a rule raised an error", error_text=notes.rule_error, count=notes.dead["rule_error"])
        return notes

    # --- time

    def tick(self, watermark: int, limit: int) -> bool:
        """Let time act on at most `limit` users who are due before the watermark; whether there may be more.

        The partition's watermark never goes back: an earlier one than the last is taken for the last.
        """
        self.watermark = max(self.watermark, watermark)
        user_ids = self.dues.pop(self.watermark, limit, self._due_of)
        if user_ids is None:
            return False
        tick = Tick(self.watermark)
        for user_id in user_ids:
            self._let_time_act(user_id, tick)
        return True

    def _let_time_act(self, user_id: str, tick: Tick) -> None:
        if user_id in self.quarantined:  # his events are dead letters, so his silence means nothing
            return
        is_open = user_id in self._open
        user = self._open[user_id] if is_open else decode(user_id, self.users[user_id])
        due = user.due
        try:
            step = advance(self._policy, user, tick)
            moved = step.transitions
            told = self._outputs.of_time(moved, self.topic, self.number, self.position) if moved else []
        except Exception as error:  # noqa: BLE001 -- as above; it costs this due only
            self._put_back(user_id)
            self._unwatched.add(user_id)  # looking again at once would raise again, for ever
            bad = _rule_error(error)
            self._bury(dead_letters.of_due(user_id, due, bad, self.topic, self.number, self.position))
            return
        user = step.user
        if step.is_changed:
            self._open[user_id] = user
            self._inputs.append((user_id, user.offset, tick))
            if told:
                self._keep(user_id, moved, told)
        elif not is_open:
            self.users[user_id] = with_due(self.users[user_id], user.due)
        self._watch(user_id, user.due)

    def _due_of(self, user_id: str) -> int:
        user = self._open.get(user_id)
        if user is not None:
            return user.due
        stored = self.users.get(user_id)
        return NEVER if stored is None else due_of(stored)

    def _watch(self, user_id: str, due: int) -> None:
        self._unwatched.discard(user_id)
        self.dues.add(user_id, due)

    # --- what changed

    def _keep(self, user_id: str, transitions: list[Transition], told: list[Waiting]) -> None:
        waiting = self.waiting.setdefault(user_id, [])
        waiting.extend(told)
        for transition, news in zip(transitions, told, strict=True):
            self.notes.told.append((transition, news.detected_at))
            self._waiting_bytes += news.size
            if transition.kind == "stage.changed":
                self._count_stage(transition.from_stage, -1)
                self._count_stage(transition.to_stage, 1)
        is_much = self._waiting_bytes > MAX_WAITING_BYTES or len(waiting) > MAX_WAITING_PER_USER
        self.is_full = self.is_full or is_much or len(self._open) > MAX_OPEN_USERS

    def _count_stage(self, stage: str | None, by: int) -> None:
        """Count, but not what was before the first event, nor a stage that the policy no longer has."""
        if stage in self._stage_index:
            self.stage_counts[self._stage_index[stage]] += by

    def _note(self, step: Step, kind: str) -> None:
        notes = self.notes
        if step.drop is None:
            notes.events[kind] += 1
        else:
            notes.drops[step.drop] += 1
        if step.is_late:
            notes.late += 1
            notes.late_after_tick += step.is_late_after_tick
        for rule in step.bad_properties:
            notes.bad_properties[rule] += 1

    def _bury(self, letter: DeadLetter) -> None:
        self.notes.dead[letter.reason] += 1
        if letter.reason == "rule_error":
            self.notes.rule_error = dict(letter.headers)["dlq_error"].decode()
        self._dead.append(letter)
        self._waiting_bytes += letter.size
        self.is_full = self.is_full or self._waiting_bytes > MAX_WAITING_BYTES

    def _put_back(self, user_id: str) -> User | None:
        """Undo what a failed step may have done to the user: his stored form, and again the inputs since.

        The user, None when there was nobody before.
        """
        stored = self.users.get(user_id)
        user = None if stored is None else decode(user_id, stored)
        self._open.pop(user_id, None)
        for applied_to, offset, event in self._inputs:
            if applied_to == user_id:
                user = advance(self._policy, user, event).user
                user.offset = offset
                self._open[user_id] = user
        return user

    # --- flush

    @property
    def has_news(self) -> bool:
        """Whether a flush would make anything durable; a watermark alone can wait."""
        return bool(self._open or self._dead or self.waiting) or self.position != self.durable

    def copy_of(self, user_id: str) -> User | None:
        """The user as he is at this moment, to do with as one likes; None for somebody unknown."""
        if (user := self._open.get(user_id)) is not None:
            return deepcopy(user)
        stored = self.users.get(user_id)
        return None if stored is None else decode(user_id, stored)

    @property
    def open_users(self) -> int:
        """How many users have changed since the last snapshot."""
        return len(self._open)

    @property
    def waiting_transitions(self) -> int:
        """How many transitions no confirmed flush has delivered yet."""
        return sum(len(waiting) for waiting in self.waiting.values())

    def rewrite(self, user_id: str) -> None:
        """Write the user again with the next flush, though nothing changed."""
        stored = self.users.get(user_id)
        if stored is not None and user_id not in self._open and shape_of(stored) == self._policy.shape.id:
            self._open[user_id] = decode(user_id, stored)

    def snapshot(self) -> Batch:
        """What a flush beginning now must make durable; from here on changes are the next flush's."""
        shape = self._policy.shape.id
        stored_users, waiting_of, limit = self.users, self.waiting.get, self._state_limit_bytes
        users = []
        too_large = []
        for user_id, user in self._open.items():
            try:
                stored = encode(user, shape)
            except Exception:  # noqa: BLE001 -- a figure beyond 64 bits, whatever; it costs this user only
                too_large.append(user_id)
                continue
            value = frame(stored, waiting_of(user_id, _NOBODY))
            if len(value) > limit:
                too_large.append(user_id)
                continue
            stored_users[user_id] = stored
            users.append((user_id, value))
        for user_id in too_large:
            self._quarantine(user_id)
        tales = [self._tale(user_id, list(waiting)) for user_id, waiting in self.waiting.items()]
        self._open = {}
        self._inputs = []
        self._earlier = {}
        dead, self._dead = self._dead, []
        return Batch(self.position, self.watermark, dead, users, tales, sorted(self.quarantined))

    def confirm(self, batch: Batch) -> None:
        """Everything in the batch is durable and told: forget exactly that."""
        self.durable = batch.position
        for letter in batch.dead:
            self._waiting_bytes -= letter.size
        for tale in batch.tales:
            waiting = self.waiting[tale.user_id]
            del waiting[: len(tale.waiting)]
            if not waiting:
                del self.waiting[tale.user_id]
            self._waiting_bytes -= sum(news.size for news in tale.waiting)
        self.is_full = self._waiting_bytes > MAX_WAITING_BYTES

    def _quarantine(self, user_id: str) -> None:
        """Fall back to the user's last durable form, tell nothing of what came after, and take no more events."""
        user = self._open.pop(user_id)
        stored = self._earlier.get(user_id, self.users.pop(user_id, None))
        self.stage_counts[user.stage] -= 1
        durable = 0
        if stored is not None:
            self.users[user_id] = stored
            durable = header_of(stored).sequence
            if shape_of(stored) == self._policy.shape.id:
                self.stage_counts[stage_of(stored)] += 1
        waiting = self.waiting.pop(user_id, [])
        if kept := [news for news in waiting if news.sequence <= durable]:  # told again after a recovery
            self.waiting[user_id] = kept
        self._waiting_bytes -= sum(news.size for news in waiting[len(kept) :])
        self.quarantined.add(user_id)
        bad = BadRecord("state_too_large", "the stored user is larger than the changelog takes")
        self._bury(dead_letters.of_user(user_id, bad, self.topic, self.number, self.position))

    def _tale(self, user_id: str, waiting: list[Waiting]) -> Tale:
        user = self._open.get(user_id)
        if user is None:
            stored = self.users[user_id]
            if shape_of(stored) != self._policy.shape.id:  # quarantined under an earlier policy
                return Tale(user_id, waiting, None, [])
            user = decode(user_id, stored)
        try:
            return Tale(user_id, waiting, *self._outputs.current(user, waiting[-1]))
        except Exception as error:  # noqa: BLE001 -- what is foretold asks rules, which may raise anything
            bad = _rule_error(error)
            self._bury(dead_letters.of_user(user_id, bad, self.topic, self.number, self.position))
            return Tale(user_id, waiting, None, [])


def _rule_error(error: Exception) -> BadRecord:
    """A rule raised: the kind of error only, because its text may quote values."""
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    at = f" at {place.tb_frame.f_code.co_qualname}:{place.tb_lineno}" if place is not None else ""
    return BadRecord("rule_error", f"{type(error).__name__}{at}")


def new_partition(
    settings: Settings, layout: Layout, policy: Policy, outputs: Outputs, number: int
) -> Partition:
    """A partition of the input, with nothing in it."""
    names = topics(settings)
    return Partition(
        settings.input.topic,
        number,
        policy,
        outputs,
        is_home_of=home_check(settings.input.partitioner, number, layout.partitions),
        dialect=settings.input.dialect,
        dead_letter_limit_bytes=_value_limit(layout, names.dead_letter.name),
        state_limit_bytes=_value_limit(layout, names.changelog.name),
    )


def _value_limit(layout: Layout, topic: str) -> int:
    """How many bytes a value on the topic may have, when key, headers and framing are reckoned generously."""
    takes = layout.max_message_bytes.get(topic, _DEFAULT_MESSAGE_BYTES)
    return min(takes, LARGEST_RECORD_BYTES) - _FRAME_BYTES
