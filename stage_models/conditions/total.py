"""total: a figure over one property of these events.

    {total: order, property: revenue, at_least: 200, within: 14 days}
    {total: order, property: revenue, at_least: 200, within: 14 days, since: first_seen}

The sum over a rolling window (t - within < event time <= t), over within from an anchor on (it freezes when
the window closes), or over all time. Figures are decimal, to 6 places.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from operator import itemgetter
from typing import Annotated, ClassVar, Literal

from pydantic import Field, StrictStr, model_validator

from stage_models.conditions.ranges import check_range, judge_anchored, judge_open, range_words, threshold
from stage_models.conditions.rule import Answer, Condition, Observation, Rule, earliest
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import anchor_fact, check_window, window_words
from stage_models.events import Event
from stage_models.facts import Amounts, Anchored
from stage_models.facts.amounts import is_folded
from stage_models.facts.fact import FIRST_SEEN_BIT, TIME_BIT
from stage_models.figures import millionths, number
from stage_models.terms import Duration, Events, Number, mistake
from stage_models.user import NEVER, User


class Total(Rule):
    """The sum of the property in the window is in the range."""

    KEY: ClassVar[str] = "total"

    total: Events
    property: Annotated[StrictStr, Field(min_length=1)]
    as_: Literal["sum"] = Field("sum", alias="as")
    at_least: Number | None = None
    at_most: Number | None = None
    within: Duration | None = None
    since: Events | None = None

    @model_validator(mode="after")
    def _is_possible(self) -> Total:
        check_range(self.at_least, self.at_most)
        check_window(self.within, self.since, self.at_most)
        for key, bound in (("at_least", self.at_least), ("at_most", self.at_most)):
            if bound is not None and millionths(bound) is None:
                raise mistake(
                    "figure", f"{key} is out of reach", expected="a number within 9e12", found=str(bound)
                )
        return self

    def sentence(self) -> str:
        window = window_words(self.within, self.since)
        bounds = range_words(self.at_least, self.at_most)
        return f"{self.property} of {events_label(self.total)} adds up to {bounds}{window}"

    def compile(self, scope: Scope) -> Condition:
        return TotalSince(scope, self) if self.since is not None else TotalLately(scope, self)


_FIGURE = itemgetter(2)


def _figure(bound: float | None) -> int | None:
    return None if bound is None else millionths(bound)


class _Summing(Condition):
    def __init__(self, scope: Scope, rule: Total) -> None:
        super().__init__(scope, rule.sentence())
        self.events = scope.events("total", rule.total)
        self.at_least, self.at_most = _figure(rule.at_least), _figure(rule.at_most)
        self.within_ms = rule.within.ms if rule.within else None

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        return event.occurred_at in instants and self.events.holds(event)

    def _seen(self, items: list[list[int]], is_approximate: bool) -> Observation:
        figure = sum(item[2] for item in items)
        bound = threshold(figure, self.at_least, self.at_most)
        return Observation(
            number(figure), number(bound), [item[0] for item in reversed(items)], is_approximate
        )


class TotalLately(_Summing):
    """Over a rolling window, or over all time."""

    def __init__(self, scope: Scope, rule: Total) -> None:
        super().__init__(scope, rule)
        span_ms = None if self.within_ms is None else self.within_ms + scope.lateness_ms
        self.fact = scope.fact(Amounts(self.events, rule.property, span_ms))
        self.index = self.fact.index
        reads = self.fact.bit | (TIME_BIT if self.within_ms is not None else 0)
        also = FIRST_SEEN_BIT if self.within_ms is not None and self.at_most is not None else 0
        self.reads_of(raised_by=reads, lowered_by=reads, also=also)

    def holds(self, user: User, at: int) -> Answer:
        figure = sum(self._figures(user, at))
        if self.at_most is None:
            return figure >= self.at_least  # type: ignore[operator]  # one of the bounds is set
        is_known = self.within_ms is None or user.first_seen <= at - self.within_ms
        return judge_open(figure, self.at_least, self.at_most, is_known)

    def next_change(self, user: User, at: int) -> int:
        if self.within_ms is None:
            return NEVER
        figures = self._figures(user, at)
        if not figures:
            known_at = NEVER if self.at_most is None else user.first_seen + self.within_ms
            return earliest(at, known_at)
        figure = sum(figures)
        if self.at_most is None and figure < self.at_least and min(figures) >= 0:  # type: ignore[operator]
            return NEVER  # what leaves can only make it less
        return self._first_leave(user, at, figures, figure)

    def _first_leave(self, user: User, at: int, figures: list[int], figure: int) -> int:
        """The first instant at which what leaves the window, or knowing the user for all of it, changes the answer."""
        assert self.within_ms is not None
        is_known = user.first_seen <= at - self.within_ms
        now = judge_open(figure, self.at_least, self.at_most, is_known)
        change = NEVER if self.at_most is None else earliest(at, user.first_seen + self.within_ms)
        items: list[list[int]] = user.facts[self.index]
        for place, leaving in enumerate(figures, len(items) - len(figures)):
            figure -= leaving
            if judge_open(figure, self.at_least, self.at_most, is_known) != now:
                return min(change, items[place][0] + self.within_ms)
        return change

    def _figures(self, user: User, at: int) -> list[int]:
        """The figures in the window, oldest first."""
        items: list[list[int]] = user.facts[self.index]
        if self.within_ms is not None and items and items[0][0] <= at - self.within_ms:
            items = items[bisect_left(items, [at - self.within_ms + 1]) :]
        return list(map(_FIGURE, items))

    def observe(self, user: User, at: int) -> Observation:
        begins = -NEVER if self.within_ms is None else at - self.within_ms
        items = [item for item in user.facts[self.fact.index] if item[0] > begins]
        return self._seen(items, self.within_ms is not None and bool(items) and is_folded(items[0]))


class TotalSince(_Summing):
    """In the window that begins at an anchor."""

    def __init__(self, scope: Scope, rule: Total) -> None:
        super().__init__(scope, rule)
        assert rule.since is not None
        anchor = anchor_fact(scope, "since", rule.since)
        self.fact = scope.fact(
            Anchored(self.events, anchor, self.within_ms, scope.lateness_ms, path=rule.property)
        )
        reads = self.fact.bit | (anchor.bit if anchor else 0) | TIME_BIT
        self.reads_of(raised_by=reads, lowered_by=reads, also=0 if anchor else FIRST_SEEN_BIT)

    def holds(self, user: User, at: int) -> Answer:
        anchor = self.fact.anchor_of(user)
        if anchor is None:
            return False
        figure = sum(item[2] for item in self.fact.window(user))
        return judge_anchored(figure, self.at_least, self.at_most, at >= self.fact.end(anchor))

    def next_change(self, user: User, at: int) -> int:
        anchor = self.fact.anchor_of(user)
        return NEVER if anchor is None or self.at_most is None else earliest(at, self.fact.end(anchor))

    def observe(self, user: User, at: int) -> Observation:
        return self._seen(self.fact.window(user), is_approximate=False)
