"""What a run tells a peer (environment) and what the peer tells back (marks on its standard output)."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass, field


@dataclass(frozen=True)
class Job:
    """The run that a peer is part of."""

    bootstrap_servers: str = field(default_factory=lambda: os.environ["PEER_BOOTSTRAP_SERVERS"])
    source: str = field(default_factory=lambda: os.environ["PEER_SOURCE"])
    sink: str = field(default_factory=lambda: os.environ.get("PEER_SINK", ""))
    app_id: str = field(default_factory=lambda: os.environ.get("PEER_APP_ID", ""))
    state_dir: str = field(default_factory=lambda: os.environ.get("PEER_STATE_DIR", ""))
    partitions: int = field(default_factory=lambda: int(os.environ["PEER_PARTITIONS"]))
    total: int = field(default_factory=lambda: int(os.environ["PEER_TOTAL"]))


class Progress:
    """Counts processed events; says `first` at the first and `last` at the last."""

    def __init__(self, total: int) -> None:
        self.done = 0
        self.total = total
        self._marks = [(total, "last"), (0, "first")]

    def add(self, count: int = 1) -> None:
        """Count events; `add(0)` only says that the first ones are here."""
        self.done += count
        while self._marks and self.done >= self._marks[-1][0]:
            # not sys.stdout: Faust redirects that one into its log
            print(self._marks.pop()[1], file=sys.__stdout__, flush=True)
