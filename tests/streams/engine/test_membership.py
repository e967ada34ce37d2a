"""Whoever may have lost his partitions does not write."""

from __future__ import annotations

import os
import time

import pytest

from streams.engine.failure import EXIT_CODE
from streams.engine.membership import Membership


@pytest.fixture(autouse=True)
def exits(monkeypatch: pytest.MonkeyPatch) -> None:
    def leave(code: int) -> None:
        raise SystemExit(code)

    monkeypatch.setattr(os, "_exit", leave)


def test_fresh_member_of_the_generation_may_write() -> None:
    membership = Membership(timeout_seconds=10.0)
    membership.heard(3, time.monotonic())
    membership.ensure_ours(3)


def test_silence_longer_than_half_of_the_time_out_ends_the_process() -> None:
    membership = Membership(timeout_seconds=10.0)
    membership.heard(3, time.monotonic() - 5.1)
    with pytest.raises(SystemExit) as ended:
        membership.ensure_ours(3)
    assert ended.value.code == EXIT_CODE


def test_another_generation_ends_the_process() -> None:
    membership = Membership(timeout_seconds=10.0)
    membership.heard(4, time.monotonic())
    with pytest.raises(SystemExit):
        membership.ensure_ours(3)


def test_member_whom_the_coordinator_has_forgotten_ends() -> None:
    membership = Membership(timeout_seconds=10.0)
    membership.heard(3, time.monotonic())
    membership.lost()
    with pytest.raises(SystemExit):
        membership.ensure_ours(3)
