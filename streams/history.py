"""History: files of events, judged as the worker would judge the same records.

Every line goes through the worker's decoder and the core's step, so what comes out is what the topic would
hold: the same transitions with the same ids. Only `detected_at` differs: it is the time of the line that
brought them.
"""

from __future__ import annotations

from collections import Counter

from stage_models.events import Event
from stage_models.policy.compile import Policy
from stage_models.replay import Replay
from stage_models.transitions import Transition
from stage_models.user import User
from streams.codec import decoder
from streams.codec.records import BadRecord, Dropped
from streams.codec.transitions import encode_current, encode_transition
from streams.event_files import Line
from streams.settings import InputSettings

MISTAKES_KEPT = 5


class History:
    """The users of a history, and what became of its lines."""

    def __init__(self, policy: Policy, settings: InputSettings) -> None:
        self.events = 0
        self.dropped: Counter[str] = Counter()  # reason -> lines
        self.dead: Counter[str] = Counter()  # reason -> lines
        self.mistakes: list[str] = []  # the first few of the dead lines: where and why
        self.moves: Counter[str] = Counter()  # kind -> transitions
        self._policy = policy
        self._replay = Replay(policy)
        self._decode = decoder(settings, policy.max_age_ms)
        self._newest_ids: dict[str, str] = {}  # user -> id of the newest transition

    @property
    def users(self) -> dict[str, User]:
        """Everybody, by user id."""
        return self._replay.users

    @property
    def newest_ms(self) -> int | None:
        """Event time of the newest event so far, None before the first."""
        return self._replay.newest

    def decode(self, line: Line) -> Event | Dropped | BadRecord:
        """What the line comes to as a record."""
        return self._decode(line.key, line.value, None, line.time_ms)

    def feed(self, line: Line) -> list[Transition]:
        """Apply a line, or count why it is not applied; returns the transitions that it brings."""
        outcome = self.decode(line)
        if isinstance(outcome, Dropped):
            self.dropped[outcome.reason] += 1
            return []
        if isinstance(outcome, BadRecord):
            self.dead[outcome.reason] += 1
            if len(self.mistakes) < MISTAKES_KEPT:
                self.mistakes.append(f"{line.place}  {outcome.reason}: {outcome.error}")
            return []
        step = self._replay.feed(outcome)
        if step.drop is None:
            self.events += 1
        else:
            self.dropped[step.drop] += 1
        self._count(step.transitions)
        return step.transitions

    def finish(self, until_ms: int | None = None) -> list[Transition]:
        """End the history at `until_ms`, or where the worker's last tick would be; what time brings."""
        transitions = self._replay.finish(until_ms)
        self._count(transitions)
        return transitions

    def written(self, transition: Transition, detected_at_ms: int) -> bytes:
        """The transition in the contract's form, marked as a replay."""
        return encode_transition(transition, detected_at_ms, replay=True)

    def final(self, user: User, detected_at_ms: int) -> bytes:
        """Where the user is at the end, in the form of current-stage."""
        return encode_current(self._policy, user, detected_at_ms, self._newest_ids[user.id])

    def _count(self, transitions: list[Transition]) -> None:
        for transition in transitions:
            self.moves[transition.kind] += 1
            self._newest_ids[transition.user_id] = transition.id
