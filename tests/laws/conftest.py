"""Says with which seeds the laws ran, so that a run can be repeated."""

from __future__ import annotations

import pytest

from tests.laws.cases import FRESH, HISTORIES


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    terminalreporter.write_line(
        f"laws: {HISTORIES} histories, fresh seeds from {FRESH} "
        f"(repeat: LAW_SEED={FRESH} LAW_HISTORIES={HISTORIES})"
    )
