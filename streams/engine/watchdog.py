"""Rather dead than stuck.

A thread of its own, because what it watches is the event loop: it ends the process when the loop stands still, when
the member's thread is dead, or when nothing has been recovered or applied for long though there is something to do.
"""

from __future__ import annotations

import asyncio
import threading
import time

from streams.engine import failure
from streams.engine.engine import Engine

_LOOK_SECONDS = 1.0


class Watchdog:
    """Watches one engine."""

    def __init__(self, engine: Engine, patience_seconds: float) -> None:
        self._engine = engine
        self._patience_seconds = patience_seconds
        self._loop_beat_at = time.monotonic()
        self._progress = -1
        self._progress_at = time.monotonic()
        self._stopping_at: float | None = None

    async def beat(self) -> None:
        """Show that the event loop turns."""
        while True:
            self._loop_beat_at = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="stagestream-watchdog", daemon=True).start()

    def stop(self) -> None:
        """The process was asked to end: from now on that is what it has to do."""
        self._stopping_at = time.monotonic()

    def complaint(self, now: float) -> str | None:
        """Why the process must end, if it must. `now` is of the monotonic clock."""
        engine = self._engine
        if self._stopping_at is not None:
            is_late = now - self._stopping_at > self._patience_seconds
            return "the process was asked to end and does not" if is_late else None
        if now - self._loop_beat_at > self._patience_seconds:
            return "the event loop stands still"
        if now - engine.membership.thread_beat_at > self._patience_seconds:
            return "the member's thread is dead"
        if not engine.is_behind or engine.progress != self._progress:
            self._progress = engine.progress
            self._progress_at = now
        if now - self._progress_at > self._patience_seconds:
            return "no progress though there is something to do"
        return None

    def _watch(self) -> None:
        while True:
            time.sleep(_LOOK_SECONDS)
            reason = self.complaint(time.monotonic())
            if reason is not None:
                failure.die(reason, patience_seconds=self._patience_seconds)
