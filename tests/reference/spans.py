"""When one rule held, over a complete history in time order: even simpler than the judge, without latches.

An undecided rule leaves things as they were. Rules that read the ladder (`reached`, `stage`, `segment`) are
the judge's matter.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tests.reference.past import Past, Rule
from tests.reference.reading import Seen, durations_in, midnights
from tests.reference.rules import answer

Span = tuple[int, int | None]
"""From (included) to (not included; None: still holds at the end), UTC milliseconds."""


def spans(rule: Rule, events: Sequence[Seen], end: int, sets: Mapping[str, Any], zone: str) -> list[Span]:
    """The spans in which the rule holds, up to and including `end`; events stand in time order."""
    durations = durations_in(rule)
    edges = {event.at + duration for event in events for duration in durations}
    instants = edges | midnights(events[0].at, end, zone) | {event.at for event in events}
    turns: list[tuple[int, bool]] = [(events[0].at, False)]
    wanted_by: dict[str, dict[str, bool]] = {}
    pasts = [Past(known, sets, zone, wanted_by) for known in stands(events)]
    times = [event.at for event in events]
    for at in sorted(instant for instant in instants if events[0].at <= instant <= end):
        before, until = bisect_left(times, at), bisect_right(times, at)
        for past in pasts[before:until] or [pasts[until - 1]]:
            holds = answer(rule, past, at, no_ladder)
            if holds is not None and holds != turns[-1][1]:
                turns.append((at, holds))
    starts = [at for at, holds in turns if holds]
    ends: list[int | None] = [at for at, holds in turns[1:] if not holds]
    return tidy(list(zip(starts, [*ends, None], strict=False)))


def stands(events: Sequence[Seen]) -> Iterator[tuple[Seen, ...]]:
    """What is known after each event, by (time, hash); also of those that share an instant each comes by itself."""
    known: list[Seen] = []
    for event in events:
        insort(known, event, key=lambda one: one.order)
        yield tuple(known)


def tidy(found: Sequence[Span]) -> list[Span]:
    """The spans without those of no length, joined where one begins as another ends."""
    joined: list[Span] = []
    for start, stop in found:
        if start == stop:
            continue
        begin = joined.pop()[0] if joined and joined[-1][1] == start else start
        joined.append((begin, stop))
    return joined


def no_ladder(rule: Rule, at: int) -> bool:
    raise AssertionError(f"a single rule has no ladder: {rule} at {at}")
