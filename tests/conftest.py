"""What all tests share: which broker is in use, said at the start and at the end of the run."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from tests.kafka import provider

_used = pytest.StashKey[str]()


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
    """Say which broker they did run on."""
    if name := config.stash.get(_used, None):
        terminalreporter.write_line(f"broker tests ran on {name}")


@pytest.fixture(scope="session")
def broker(pytestconfig: pytest.Config) -> Iterator[provider.Broker]:
    """The broker of this test run, started once."""
    with provider.broker() as running:
        pytestconfig.stash[_used] = running.name
        getattr(pytestconfig, "workeroutput", {})["broker"] = running.name
        yield running
