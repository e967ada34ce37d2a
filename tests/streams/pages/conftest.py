"""One user under a policy with combined rules, and what is explained of him."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stage_models.advance import advance
from stage_models.events import Event, Tick
from stage_models.explain import Explanation, explain
from stage_models.instants import DAY, parse_instant
from stage_models.policy import load
from stage_models.policy.compile import Policy
from stage_models.user import User

POLICY = """
policy: small
version: 3
owner: tests@example.com
review_by: 2099-01-01
time_zone: UTC
events:
  work: [Work Done]
  mail: [Mail Opened]
ladder:
  - stage: new
    action: Say hello
  - stage: active
    when: {performed: work}
    action: Say thanks
  - stage: busy
    when:
      all:
        - {active_days: work, at_least: 4, within: 7 days}
        - any: [{performed: mail, at_least: 2}, {trait: plan, is: '<b>pro</b> & "co"'}]
    until: {inactive: work, for: 3 days}
    action: Say wow
  - stage: at-risk
    lapsed: true
    when: {inactive: work, for: 14 days}
    action: Say we miss you
segments:
  - segment: worker
    when: {performed: work, at_least: 2, within: 7 days}
    stay_at_least: 5 days
    action: Nothing
"""

BEGIN = parse_instant("2026-01-01T10:00:00Z")

Explain = Callable[..., Explanation]


@pytest.fixture
def policy() -> Policy:
    return load(POLICY, "small.yaml")


@pytest.fixture
def explained(policy: Policy) -> Explain:
    """Explains a user who worked on the first two days of January, ten minutes after the second time."""

    def of(user_id: str = "ann") -> Explanation:
        user: User | None = None
        for day in range(2):
            event = Event(user_id=user_id, event_id=str(day), occurred_at=BEGIN + day * DAY, name="Work Done")
            user = advance(policy, user, event).user
        assert user is not None
        at = BEGIN + DAY + 600_000
        advance(policy, user, Tick(at + 1))
        return explain(policy, user, at)

    return of
