"""The machine and the software that figures were taken on; without them a figure says nothing."""

from __future__ import annotations

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from streams import build

_PACKAGES = ("aiokafka", "confluent-kafka", "faust-streaming", "msgspec", "uvloop")


def description(broker: str | None) -> str:
    """Processor, memory, system, Python, packages, date and, if one took part, the broker, as Markdown list items."""
    memory_gib = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    packages = ", ".join(f"{name} {_version(name)}" for name in _PACKAGES)
    lines = [
        f"- {datetime.now(UTC):%Y-%m-%d}, Stagestream {build.version()}",
        f"- {os.cpu_count()} x {_processor()}, {memory_gib:.0f} GiB, {platform.system()} {platform.machine()}",
        f"- {platform.python_implementation()} {platform.python_version()}; {packages}",
    ]
    if broker is not None:
        lines.append(f"- {broker} on the same machine, one node")
    return "\n".join(lines)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
