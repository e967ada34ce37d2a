"""Rather dead than stuck.

A thread of its own, because what it watches is the event loop: it ends the process when the loop stands still, when
the member's thread is dead, or when nothing has been applied for long though there is something to apply.
"""

from __future__ import annotations

import asyncio
import threading
import time

from streams.engine import failure
from streams.engine.engine import Engine

_LOOK_SECONDS = 1.0


class Watchdog:
    """Watches one engine. `is_suspended` during a clean stop."""

    def __init__(self, engine: Engine, patience_seconds: float) -> None:
        self._engine = engine
        self._patience_seconds = patience_seconds
        self._loop_beat_at = time.monotonic()
        self._applied = -1
        self._progress_at = time.monotonic()
        self._stopped = threading.Event()

    async def beat(self) -> None:
        """Show that the event loop turns."""
        while True:
            self._loop_beat_at = time.monotonic()
            await asyncio.sleep(_LOOK_SECONDS)

    def start(self) -> None:
        """Begin to watch."""
        threading.Thread(target=self._watch, name="stagestream-watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more: the process is ending as it should."""
        self._stopped.set()

    def complaint(self, now: float) -> str | None:
        """Why the process must end, if it must. `now` is of the monotonic clock."""
        engine = self._engine
        if now - self._loop_beat_at > self._patience_seconds:
            return "the event loop stands still"
        if now - engine.membership.thread_beat_at > self._patience_seconds:
            return "the member's thread is dead"
        is_idle = not engine.has_taken_over or not engine.lag_records
        if is_idle or engine.applied_records != self._applied:
            self._applied = engine.applied_records
            self._progress_at = now
        if now - self._progress_at > self._patience_seconds:
            return "no progress though there is lag"
        return None

    def _watch(self) -> None:
        while not self._stopped.wait(_LOOK_SECONDS):
            reason = self.complaint(time.monotonic())
            if reason is not None:
                failure.die(reason, patience_seconds=self._patience_seconds)
