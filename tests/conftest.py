"""What all tests share: the broker and the seed of the laws, both said at the end of the run.

With several processes (`-n 2`) all broker tests go to one of them, so that one broker is started.
"""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from typing import Any

import pytest

from tests.kafka import provider

_used = pytest.StashKey[str]()


def pytest_configure() -> None:
    """Draw a seed for the laws, the same for all processes, if none is given."""
    os.environ.setdefault("LAW_SEED", str(1 + secrets.randbelow(10**9)))


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Keep the tests that share the broker together."""
    for item in items:
        if item.get_closest_marker("broker"):
            item.add_marker(pytest.mark.xdist_group("broker"))


def pytest_report_header() -> str:
    """Say which broker the broker tests would run on."""
    return f"broker: {provider.planned()[1]}"


def pytest_collection_finish(session: pytest.Session) -> None:
    """Fetch the broker before the first test, whose time-out would otherwise count the download."""
    if any(item.get_closest_marker("broker") for item in session.items):
        provider.prepare()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any) -> None:
    """Hear from a worker of pytest-xdist which broker its tests ran on: each starts its own."""
    if name := getattr(node, "workeroutput", {}).get("broker"):
        node.config.stash[_used] = name


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    """Say which broker they did run on, and how to draw the same histories again."""
    if name := config.stash.get(_used, None):
        terminalreporter.write_line(f"broker tests ran on {name}")
    told = (report for reports in terminalreporter.stats.values() for report in reports)
    if any(getattr(report, "nodeid", "").startswith("tests/laws/") for report in told):
        terminalreporter.write_line(f"laws drew from LAW_SEED={os.environ['LAW_SEED']}")


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> Iterator[provider.Broker]:
    """The broker of this test run, started once."""
    with provider.broker() as running:
        pytestconfig.stash[_used] = running.name
        getattr(pytestconfig, "workeroutput", {})["broker"] = running.name
        yield running
