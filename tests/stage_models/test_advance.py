"""What the step refuses."""

from __future__ import annotations

import pytest

from stage_models.advance import advance
from stage_models.events import Tick
from stage_models.policy import load

POLICY = """
policy: shop
version: 1
ladder: [{stage: new, action: Welcome}]
"""


def test_tick_makes_no_user() -> None:
    with pytest.raises(ValueError, match="a tick needs a user"):
        advance(load(POLICY, "shop.yaml"), None, Tick(0))
