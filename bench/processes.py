"""Processes under measurement: what one has used so far, and how one is ended. Reads /proc, so Linux only."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path
from typing import NamedTuple

_TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


class Reading(NamedTuple):
    """A moment of a process: the monotonic clock, and the CPU seconds of all its threads so far."""

    wall_seconds: float
    cpu_seconds: float


def read(pid: int) -> Reading:
    """A reading of the process. Raises FileNotFoundError when it is gone."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return Reading(time.monotonic(), (int(fields[11]) + int(fields[12])) / _TICKS_PER_SECOND)


def peak_mib(pid: int) -> float:
    """The greatest resident memory of the process so far, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    [line] = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def stop(process: subprocess.Popen[str], seconds: float = 20.0) -> None:
    """Ask the process to end, and make it end when it does not within `seconds`."""
    if process.poll() is None:
        process.terminate()
    try:
        process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
