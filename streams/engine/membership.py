"""What we know about our place in the consumer group.

aiokafka keeps the membership in a thread of its own; here it leaves when it last heard from the coordinator, so that
whoever is about to write can ask whether the partitions may have gone to somebody else in the meantime.
"""

from __future__ import annotations

import time

from streams.engine import failure

NOT_A_MEMBER = -1


class Membership:
    """The generation that the group is in, and how fresh our knowledge of it is. Written by the member's thread."""

    def __init__(self, timeout_seconds: float) -> None:
        self._timeout_seconds = timeout_seconds
        self.group_generation = NOT_A_MEMBER  # as the coordinator says
        self.heard_at = (
            time.monotonic()
        )  # the sending time of the last request that the coordinator confirmed
        self.thread_beat_at = time.monotonic()

    def heard(self, generation: int, sent_at: float) -> None:
        """The coordinator confirmed, to a request sent then, that we are in this generation."""
        self.group_generation = generation
        self.heard_at = sent_at

    def lost(self) -> None:
        """The coordinator does not know us any more."""
        self.group_generation = NOT_A_MEMBER

    def ensure_ours(self, generation: int) -> None:
        """End the process if partitions that were given to us in this generation may be somebody else's by now."""
        silence = time.monotonic() - self.heard_at
        if self.group_generation != generation:
            failure.die("the group has moved on; what we hold is not ours any more", generation=generation)
        if silence > self._timeout_seconds / 2:
            failure.die(
                "no heartbeat for too long; our partitions may have gone to somebody else",
                silence_seconds=round(silence, 1),
                limit_seconds=self._timeout_seconds / 2,
            )
