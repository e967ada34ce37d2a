"""performed: how often these events happened.

    {performed: core}
    {performed: pricing, at_least: 2, within: 7 days}
    {performed: order, at_least: 11, at_most: 30, within: 7 days, since: Signed Up}
    {performed: order, where: {revenue: {above: 100}}, during: {from: 11-20, to: 12-26}}

Without a bound: at least once. A rolling window at instant t covers t - within < event time <= t, so an event leaves it
exactly `within` after it happened. With `since` the window stands still: it covers `within` from the user's first
such event on, and that event counts too. Without a window all time counts.

`at_most` over a rolling window is undecided until the user is known for the whole window, unless the bound is broken
already. In a window with `since` it is undecided until the window closes.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import model_validator

from stage_models.conditions.counting import CountLately, CountSince, depth_of
from stage_models.conditions.keys import AtLeast, AtMost, OnlyDuring, OnlyWhere, Since, Within
from stage_models.conditions.ranges import check_range, range_words
from stage_models.conditions.rule import Condition, Rule
from stage_models.conditions.scope import Scope, events_label, narrowed
from stage_models.conditions.windows import anchor_fact, check_window, window_words
from stage_models.facts import Anchored, Newest
from stage_models.terms import Events


class Performed(Rule):
    """The number of events in the window is in the range."""

    KEY: ClassVar[str] = "performed"

    performed: Events
    at_least: AtLeast = None
    at_most: AtMost = None
    within: Within = None
    since: Since = None
    where: OnlyWhere = None
    during: OnlyDuring = None

    @model_validator(mode="after")
    def _is_possible(self) -> Performed:
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
        events = narrowed(events_label(self.performed), self.where, self.during)
        return f"{range_words(*self.bounds)} of {events}{window_words(self.within, self.since)}"

    def compile(self, scope: Scope) -> Condition:
        within_ms = self.within.ms if self.within else None
        events = scope.events("performed", self.performed, self.where, self.during)
        depth = depth_of(self.bounds)
        if self.since is None:
            fact = scope.fact(Newest(events, depth))
            return CountLately(scope, self.sentence(), fact, self.bounds, within_ms)
        anchor = anchor_fact(scope, "since", self.since)
        counted = scope.fact(Anchored(events, anchor, within_ms, scope.lateness_ms, depth=depth))
        return CountSince(scope, self.sentence(), counted, self.bounds)


EXAMPLES = """
{performed: pricing, at_least: 2, within: 7 days}

time              event                            holds
2026-01-05 10:00  Page Viewed {path: /pricing}     no
2026-01-08 10:00  Page Viewed {path: /pricing/eu}  yes
2026-01-12 09:59  -                                yes
2026-01-12 10:00  -                                no     the first one is exactly 7 days old

{performed: order, at_most: 1, within: 7 days}

time              event            holds
2026-01-05 10:00  Order Completed  undecided  known for less than 7 days
2026-01-12 10:00  -                yes
2026-01-13 10:00  Order Completed  yes
2026-01-14 10:00  Order Completed  no

{performed: order, at_least: 2, within: 7 days, since: Signed Up}

time              event            holds
2026-01-05 10:00  Order Completed  no     no anchor yet
2026-01-06 10:00  Signed Up        no
2026-01-07 10:00  Order Completed  no     only what follows the anchor counts
2026-01-13 09:59  Order Completed  yes
2026-06-01 10:00  -                yes    the window is closed
"""
