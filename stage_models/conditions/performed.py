"""performed: how often these events happened.

    {performed: pricing, at_least: 2, within: 7 days}
    {performed: order, at_least: 11, at_most: 30, within: 7 days, since: Signed Up}

A rolling window at instant t covers t - within < event time <= t; with `since` it covers within from the
user's first such event on (that event counts too). Without a window all time counts.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import ClassVar

from pydantic import Field, PositiveInt, StrictInt, model_validator

from stage_models.conditions.ranges import (
    check_range,
    judge_anchored,
    judge_open,
    masks,
    range_words,
    ranks,
    threshold,
)
from stage_models.conditions.rule import Answer, Condition, Observation, Rule, earliest
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import anchor_fact, check_window, window_words
from stage_models.events import Event
from stage_models.facts import Anchored, Newest
from stage_models.facts.fact import FIRST_SEEN_BIT
from stage_models.terms import Duration, Events, Where, where_sentence
from stage_models.user import NEVER, User


class Performed(Rule):
    """The number of events in the window is in the range."""

    KEY: ClassVar[str] = "performed"

    performed: Events
    at_least: PositiveInt | None = None
    at_most: StrictInt | None = Field(None, ge=0)
    within: Duration | None = None
    since: Events | None = None
    where: Where | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Performed:
        if self.bounds[0] is not None or self.at_most is not None:
            check_range(*self.bounds)
        check_window(self.within, self.since, self.at_most)
        return self

    @property
    def bounds(self) -> tuple[int | None, int | None]:
        """at_least (1 when neither bound is written) and at_most."""
        if self.at_least is None and self.at_most is None:
            return 1, None
        return self.at_least, self.at_most

    def sentence(self) -> str:
        where = f" with {where_sentence(self.where)}" if self.where else ""
        events = events_label(self.performed) + where
        return f"{range_words(*self.bounds)} of {events}{window_words(self.within, self.since)}"

    def compile(self, scope: Scope) -> Condition:
        return PerformedSince(scope, self) if self.since is not None else PerformedLately(scope, self)


class _Counting(Condition):
    def __init__(self, scope: Scope, rule: Performed) -> None:
        super().__init__(scope, rule.sentence())
        self.events = scope.events("performed", rule.performed, rule.where)
        self.at_least, self.at_most = rule.bounds
        self.within_ms = rule.within.ms if rule.within else None
        self.depth = max(self.at_least or 0, (self.at_most or 0) + 1 if self.at_most is not None else 0)

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        return event.occurred_at in instants and self.events.holds(event)


class PerformedLately(_Counting):
    """Over a rolling window, or over all time."""

    def __init__(self, scope: Scope, rule: Performed) -> None:
        super().__init__(scope, rule)
        self.fact = scope.fact(Newest(self.events, self.depth))
        self.index = self.fact.index
        self.ranks = ranks(self.at_least, self.at_most)
        also = FIRST_SEEN_BIT if self.within_ms is not None and self.at_most is not None else 0
        self.reads_of(*masks(self.fact.bit, self.at_least, self.at_most), also=also)

    def holds(self, user: User, at: int) -> Answer:
        items = user.facts[self.index]
        if self.within_ms is None:
            return judge_open(len(items), self.at_least, self.at_most, is_known=True)
        begins = at - self.within_ms
        count = len(items) - bisect_left(items, [begins + 1])
        return judge_open(count, self.at_least, self.at_most, user.first_seen <= begins)

    def next_change(self, user: User, at: int) -> int:
        if self.within_ms is None:
            return NEVER
        items = user.facts[self.index]
        change = NEVER
        for rank in self.ranks:
            if rank <= len(items):
                leaves = items[-rank][0] + self.within_ms
                if at < leaves < change:
                    change = leaves
        if self.at_most is None:
            return change
        return min(change, earliest(at, user.first_seen + self.within_ms))

    def observe(self, user: User, at: int) -> Observation:
        begins = -NEVER if self.within_ms is None else at - self.within_ms
        instants = [item[0] for item in reversed(user.facts[self.fact.index]) if item[0] > begins]
        return Observation(len(instants), threshold(len(instants), self.at_least, self.at_most), instants)


class PerformedSince(_Counting):
    """In the window that begins at an anchor."""

    def __init__(self, scope: Scope, rule: Performed) -> None:
        super().__init__(scope, rule)
        assert rule.since is not None
        anchor = anchor_fact(scope, "since", rule.since)
        self.fact = scope.fact(
            Anchored(self.events, anchor, self.within_ms, scope.lateness_ms, depth=self.depth)
        )
        raised_by, lowered_by = masks(self.fact.bit, self.at_least, self.at_most)
        also = 0 if anchor else FIRST_SEEN_BIT
        self.reads_of(raised_by | (anchor.bit if anchor else 0), lowered_by, also=also)

    def holds(self, user: User, at: int) -> Answer:
        anchor = self.fact.anchor_of(user)
        if anchor is None:
            return False
        count = len(self.fact.window(user))
        return judge_anchored(count, self.at_least, self.at_most, at >= self.fact.end(anchor))

    def next_change(self, user: User, at: int) -> int:
        anchor = self.fact.anchor_of(user)
        return NEVER if anchor is None or self.at_most is None else earliest(at, self.fact.end(anchor))

    def observe(self, user: User, at: int) -> Observation:
        instants = [item[0] for item in reversed(self.fact.window(user))]
        return Observation(len(instants), threshold(len(instants), self.at_least, self.at_most), instants)
