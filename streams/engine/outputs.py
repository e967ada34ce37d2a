"""What the engine tells the world about a user, in the form in which it will lie on the topics."""

from __future__ import annotations

import time

from confluent_kafka import Message

from stage_models.policy.compile import Policy
from stage_models.transitions import Transition
from stage_models.user import User
from streams.codec.cloudevents import Headers
from streams.codec.stored import Waiting
from streams.codec.transitions import current_headers, encode_current, encode_transition, transition_headers
from streams.settings import Settings

_TRACEPARENT_BYTES = 256  # version 00 of W3C Trace Context has 55


class Outputs:
    """Writes the transitions and current-stage records of one policy."""

    def __init__(self, settings: Settings, policy: Policy) -> None:
        self._settings = settings
        self._policy = policy
        self._replay = settings.output.replay

    def of_record(self, transitions: list[Transition], record: Message) -> list[Waiting]:
        """The transitions that an input record caused, found now."""
        headers: list[tuple[str, bytes]] = record.headers() or []  # type: ignore[assignment]  # as it documents
        traceparent = next((value for name, value in headers if name == "traceparent"), None)
        if traceparent is not None and len(traceparent) > _TRACEPARENT_BYTES:
            traceparent = None  # none of ours to pass on: it could make our record larger than a topic takes
        source = (record.topic() or "", record.partition() or 0, record.offset() or 0)
        return self._wait(transitions, source, traceparent)

    def of_time(
        self, transitions: list[Transition], topic: str, partition: int, position: int
    ) -> list[Waiting]:
        """The transitions that a tick caused, found now, before the record at `position` was looked at."""
        return self._wait(transitions, (topic, partition, position), None)

    def current(self, user: User, newest: Waiting) -> tuple[bytes, Headers]:
        """Value and headers of the user's record on the current-stage topic, after his newest transition."""
        return (
            encode_current(self._policy, user, newest.detected_at, newest.id),
            current_headers(self._policy, user, newest.detected_at, self._settings, newest.id),
        )

    def _wait(
        self, transitions: list[Transition], source: tuple[str, int, int], traceparent: bytes | None
    ) -> list[Waiting]:
        now = int(time.time() * 1_000)
        return [
            Waiting(
                transition.sequence,
                transition.id,
                now,
                encode_transition(transition, now, self._replay),
                transition_headers(transition, now, self._settings, *source, traceparent),
            )
            for transition in transitions
        ]
