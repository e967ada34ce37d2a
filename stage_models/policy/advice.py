"""Hygiene: what a policy may do, but seldom should. `check` prints it, `check --strict` refuses it.

Nothing here reads a clock: whether a review date is past depends on the day that the caller names.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from itertools import combinations
from typing import NamedTuple

from stage_models.conditions import Rule
from stage_models.conditions.active_days import ActiveDays
from stage_models.conditions.combinations import All, Any, Not
from stage_models.conditions.declining import Declining
from stage_models.conditions.distinct import Distinct
from stage_models.conditions.during import During
from stage_models.conditions.performed import Performed
from stage_models.conditions.reached import Reached
from stage_models.conditions.recent import Recent
from stage_models.conditions.regular import Regular
from stage_models.conditions.scope import events_label
from stage_models.conditions.segment import InSegment
from stage_models.conditions.sequence import Sequence
from stage_models.conditions.sessions import Sessions
from stage_models.conditions.stage import InStage
from stage_models.conditions.total import Total
from stage_models.conditions.trait import Trait
from stage_models.conditions.windows import whole_days
from stage_models.facts.fact import CAP
from stage_models.facts.steps import MOST_PER_STEP
from stage_models.instants import HOUR
from stage_models.policy.compile import Policy
from stage_models.policy.problems import Problem
from stage_models.policy.schema import PolicySpec, SegmentSpec, StageSpec
from stage_models.policy.source import Path, Source
from stage_models.policy.walk import models_in
from stage_models.terms import FIRST_SEEN, Events, EventSetSpec, names_of

MOST_SEGMENTS = 5
MOST_BEHAVIOURS = 5
MOST_ITEMS = 100
ITEM_BYTES = 15  # time and hash as msgpack writes them, with their array
VALUE_BYTES = 20  # the same with a trait's value, if that is short
DATE_BYTES, DATED_EVENT_BYTES = 5, 5  # a date with its array; four bytes of hash for each event of it
LATENESS_OF_MANY = HOUR  # from then on it is no longer stragglers that are kept one by one
_INTENT = ("intent", "purchas", "buy", "order", "checkout", "upgrade")
_EVENT_KEYS = ("since", "since_last")
_WITHOUT_EVENTS = (All, Any, Not, Reached, InStage, InSegment, Trait, During)


def advice_of(policy: Policy, source: Source, today: date) -> list[Problem]:
    """What could be better in a policy, in the order of its file; `source` is its text as `read` gives it."""
    spec = policy.spec
    found = [
        *_too_many(spec),
        *_responsible(spec, today),
        *_engagement_is_not_intent(spec),
        *_no_hysteresis(spec),
        *_same_rule(spec),
        *_unused_sets(spec),
        *_large_rules(spec),
    ]
    return sorted(source.problem(path, message, hint=hint) for path, message, hint in found)


_Advice = Iterator[tuple[Path, str, str]]


def _too_many(spec: PolicySpec) -> _Advice:
    if len(spec.segments) > MOST_SEGMENTS:
        message = f"{len(spec.segments)} segments: more than {MOST_SEGMENTS} are seldom acted on"
        yield ("segments",), message, "drop those whose action is never taken"
    behaviours = {events_label(events) for events in _events_used(spec)} - {FIRST_SEEN}
    if len(behaviours) > MOST_BEHAVIOURS:
        message = f"{len(behaviours)} behaviours for one goal: more than {MOST_BEHAVIOURS} blur what matters"
        yield (), message, f"keep those that move the goal ({', '.join(sorted(behaviours))})"


def _responsible(spec: PolicySpec, today: date) -> _Advice:
    for path, latch in _latches(spec):
        name = latch.stage if isinstance(latch, StageSpec) else latch.segment
        if not (latch.owner or spec.owner):
            yield path, f"nobody owns {name}", "owner: growth@example.com"
        review = latch.review_by or spec.review_by
        if review is None:
            yield path, f"{name} has no review date", "review_by: 2027-06-30"
        elif review < today:
            where = (*path, "review_by") if latch.review_by else ("review_by",)
            yield where, f"the review of {name} was due on {review}", "review it and set a new date"


def _engagement_is_not_intent(spec: PolicySpec) -> _Advice:
    for path, latch in _latches(spec):
        name = latch.stage if isinstance(latch, StageSpec) else latch.segment
        sets = [_meant(spec, events) for events in _events_used(latch)]
        is_engagement = [
            isinstance(events, EventSetSpec) and events.counts_as == "engagement" for events in sets
        ]
        if is_engagement and all(is_engagement) and any(word in name for word in _INTENT):
            message = (
                f"{name} judges intent to buy from engagement alone; opening mails is interest, not intent"
            )
            yield path, message, "add what only buyers do: pricing views, returns, quotes"


def _no_hysteresis(spec: PolicySpec) -> _Advice:
    for number, stage in enumerate(spec.ladder):
        if stage.until is not None or stage.stay_at_least is not None:
            continue
        for path, rule in models_in(stage.when, ("ladder", number, "when")):
            if _counts_in_rolling_window(rule):
                message = f"{stage.stage} ends as soon as one event leaves the window: users will flap"
                yield path, message, "add until with a lower threshold, or stay_at_least"
                break


def _counts_in_rolling_window(rule: object) -> bool:
    if isinstance(rule, ActiveDays | Regular):
        return True
    if isinstance(rule, Performed | Sessions | Total):
        return rule.within is not None and rule.since is None
    return isinstance(rule, Distinct) and rule.within is not None


def _same_rule(spec: PolicySpec) -> _Advice:
    for (_, one), (number, other) in combinations(enumerate(spec.segments), 2):
        if one.when == other.when and one.until == other.until:
            message = f"{other.segment} has the same rule as {one.segment}"
            yield ("segments", number, "when"), message, "one segment with one action"


def _unused_sets(spec: PolicySpec) -> _Advice:
    used = {events for events in _events_used(spec) if isinstance(events, str)}
    for name in spec.events:
        if name not in used:
            yield ("events", name), f'no rule uses event set "{name}"', "delete it, or use it"


def _large_rules(spec: PolicySpec) -> _Advice:
    lateness_ms = spec.late.allowed_lateness.ms
    for path, rule in models_in(spec):
        kept = _kept_values(rule, lateness_ms) if isinstance(rule, Trait) else _kept(rule)
        if kept.number > MOST_ITEMS:
            many = f"up to {kept.number:,} {kept.what}, about {kept.bytes:,} bytes,"
            yield path, f"this rule keeps {many} for every user", kept.hint


class _Kept(NamedTuple):
    """How much a rule may have to keep for one user, and what would make it less."""

    number: int
    what: str
    bytes: int
    hint: str


def _kept(rule: object) -> _Kept:
    if isinstance(rule, Declining):
        dates = whole_days("within", rule.within) + whole_days("against", rule.against) + 1
        size = dates * DATE_BYTES + CAP * DATED_EVENT_BYTES
        return _Kept(dates, "dates", size, "a shorter within or against")
    items = _items_kept(rule)
    hint = "fewer steps" if isinstance(rule, Sequence) else "a lower threshold, or active_days"
    return _Kept(items, "items", items * ITEM_BYTES, hint)


def _items_kept(rule: object) -> int:
    if isinstance(rule, Performed | Distinct):
        return max(rule.at_least or 0, (rule.at_most or 0) + 1)
    if isinstance(rule, Regular) and not rule.per.is_in_days:
        return CAP
    if isinstance(rule, Sequence):
        return len(rule.sequence) * MOST_PER_STEP
    return rule.last if isinstance(rule, Recent) else 0


def _kept_values(rule: Trait, lateness_ms: int) -> _Kept:
    """With `for`, of what is older than the allowed lateness only the changes are kept; of the rest all."""
    has_many = rule.for_ is not None and lateness_ms > LATENESS_OF_MANY
    number = CAP if has_many else 1
    return _Kept(number, "values", number * VALUE_BYTES, "a shorter allowed_lateness, or no for")


def _latches(spec: PolicySpec) -> Iterator[tuple[Path, StageSpec | SegmentSpec]]:
    for number, stage in enumerate(spec.ladder):
        yield ("ladder", number), stage
    for number, segment in enumerate(spec.segments):
        yield ("segments", number), segment


def _events_used(spec: PolicySpec | StageSpec | SegmentSpec) -> Iterator[Events]:
    """What rules name where they want events."""
    for _, rule in models_in(spec):
        if isinstance(rule, Rule) and not isinstance(rule, _WITHOUT_EVENTS):
            yield from rule.sequence if isinstance(rule, Sequence) else [getattr(rule, rule.KEY)]
            for key in _EVENT_KEYS:
                events: Events | None = getattr(rule, key, None)
                if events is not None:
                    yield events


def _meant(spec: PolicySpec, events: Events) -> EventSetSpec | list[str]:
    """The event set that is named, or what stands in place."""
    if isinstance(events, str):
        return spec.events.get(events, names_of(events))
    return events
