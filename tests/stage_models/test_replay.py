"""A history ends."""

from __future__ import annotations

from stage_models.policy import load
from stage_models.replay import Replay

POLICY = """
policy: shop
version: 1
ladder: [{stage: new, action: Welcome}]
"""


def test_history_without_events_tells_nothing() -> None:
    assert Replay(load(POLICY, "shop.yaml")).finish() == []
