"""Histories that try a policy: made of its own event names, properties, traits and durations, so that thresholds are
met and windows end exactly at events. The same seed always gives the same history.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, TypeVar

from stage_models.conditions.distinct import Distinct
from stage_models.conditions.regular import Regular
from stage_models.conditions.total import Total
from stage_models.conditions.trait import Trait
from stage_models.events import Event
from stage_models.instants import DAY, parse_instant
from stage_models.policy.compile import Policy
from stage_models.policy.walk import models_in
from stage_models.terms import Comparison, Duration

_BEGIN = parse_instant("2026-01-01")
_MOST_EVENTS = 30
_OTHER_EVENT = "Some Other Event"
_WORDS = ("a", "b", "c", "d", "e", "f")

Item = TypeVar("Item")


@dataclass(frozen=True)
class History:
    """Events of one user in the order in which they arrive, and how far time goes on after them (UTC milliseconds)."""

    seed: int
    events: list[Event]
    end: int


class Dice:
    """Draws that look random and depend on nothing but the seed."""

    def __init__(self, seed: object) -> None:
        self._seed = seed
        self._drawn = 0

    def below(self, bound: int) -> int:
        """A whole number from 0 to below the bound."""
        self._drawn += 1
        digest = blake2b(f"{self._seed} {self._drawn}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big") % bound

    def one_of(self, items: Sequence[Item]) -> Item:
        """One of the items."""
        return items[self.below(len(items))]


def history(policy: Policy, seed: int) -> History:
    """A history that tries the policy. Some events come late, within the policy's allowed lateness."""
    dice = Dice(f"{policy.name} {seed}")
    durations, words = durations_of(policy), _Words(policy)
    events: list[Event] = []
    at = _BEGIN + dice.below(3 * DAY)
    for number in range(1 + dice.below(_MOST_EVENTS)):
        if number:
            at = max(at, _next_time(dice, at, [event.occurred_at for event in events[-4:]], durations))
        events.append(words.event(dice, number, at))
    delays = [dice.below(policy.allowed_lateness_ms + 1) * dice.below(2) for _ in events]
    arrivals = sorted(zip(events, delays, strict=True), key=lambda pair: pair[0].occurred_at + pair[1])
    end = at + dice.one_of([0, dice.one_of(durations), sum(durations)])
    return History(seed, [event for event, _ in arrivals], end)


def durations_of(policy: Policy) -> list[int]:
    """The lengths of time that the policy speaks of, in milliseconds, ascending; a day if it speaks of none."""
    found = {DAY}
    for _, model in models_in(policy.spec):
        found |= {value.ms for _, value in model if isinstance(value, Duration)}
        if isinstance(model, Regular):
            found |= {model.per.ms * times for times in range(1, model.of_last + 1)}
    return sorted(found - {0})


def _next_time(dice: Dice, at: int, seen: list[int], durations: list[int]) -> int:
    """The same instant, soon, where an earlier event leaves a window (or a millisecond off), or any time."""
    match dice.below(6):
        case 0:
            return at
        case 1:
            return at + 1 + dice.below(durations[0])
        case 2:
            return at + dice.below(2 * durations[-1])
        case _:
            return dice.one_of(seen) + dice.one_of(durations) + dice.one_of([-1, 0, 0, 1])


class _Words:
    """What the policy's events are called, and which values of properties and traits its rules tell apart."""

    def __init__(self, policy: Policy) -> None:
        self.names = [*sorted({name for fact in policy.facts for name in fact.events.names}), _OTHER_EVENT]
        self.properties: dict[str, list[Any]] = {}
        self.traits: dict[str, list[Any]] = {}
        for path, model in models_in(policy.spec):
            if isinstance(model, Comparison):
                self.properties.setdefault(str(path[-1]), []).extend(_around(model))
            elif isinstance(model, Trait):
                self.traits.setdefault(model.trait, []).extend(_around(model.comparison))
            elif isinstance(model, Total):
                self.properties.setdefault(model.property, []).extend(_figures(model))
            elif isinstance(model, Distinct):
                self.properties.setdefault(model.property, []).extend(_WORDS)

    def event(self, dice: Dice, number: int, at: int) -> Event:
        """An event at the instant."""
        return Event(
            user_id="user",
            event_id=f"event {number}",
            occurred_at=at,
            name=dice.one_of(self.names),
            properties=_drawn(dice, self.properties),
            traits=_drawn(dice, self.traits) if dice.below(3) == 0 else {},
        )


def _drawn(dice: Dice, values: dict[str, list[Any]]) -> dict[str, Any]:
    """One value for each path, or none; `cart.value` becomes a property in a property."""
    found: dict[str, Any] = {}
    for path, choices in values.items():
        if dice.below(4):
            *holders, last = path.split(".")
            holder = found
            for name in holders:
                inner = holder.setdefault(name, {})
                holder = inner if isinstance(inner, dict) else {}
            holder[last] = dice.one_of(choices)
    return found


def _figures(rule: Total) -> Iterator[float]:
    for bound in (rule.at_least, rule.at_most):
        if bound is not None:
            yield from (bound, bound / 2, bound / 3)


def _around(comparison: Comparison) -> Iterator[Any]:
    """Values that pass the comparison, and values that do not."""
    yield None
    for _, wanted in comparison:
        yield from _near(wanted)


def _near(wanted: Any) -> Iterable[Any]:
    if isinstance(wanted, bool):
        return (wanted, not wanted)
    if isinstance(wanted, int | float):
        return (wanted - 1, wanted, wanted + 1)
    if isinstance(wanted, list):
        return wanted
    return () if wanted is None else (wanted, f"{wanted} and more", f"no {wanted}")
