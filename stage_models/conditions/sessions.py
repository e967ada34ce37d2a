"""sessions: how many visits the user made.

    {sessions: activity, at_least: 2, within: 7 days}
    {sessions: activity, gap: 1 hour, at_least: 3, within: 7 days, since: Signed Up}

A visit begins with an event that comes at least `gap` after the event before it, whenever that was; it counts by the
instant at which it begins, however long it lasts. Windows are those of `performed`. An event that comes late, between
two visits, can make one of them.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import Field, model_validator

from stage_models.conditions.counting import CountLately, CountSince, depth_of
from stage_models.conditions.keys import AtLeast, AtMost, Since, Within
from stage_models.conditions.ranges import check_range, range_words
from stage_models.conditions.rule import Condition, Rule
from stage_models.conditions.scope import Scope, events_label
from stage_models.conditions.windows import anchor_fact, check_length, check_window, window_words
from stage_models.facts import Visits, VisitsSince
from stage_models.terms import Duration, Events


class Sessions(Rule):
    """The number of visits that begin in the window is in the range."""

    KEY: ClassVar[str] = "sessions"

    sessions: Events
    gap: Duration = Field(
        Duration("30 minutes"),
        description="an event that comes at least that long after the one before it begins a visit",
    )
    at_least: AtLeast = None
    at_most: AtMost = None
    within: Within = None
    since: Since = None

    @model_validator(mode="after")
    def _is_possible(self) -> Sessions:
        check_range(self.at_least, self.at_most)
        check_length("gap", self.gap)
        check_window(self.within, self.since, self.at_most)
        return self

    def sentence(self) -> str:
        bounds = range_words(self.at_least, self.at_most)
        unit = "visit" if (self.at_most or self.at_least) == 1 else "visits"
        visits = f"{unit} of {events_label(self.sessions)}, {self.gap} apart,"
        return f"{bounds} {visits}{window_words(self.within, self.since)}".rstrip(",")

    def compile(self, scope: Scope) -> Condition:
        bounds = self.at_least, self.at_most
        depth = depth_of(bounds)
        within_ms = self.within.ms if self.within else None
        events = scope.events("sessions", self.sessions)
        if self.since is None:
            fact = scope.fact(Visits(events, self.gap.ms, within_ms, scope.lateness_ms, depth))
            return CountLately(scope, self.sentence(), fact, bounds, within_ms, joined_ms=self.gap.ms)
        anchor = anchor_fact(scope, "since", self.since)
        counted = scope.fact(
            VisitsSince(events, anchor, within_ms, scope.lateness_ms, gap_ms=self.gap.ms, depth=depth)
        )
        return CountSince(scope, self.sentence(), counted, bounds)


EXAMPLES = """
{sessions: activity, at_least: 2, within: 7 days}

time              event      holds
2026-01-05 10:00  Signed In  no
2026-01-05 10:29  Signed In  no     the same visit: less than 30 minutes
2026-01-05 10:59  Signed In  yes    exactly 30 minutes: a new visit
2026-01-12 10:00  -          no
"""
