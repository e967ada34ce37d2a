"""Random histories for a policy: clusters, shared instants, exact window edges, days without a time, doubles,
late events, ticks.

Times step by the policy's own durations, sometimes a millisecond off: windows end exactly at events.
"""

from __future__ import annotations

from random import Random
from typing import Any

from stage_models.events import Event, Tick
from stage_models.instants import DAY, parse_instant
from tests.laws.policies import NAMES, TRAITS, ZONES
from tests.reference.reading import duration_ms, durations_in, first_instant, local_date

Arrivals = list[Event | Tick]
AMOUNTS: list[Any] = [1, 2.5, 0.1, 0.2, 4.99, 0.01, 5, 5.01, 10, 19.99, -3, "a lot", None]


def random_history(random: Random, policy: dict[str, Any], user_id: str = "u") -> list[Event]:
    """Events of one user in time order; events that share an instant stand in any order."""
    durations = sorted(durations_in(policy)) or [DAY]
    zone = policy["time_zone"]
    at = parse_instant(ZONES[zone]) + random.randint(0, 2 * DAY)
    if random.random() < 0.2:
        at -= at % DAY
    has_only_dates = random.random() < 0.1
    names = random.sample(NAMES, random.randint(1, len(NAMES)))
    events: list[Event] = []
    for number in range(random.randint(1, random.choice([6, 15, 30]))):
        if number:
            at = next_time(random, at, [event.occurred_at for event in events], durations, zone)
        occurred_at = at - at % DAY if has_only_dates else at
        events.append(random_event(random, user_id, f"{user_id}-{number}", occurred_at, names))
    return sorted(events, key=lambda event: event.occurred_at)


def next_time(random: Random, at: int, seen: list[int], durations: list[int], zone: str) -> int:
    """A time at or after `at`: the same, soon, the edge of an earlier event's window, a local midnight."""
    kind = random.choice(["same", "soon", "edge", "edge", "near edge", "midnight", "any"])
    if kind == "same":
        return at
    if kind == "soon":
        return at + random.randint(1, min(durations))
    if kind == "midnight":
        return max(at, first_instant(local_date(at + random.randint(0, 2 * DAY), zone), zone))
    if kind == "any":
        return at + random.randint(0, 2 * max(durations))
    edge = random.choice(seen[-4:]) + random.choice(durations)
    return max(at, edge + (random.choice([-1, 1]) if kind == "near edge" else 0))


def random_event(random: Random, user_id: str, event_id: str, at: int, names: list[str]) -> Event:
    properties: dict[str, Any] = {"plan": {"kind": random.choice(["pro", "team", "free"])}}
    amount = random.choice(AMOUNTS)
    if amount is not None:
        properties["amount"] = amount
    if random.random() < 0.3:
        properties["coupon"] = random.choice(["spring", "summer"])
        properties["tags"] = random.choice([["new", "web"], "renewed", []])
    oddity = random.random()
    is_nameless = oddity < 0.08
    return Event(
        user_id=user_id,
        event_id=event_id,
        occurred_at=at,
        name=None if is_nameless else random.choice(names),
        kind="identify" if is_nameless else "track",
        properties=properties,
        traits=random_traits(random) if is_nameless or random.random() < 0.2 else {},
        group_id=random.choice(["north", "south"]) if random.random() < 0.1 else None,
        consent={random.choice(["mail", "sms"]): random.random() < 0.5} if random.random() < 0.1 else {},
        is_active=oddity < 0.92,
    )


def random_traits(random: Random) -> dict[str, Any]:
    names = random.sample(list(TRAITS), random.randint(1, len(TRAITS)))
    return {name: random.choice(TRAITS[name]) for name in names}


def random_end(random: Random, policy: dict[str, Any], events: list[Event]) -> int:
    """An instant at or after the last event, often exactly on an edge."""
    durations = sorted(durations_in(policy)) or [DAY]
    last = max(event.occurred_at for event in events)
    return last + random.choice(
        [0, random.choice(durations), sum(durations), random.randint(0, 3 * max(durations))]
    )


def needs_what_was_kept(rule: Any) -> bool:
    """Whether a window is anchored, or steps are looked for: what comes later than the allowed lateness finds
    only what is kept.
    """
    if isinstance(rule, dict):
        is_one = "sequence" in rule or ("since" in rule and "missing" not in rule)
        return is_one or any(needs_what_was_kept(part) for part in rule.values())
    return isinstance(rule, list) and any(needs_what_was_kept(part) for part in rule)


def delayed(random: Random, policy: dict[str, Any], events: list[Event]) -> list[Event]:
    """The events in another order of arrival: some late, within the allowed lateness where it matters."""
    longest = duration_ms(policy["late"]["allowed_lateness"])
    if not needs_what_was_kept(policy):
        longest = max([longest, *durations_in(policy)]) * 2
    return delayed_within(random, longest, events)


def delayed_within(random: Random, longest: int, events: list[Event]) -> list[Event]:
    """The events in another order of arrival, none later than so many milliseconds."""
    share = random.choice([0.1, 0.4, 0.8])
    delays = [random.randint(0, longest) if random.random() < share else 0 for _ in events]
    arrivals = sorted(zip(events, delays, strict=True), key=lambda pair: pair[0].occurred_at + pair[1])
    return [event for event, _ in arrivals]


def doubled(random: Random, arrivals: list[Event], share: float) -> list[Event]:
    """The arrivals with some of them coming once more, at once or much later."""
    places = [(float(place), event) for place, event in enumerate(arrivals)]
    again = [
        (random.choice([place + 0.5, random.uniform(place, len(arrivals))]), event)
        for place, event in places
        if random.random() < share
    ]
    return [event for _, event in sorted(places + again, key=lambda pair: pair[0])]


def with_ticks(random: Random, policy: dict[str, Any], arrivals: list[Event]) -> Arrivals:
    """The arrivals with ticks between them that overtake some: events then come late for a tick.

    Where it matters what was kept, no event comes later than the allowed lateness even so.
    """
    longest = duration_ms(policy["late"]["allowed_lateness"])
    if not needs_what_was_kept(policy):
        longest = max([longest, *durations_in(policy)]) * 3
    share = random.choice([0.1, 0.3, 0.9])
    found: Arrivals = []
    for place, event in enumerate(arrivals):
        found.append(event)
        rest = [later.occurred_at for later in arrivals[place + 1 :]]
        if rest and random.random() < share:
            found.append(Tick(min(rest) + random.choice([0, 1, random.randint(0, longest)])))
    return found
