"""Laws: promises that hold for every policy and every history. `hold_laws(policy)` tries them on yours.

A law looks at one history and says what is wrong, or None. Histories come from histories.py; one that breaks a law is
made smaller before it is shown.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from itertools import pairwise

from stage_models.advance import advance
from stage_models.events import Event, Tick
from stage_models.instants import format_instant
from stage_models.policy.compile import Policy
from stage_models.testing.histories import Dice, History, durations_of, history
from stage_models.transitions import Transition
from stage_models.user import User, decode, encode

_MOST_MIDNIGHTS = 400

Law = Callable[[Policy, History], str | None]


class LawBrokenError(AssertionError):
    """A policy and a history for which a law does not hold; the text has both, and the seed."""


def hold_laws(policy: Policy, histories: int = 100, first_seed: int = 0) -> None:
    """Try all laws on so many histories. Raises LawBrokenError for the first that breaks one.

    Takes some milliseconds for each history.
    """
    for seed in range(first_seed, first_seed + histories):
        tried = history(policy, seed)
        for name, law in LAWS.items():
            if law(policy, tried) is not None:
                small = _smallest(policy, law, tried)
                raise LawBrokenError(_told(policy, name, law(policy, small), small))


def replay_equals_live(policy: Policy, tried: History) -> str | None:
    """However often a worker restarts, and whenever ticks come, the moves and their ids are the same."""
    dice = Dice(f"live {tried.seed}")
    user: User | None = None
    told: list[Transition] = []
    for place, event in enumerate(tried.events):
        if user is not None and dice.below(2):
            tick = Tick(min(later.occurred_at for later in tried.events[place:]) - dice.below(2))
            told += advance(policy, user, tick).transitions
        if user is not None and dice.below(2):
            user = decode(user.id, encode(user, policy.shape.id))
        step = advance(policy, user, event)
        user = step.user
        told += step.transitions
    assert user is not None
    told += advance(policy, user, Tick(tried.end + 1)).transitions
    return None if told == _moves(policy, tried) else f"with restarts and ticks: {_listed(told)}"


def more_ticks_change_nothing(policy: Policy, tried: History) -> str | None:
    """Time that was told once changes nothing when it is told again."""
    for user, _ in _steps(policy, tried):
        before = encode(user, policy.shape.id)
        step = advance(policy, user, Tick(min(user.clock, user.due)))
        if step.transitions or encode(step.user, policy.shape.id) != before:
            return f"a tick at {format_instant(user.clock)} changes the user"
    return None


def the_next_instant_is_not_missed(policy: Policy, tried: History) -> str | None:
    """Nothing turns between an instant that was judged and the due that was foretold."""
    durations = durations_of(policy)
    for user, before in _steps(policy, tried):
        for at in _edges(policy, tried, durations, user, min(user.due, before)):
            for rule in policy.latches:
                wants = rule.wants_off if rule.is_on(user) else rule.wants_on
                if at >= rule.held_until(user) and wants(user, at):
                    return f"{rule.name} turns at {format_instant(at)}, and nobody looks then"
    return None


def repeats_change_nothing(policy: Policy, tried: History) -> str | None:
    """Events that come twice lead to the same moves."""
    twice = [event for event in tried.events for _ in range(2)]
    told = _moves(policy, replace(tried, events=twice))
    return None if told == _moves(policy, tried) else f"with each event twice: {_listed(told)}"


def moves_follow_each_other(policy: Policy, tried: History) -> str | None:
    """Sequences have no holes, instants do not go back, stages chain, entering and leaving alternate."""
    told = _moves(policy, tried)
    if [move.sequence for move in told] != list(range(1, len(told) + 1)):
        return f"sequences with holes: {_listed(told)}"
    if any(later.effective_at < earlier.effective_at for earlier, later in pairwise(told)):
        return f"instants go back: {_listed(told)}"
    stages = [move for move in told if move.kind == "stage.changed"]
    if any(later.from_stage != earlier.to_stage for earlier, later in pairwise(stages)):
        return f"stages do not chain: {_listed(told)}"
    inside: set[str | None] = set()
    for move in told:
        if move.kind != "stage.changed":
            if (move.segment in inside) == (move.kind == "segment.entered"):
                return f"entered or left twice: {_listed(told)}"
            inside ^= {move.segment}
    return None


LAWS: dict[str, Law] = {
    "replay equals live": replay_equals_live,
    "more ticks change nothing": more_ticks_change_nothing,
    "the next instant is not missed": the_next_instant_is_not_missed,
    "repeats change nothing": repeats_change_nothing,
    "moves follow each other": moves_follow_each_other,
}
"""The laws, by what they say."""


def _moves(policy: Policy, tried: History) -> list[Transition]:
    """All moves of a history, up to and including its end."""
    user: User | None = None
    told: list[Transition] = []
    arrivals: list[Event | Tick] = [*tried.events, Tick(tried.end + 1)]
    for arrival in arrivals:
        step = advance(policy, user, arrival)
        user = step.user
        told += step.transitions
    return told


def _steps(policy: Policy, tried: History) -> Iterator[tuple[User, int]]:
    """The user after every event and every due, each with the time of what comes next."""
    user: User | None = None
    arrivals: list[Event | Tick] = [*tried.events, Tick(tried.end + 1)]
    for arrival, later in zip(arrivals, [*arrivals[1:], None], strict=True):
        user = advance(policy, user, arrival).user
        before = tried.end + 1 if later is None else _time(later)
        yield user, before
        while user.due < before:
            user = advance(policy, user, Tick(user.due + 1)).user
            yield user, before


def _time(arrival: Event | Tick) -> int:
    return arrival.occurred_at if isinstance(arrival, Event) else arrival.time


def _edges(policy: Policy, tried: History, durations: list[int], user: User, before: int) -> Iterator[int]:
    """Instants after the user's clock and before the given one at which a window may begin or end."""
    anchors = {event.occurred_at for event in tried.events} | {user.clock, user.first_seen, user.stage_since}
    edges = {anchor + length + off for anchor in anchors for length in durations for off in (-1, 0, 1)}
    first = policy.calendar.date_of(user.clock) + 1
    last = min(policy.calendar.date_of(before), first + _MOST_MIDNIGHTS)
    edges |= {policy.calendar.begin_of(date) for date in range(first, last + 1)}
    yield from (at for at in sorted(edges) if user.clock < at < before)


def _smallest(policy: Policy, law: Law, tried: History) -> History:
    """The history without all events that it does not need to break the law."""
    for event in tried.events:
        fewer = replace(tried, events=[kept for kept in tried.events if kept is not event])
        if fewer.events and law(policy, fewer) is not None:
            tried = fewer
    return tried


def _told(policy: Policy, name: str, complaint: str | None, tried: History) -> str:
    lines = [f"policy {policy.name}: the law does not hold that {name} (seed {tried.seed})", f"{complaint}"]
    for event in tried.events:
        traits = f"  traits {event.traits}" if event.traits else ""
        lines.append(f"  {format_instant(event.occurred_at)}  {event.name}  {event.properties}{traits}")
    return "\n".join([*lines, f"  {format_instant(tried.end)}  -"])


def _listed(told: list[Transition]) -> str:
    moves = (f"{move.segment or move.to_stage} at {format_instant(move.effective_at)}" for move in told)
    return ", ".join(moves)
