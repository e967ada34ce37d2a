"""total: a figure over one property of these events.

    {total: order, property: revenue, at_least: 200, within: 14 days}
    {total: order, property: revenue, at_least: 200, within: 14 days, since: first_seen}
    {total: order, property: revenue, as: average, at_least: 50, within: 90 days}

The sum, or the average, the greatest (max) or the least (min): over a rolling window (t - within < event time <= t),
over `within` from an anchor on, or over all time. In a window with an anchor the figure freezes when it closes. Figures
are decimal, to 6 places: 199.99 and 0.01 make 200. The sum of nothing is 0; the other figures of nothing do not hold.

Past 256 events in the window the oldest are folded into one, and evidence says `approximate`.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from fractions import Fraction
from functools import reduce
from itertools import accumulate
from operator import add, itemgetter
from typing import ClassVar, Literal

from pydantic import Field, model_validator

from stage_models.conditions.keys import FigureAtLeast, FigureAtMost, Property, Since, Within
from stage_models.conditions.ranges import check_range, judge_anchored, judge_open, range_words, threshold
from stage_models.conditions.rule import Answer, Condition, Observation, Rule, earliest
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import anchor_fact, check_window, window_words
from stage_models.events import Event
from stage_models.facts import Amounts, Anchored
from stage_models.facts.amounts import Fold, count_of, is_folded
from stage_models.facts.fact import FIRST_SEEN_BIT, TIME_BIT
from stage_models.figures import millionths, number
from stage_models.terms import Events, mistake
from stage_models.user import NEVER, User

As = Literal["sum", "average", "max", "min"]
_WORDS: dict[As, str] = {"average": "the average", "max": "the greatest", "min": "the least"}
_FOLDS: dict[As, Fold] = {"sum": add, "average": add, "max": max, "min": min}


class Total(Rule):
    """The figure over the property in the window is in the range."""

    KEY: ClassVar[str] = "total"

    total: Events
    property: Property
    as_: As = Field("sum", alias="as", description="what is made of the figures")
    at_least: FigureAtLeast = None
    at_most: FigureAtMost = None
    within: Within = None
    since: Since = None

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
        figures = f"{self.property} of {events_label(self.total)}"
        if self.as_ == "sum":
            return f"{figures} adds up to {bounds}{window}"
        return f"{_WORDS[self.as_]} {figures} is {bounds}{window}"

    def compile(self, scope: Scope) -> Condition:
        return TotalSince(scope, self) if self.since is not None else TotalLately(scope, self)


_FIGURE = itemgetter(2)
_Items = list[list[int]]
_Figure = int | Fraction | None
"""In millionths; None: nothing to make it of."""


def _bound(bound: float | None) -> int | None:
    return None if bound is None else millionths(bound)


class _Summing(Condition):
    def __init__(self, scope: Scope, rule: Total) -> None:
        super().__init__(scope, rule.sentence())
        self.events = scope.events("total", rule.total)
        self.at_least, self.at_most = _bound(rule.at_least), _bound(rule.at_most)
        self.within_ms = rule.within.ms if rule.within else None
        self.as_: As = rule.as_
        self.fold = _FOLDS[rule.as_]

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        return event.occurred_at in instants and self.events.holds(event)

    def _figure(self, items: _Items) -> _Figure:
        if self.as_ == "sum":
            total: int = sum(map(_FIGURE, items))
            return total
        if not items:
            return None
        if self.as_ == "average":
            return Fraction(sum(map(_FIGURE, items)), sum(map(count_of, items)))
        return reduce(self.fold, (item[2] for item in items))

    def _seen(self, items: _Items, is_approximate: bool) -> Observation:
        figure = self._figure(items)
        bound = threshold(figure or 0, self.at_least, self.at_most)
        observed = None if figure is None else number(round(figure))
        return Observation(observed, number(bound), [item[0] for item in reversed(items)], is_approximate)


class TotalLately(_Summing):
    """Over a rolling window, or over all time."""

    def __init__(self, scope: Scope, rule: Total) -> None:
        super().__init__(scope, rule)
        self.fact = scope.fact(
            Amounts(self.events, rule.property, self.within_ms, scope.lateness_ms, self.fold)
        )
        self.index = self.fact.index
        reads = self.fact.bit | (TIME_BIT if self.within_ms is not None else 0)
        also = FIRST_SEEN_BIT if self.within_ms is not None and self.at_most is not None else 0
        self.reads_of(raised_by=reads, lowered_by=reads, also=also)

    def holds(self, user: User, at: int) -> Answer:
        is_known = self.within_ms is None or user.first_seen <= at - self.within_ms
        return self._judge(self._figure(self._window(user, at)), is_known)

    def next_change(self, user: User, at: int) -> int:
        if self.within_ms is None:
            return NEVER
        known_at = NEVER if self.at_most is None else earliest(at, user.first_seen + self.within_ms)
        items = self._window(user, at)
        figures = self._figures_as_they_leave(items)
        is_known = user.first_seen <= at - self.within_ms
        now = self._judge(figures[0], is_known)
        if self.at_most is None and self.at_least is not None:  # as most rules are, and asked at each event
            is_less = now is False
            for item, figure in zip(items, figures[1:], strict=True):
                if (figure is None or figure < self.at_least) is not is_less:
                    return item[0] + self.within_ms
            return NEVER
        for item, figure in zip(items, figures[1:], strict=True):
            if self._judge(figure, is_known) != now:
                return min(known_at, item[0] + self.within_ms)
        return known_at

    def decided_from(self, user: User, at: int, since: int) -> int:
        return NEVER if self.within_ms is None else since - 1 + self.within_ms

    def _judge(self, figure: _Figure, is_known: bool) -> Answer:
        if figure is None:
            return None if self.at_most is not None and not is_known else False
        return judge_open(figure, self.at_least, self.at_most, is_known)

    def _figures_as_they_leave(self, items: _Items) -> list[_Figure]:
        """The figure of all items, of all but the oldest, and so on down to that of none."""
        folded = [*accumulate(map(_FIGURE, reversed(items)), self.fold)]
        figures: list[_Figure] = [*folded]
        if self.as_ == "average":
            counts = accumulate(map(count_of, reversed(items)))
            figures = [Fraction(figure, count) for figure, count in zip(folded, counts, strict=True)]
        return [*reversed(figures), self._figure([])]

    def _window(self, user: User, at: int) -> _Items:
        """The items in the window, oldest first."""
        items: _Items = user.facts[self.index]
        if self.within_ms is not None and items and items[0][0] <= at - self.within_ms:
            return items[bisect_left(items, [at - self.within_ms + 1]) :]
        return items

    def observe(self, user: User, at: int) -> Observation:
        items = self._window(user, at)
        return self._seen(items, self.within_ms is not None and bool(items) and is_folded(items[0]))


class TotalSince(_Summing):
    """In the window that begins at an anchor."""

    def __init__(self, scope: Scope, rule: Total) -> None:
        super().__init__(scope, rule)
        assert rule.since is not None
        anchor = anchor_fact(scope, "since", rule.since)
        self.fact = scope.fact(
            Anchored(
                self.events, anchor, self.within_ms, scope.lateness_ms, path=rule.property, fold=self.fold
            )
        )
        reads = self.fact.bit | (anchor.bit if anchor else 0) | TIME_BIT
        self.reads_of(raised_by=reads, lowered_by=reads, also=0 if anchor else FIRST_SEEN_BIT)

    def holds(self, user: User, at: int) -> Answer:
        anchor = self.fact.anchor_of(user)
        if anchor is None:
            return False
        figure = self._figure(self.fact.window(user))
        if figure is None:
            return False
        return judge_anchored(figure, self.at_least, self.at_most, at >= self.fact.end(anchor))

    def next_change(self, user: User, at: int) -> int:
        anchor = self.fact.anchor_of(user)
        return NEVER if anchor is None or self.at_most is None else earliest(at, self.fact.end(anchor))

    def observe(self, user: User, at: int) -> Observation:
        return self._seen(self.fact.window(user), is_approximate=False)


EXAMPLES = """
{total: order, property: revenue, at_least: 200, within: 14 days}

time              event                             holds
2026-01-05 10:00  Order Completed {revenue: 199.9}  no
2026-01-08 10:00  Order Completed {revenue: 0.1}    yes
2026-01-19 10:00  -                                 no     the first one is exactly 14 days old

{total: order, property: revenue, as: average, at_least: 50, within: 90 days}

time              event                           holds
2026-01-05 10:00  Signed In                       no     of nothing there is no average
2026-01-06 10:00  Order Completed {revenue: 80}   yes
2026-01-07 10:00  Order Completed {revenue: 10}   no
2026-04-06 10:00  -                               no     only the 10 is left
"""
