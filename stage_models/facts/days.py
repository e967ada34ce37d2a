"""days: the newest local dates with an event of a set, ascending."""

from __future__ import annotations

from bisect import bisect_left

from stage_models.calendar import Calendar
from stage_models.event_sets import EventSet
from stage_models.events import Event
from stage_models.facts.fact import CHANGED, UNCHANGED, Fact
from stage_models.user import User


class Days(Fact):
    """The `depth` newest dates (rules share the deepest) of the policy's time zone, counted in days since
    1970-01-01.
    """

    __slots__ = ("calendar",)

    def __init__(self, events: EventSet, depth: int, calendar: Calendar) -> None:
        super().__init__(events, calendar.zone)
        self.depth = depth
        self.calendar = calendar

    def whole_from(self, state: list[int], depth: int) -> int | None:
        return self.calendar.begin_of(state[0]) if len(state) >= depth else None

    def remember(self, user: User, event: Event, digest: int) -> int:
        days: list[int] = self.kept(user)
        date = self.calendar.date_of(event.occurred_at)
        if days and date <= days[-1]:
            place = bisect_left(days, date)
            if days[place] == date or (place == 0 and len(days) == self.depth):
                return UNCHANGED
            days.insert(place, date)
        else:
            days.append(date)
        if len(days) > self.depth:
            del days[: -self.depth]
        return CHANGED

    def merge(self, user: User, other: User) -> None:
        both = {*user.facts[self.index], *other.facts[self.index]}
        user.facts[self.index] = sorted(both)[-self.depth :]
