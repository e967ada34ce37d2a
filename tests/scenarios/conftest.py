"""Scenarios name a shipped policy, or bring their own as text."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import pytest

from stage_models import testing
from stage_models.policy import load
from stage_models.policy.compile import Policy

POLICIES = Path(__file__).parents[2] / "policies"

Scenario = Callable[[str, str], None]


@cache
def _policy(name_or_text: str) -> Policy:
    text = name_or_text
    if "\n" not in name_or_text:
        text = (POLICIES / f"{name_or_text}.yaml").read_text(encoding="utf-8")
    return load(text, name_or_text.partition("\n")[0] or "a policy of this test")


@pytest.fixture
def scenario() -> Scenario:
    """A function of policy and table that raises where the policy does something else than the table says."""

    def play(policy: str, table: str) -> None:
        testing.scenario(_policy(policy), table)

    return play
