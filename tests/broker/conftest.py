"""What the broker tests share: a deployment of its own for each, on the broker of the run."""

from __future__ import annotations

from uuid import uuid4

import pytest

from streams import settings as all_settings
from streams.settings import Settings
from tests.kafka.provider import Broker


@pytest.fixture
def settings(broker: Broker) -> Settings:
    """Settings whose group and topics nobody else has; the topics are not there yet."""
    name = f"test-{uuid4().hex[:8]}"
    return all_settings.load(
        bootstrap_servers=broker.bootstrap_servers,
        app_id=name,
        topic_prefix=f"{name}.",
        input={"topics": (f"{name}.product-events",)},
        web={"enabled": False},
    )
