"""A made-up log of a product with 50,000 users over 90 days, the same for the same seed.

Made to be like what product analytics sees, not to be kind to anybody:

- Sign-ups are spread evenly over the 90 days.
- The number of sessions per user is lognormal (median 2, sigma 1.5): half of the users hardly come back, one in a
  hundred comes some sixty times. The days between two sessions are exponential around a pace of the user's own.
- A session is a sign-in and an exponential number of actions (mean 2.5), minutes apart: half of them page views, a few
  of them prices; most of the others are uses of twenty features, of which the n-th is used 1/n as often as the first
  (Zipf); one in twenty is an order, with a lognormal revenue (median 30) and every third time a discount.
- Mailings come between sessions. Who orders may change the plan, which comes as `identify`.
- Every hundredth event is late, by two hours on average. Event ids are random UUIDs.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import accumulate
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from stage_models.instants import DAY, HOUR, MINUTE, format_instant, parse_instant

FEATURES = (
    *("Report Exported", "Dashboard Shared", "Search Run", "File Uploaded", "Comment Added", "Task Closed"),
    *("Filter Saved", "Chart Edited", "Member Invited", "Import Started", "Alert Created", "Label Added"),
    *("Export Scheduled", "Query Shared", "Form Published", "Theme Changed", "Key Created", "Hook Added"),
    *("Audit Viewed", "Backup Taken"),
)
"""Names of events, the most used first."""

_PATHS = ("/app", "/app/reports", "/app/dashboards", "/app/search", "/docs", "/settings", "/pricing")
_BEGIN = parse_instant("2026-01-01")
_END = _BEGIN + 90 * DAY
_POPULARITY = list(accumulate(1 / rank for rank in range(1, len(FEATURES) + 1)))

_encode = msgspec.json.Encoder().encode


class Record(NamedTuple):
    """What lies in Kafka."""

    key: bytes
    value: bytes
    time_ms: int


def records(users: int, seed: int = 1) -> Iterator[Record]:
    """The log in the order in which its records arrive; a record's time is that of its event."""
    dice = random.Random(seed)  # noqa: S311 -- a seed repeats the log
    arriving: list[tuple[int, int, int, str, dict[str, Any]]] = []
    for number in range(users):
        user_id = f"user-{number:06d}"
        for at, call in _life(dice):
            late_ms = int(dice.expovariate(1 / (2 * HOUR))) if dice.random() < 0.01 else 0
            arriving.append((at + late_ms, len(arriving), at, user_id, call))
    arriving.sort()
    for _, _, at, user_id, call in arriving:
        fields = {"messageId": str(UUID(int=dice.getrandbits(128))), "userId": user_id}
        value = _encode(fields | {"timestamp": format_instant(at)} | call)
        yield Record(user_id.encode(), value, at)


def _life(dice: random.Random) -> Iterator[tuple[int, dict[str, Any]]]:
    """The calls about one user, with their instants, from sign-up on."""
    at = _BEGIN + dice.randrange(90 * DAY)
    yield at, _track("Signed Up", channel=dice.choice(("ads", "search", "friend")))
    yield at, {"type": "identify", "traits": {"plan": "free"}}
    pace_ms = (0.2 + dice.expovariate(1 / 3)) * DAY
    for session in range(max(1, round(dice.lognormvariate(0.7, 1.5)))):
        if session:
            at += 30 * MINUTE + int(dice.expovariate(1 / pace_ms))
            if dice.random() < 0.2:
                yield at - dice.randrange(30 * MINUTE), _track("Email Delivered", campaign="tips")
            yield at, _track("Signed In")
        for _ in range(int(dice.expovariate(1 / 2.5))):
            at += 1 + int(dice.expovariate(1 / (2 * MINUTE)))
            yield at, (call := _action(dice))
            if call["event"] == "Order Completed" and dice.random() < 0.2:
                yield at, {"type": "identify", "traits": {"plan": dice.choice(("pro", "team"))}}
        if at > _END:
            return


def _action(dice: random.Random) -> dict[str, Any]:
    kind = dice.random()
    if kind < 0.5:
        return _track("Page Viewed", path=dice.choice(_PATHS))
    if kind < 0.95:
        [feature] = dice.choices(FEATURES, cum_weights=_POPULARITY)
        return _track(feature, seconds=int(dice.expovariate(1 / 60)), device=dice.choice(("web", "mobile")))
    discount = dice.choice((0, 0, 5))
    return _track("Order Completed", revenue=round(dice.lognormvariate(3.4, 0.8), 2), discount=discount)


def _track(name: str, **properties: Any) -> dict[str, Any]:
    return {"type": "track", "event": name, "properties": properties}
