"""One case of a law: a policy, arrivals of one user and an end; made from a seed, printed, made smaller."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from random import Random
from typing import Any

import pytest
from ruamel.yaml import YAML

from stage_models.events import Event, Tick
from stage_models.instants import format_instant
from stage_models.policy.compile import Policy
from tests.laws.histories import Arrivals, delayed, doubled, random_end, random_history, with_ticks
from tests.laws.live import compiled
from tests.laws.policies import random_policy

HISTORIES = int(os.environ.get("LAW_HISTORIES", "2000"))
"""How many histories law 3 judges; the other laws take a share of it. Raise it for a long run."""

PATIENCE_SECONDS = max(120, HISTORIES // 5)
"""Time-out of one law; it grows with the histories."""

FRESH = int(os.environ["LAW_SEED"])
"""The first of the fresh seeds of this run; the fixed seeds start at 0."""


@dataclass(frozen=True)
class Case:
    """A seeded case; `str` of it can be pasted."""

    seed: int
    data: dict[str, Any]
    arrivals: Arrivals
    end: int

    @property
    def policy(self) -> Policy:
        """The compiled policy. Raises pydantic's ValidationError or ValueError where it is refused."""
        return compiled(self.data)

    def __str__(self) -> str:
        lines = [
            f"seed {self.seed} (fresh seeds of this run start at {FRESH})",
            as_yaml(self.data),
            "arrivals:",
        ]
        return "\n".join(
            [*lines, *(as_line(one) for one in self.arrivals), f"end: {format_instant(self.end)}"]
        )


def as_yaml(data: dict[str, Any]) -> str:
    yaml = YAML(typ="safe", pure=True)
    yaml.default_flow_style = None
    yaml.width = 110
    out = io.StringIO()
    yaml.dump(data, out)
    return out.getvalue()


def as_line(arrival: Event | Tick) -> str:
    if isinstance(arrival, Tick):
        return f"  tick  {format_instant(arrival.time)}"
    passive = "" if arrival.is_active else "  (not active)"
    what = f"{arrival.name}  {arrival.properties}  {arrival.traits or ''}{passive}"
    return f"  event {format_instant(arrival.occurred_at)}  {arrival.event_id}  {what}"


def seeds(share: float = 1.0) -> Iterator[int]:
    """Half of them fixed, half of them new in each run."""
    count = max(2, int(HISTORIES * share))
    yield from range(count // 2)
    yield from range(FRESH, FRESH + count - count // 2)


def ordered_case(seed: int, kinds: list[str] | None = None) -> Case:
    """A case whose events come in time order, without ticks."""
    random = Random(seed)  # noqa: S311  a seeded history, no secret
    data = random_policy(random, kinds)
    events = random_history(random, data)
    return Case(seed, data, list(events), random_end(random, data, events))


def late_case(seed: int) -> Case:
    """A case with events that come late, without ticks."""
    case = ordered_case(seed)
    random = Random(-seed - 1)  # noqa: S311  a seeded history, no secret
    events = [arrival for arrival in case.arrivals if isinstance(arrival, Event)]
    return replace(case, arrivals=list(delayed(random, case.data, events)))


def full_case(seed: int) -> Case:
    """A case with everything: late and doubled events, and ticks that overtake events."""
    case = late_case(seed) if seed % 3 else ordered_case(seed)
    random = Random(-seed - 2)  # noqa: S311  a seeded history, no secret
    events = [arrival for arrival in case.arrivals if isinstance(arrival, Event)]
    return replace(case, arrivals=with_ticks(random, case.data, doubled(random, events, share=0.1)))


def check(case: Case, complaint: Callable[[Case], str | None]) -> None:
    """Fail with the smallest case found, if there is a complaint about this one."""
    if complaint(case) is None:
        return
    small = shrunk(case, complaint)
    pytest.fail(f"{complaint(small)}\n\n{small}", pytrace=False)


def shrunk(case: Case, complaint: Callable[[Case], str | None]) -> Case:
    """The case with all dropped that the complaint does not need."""
    is_smaller = True
    while is_smaller:
        is_smaller = False
        for smaller in smaller_cases(case):
            if is_refused(smaller) or complaint(smaller) is None:
                continue
            case, is_smaller = smaller, True
            break
    return case


def is_refused(case: Case) -> bool:
    try:
        _ = case.policy
    except ValueError:
        return True
    return False


def smaller_cases(case: Case) -> Iterator[Case]:
    """The case without one segment, stage, key of a latch, part of a rule, arrival."""
    for data in smaller_values(case.data, ("segments", "ladder")):
        yield replace(case, data=data)
    for place in reversed(range(len(case.arrivals))):
        rest = case.arrivals[:place] + case.arrivals[place + 1 :]
        if any(isinstance(arrival, Event) for arrival in rest):
            yield replace(case, arrivals=rest)


def smaller_values(value: Any, keys: tuple[str, ...] = ()) -> Iterator[Any]:
    """The value with one item dropped, or a combination replaced by one of its parts."""
    if isinstance(value, list):
        for place, item in enumerate(value):
            yield value[:place] + value[place + 1 :]
            yield from ([*value[:place], small, *value[place + 1 :]] for small in smaller_values(item))
    if isinstance(value, dict):
        if set(value) in ({"all"}, {"any"}):
            yield from next(iter(value.values()))
        for key in keys or value:
            if not keys and key in {"until", "stay_at_least", "cool_down", "lapsed", "where"}:
                yield {other: inner for other, inner in value.items() if other != key}
            yield from ({**value, key: small} for small in smaller_values(value[key]))
