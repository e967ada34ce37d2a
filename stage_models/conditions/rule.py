"""What every rule type has: a model that people write (Rule) and what it becomes for the evaluator
(Condition).

A condition answers two questions about a user at an instant: does it hold (True, False, or None for
undecided), and when could that change if nothing happens? An early answer to the second is allowed, a late
one is a bug.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import TYPE_CHECKING, ClassVar, NamedTuple

from stage_models.events import Event
from stage_models.terms import Model
from stage_models.transitions import Evidence
from stage_models.user import NEVER, User

if TYPE_CHECKING:
    from stage_models.conditions.scope import Scope

Answer = bool | None
Figure = int | float | str | bool | None

INSTANTS_SHOWN = 10


class Observation(NamedTuple):
    """What a condition sees at an instant, against what it wants; the instants that count, newest first."""

    observed: Figure
    threshold: Figure
    instants: Sequence[int] = ()
    is_approximate: bool = False


class Condition(ABC):
    """A compiled rule."""

    parts: tuple[Condition, ...] = ()

    def __init__(self, scope: Scope, sentence: str) -> None:
        self.place = scope.place
        self.sentence = sentence
        # Masks. What is in `raised_by` can make the answer truer when it changes: a fact that an event in
        # time changes (now or at a later instant), or time that passes. What is in `lowered_by` can make it
        # less true. A late event can do either with every fact in `reads`.
        self.raised_by = 0
        self.lowered_by = 0
        self.reads = 0

    def reads_of(self, raised_by: int, lowered_by: int, also: int = 0) -> None:
        """Set the masks; `also` are facts that only a late event can change."""
        self.raised_by, self.lowered_by = raised_by, lowered_by
        self.reads = raised_by | lowered_by | also

    @abstractmethod
    def holds(self, user: User, at: int) -> Answer:
        """Whether it holds at the instant; None: it cannot be answered yet."""

    def next_change(self, user: User, at: int) -> int:
        """The first instant after `at` at which `holds` may be different if nothing is remembered; NEVER if
        none.
        """
        return NEVER

    def decided_from(self, user: User, at: int, since: int) -> int:
        """From when on the answer is what it would be if everything were known, when of the events before `since`
        some may not be: `at` or earlier if that is so already, NEVER if time alone does not make it so.

        Late is allowed, early is a bug.
        """
        return NEVER

    @abstractmethod
    def observe(self, user: User, at: int) -> Observation:
        """What it sees at the instant."""

    def counts(self, event: Event, instants: Sequence[int]) -> bool:
        """Whether the event is one of those that count, given the instants of `observe`."""
        return False

    def evidence(self, user: User, at: int, event: Event | None) -> list[Evidence]:
        """Why it answers as it does: itself, or for a combination the parts that decide."""
        seen = self.observe(user, at)
        return [
            Evidence(
                rule=self.place,
                condition=self.sentence,
                observed=seen.observed,
                threshold=seen.threshold,
                instants=list(seen.instants[:INSTANTS_SHOWN]),
                event_ids=[event.event_id] if event and self.counts(event, seen.instants) else [],
                approximate=seen.is_approximate,
            )
        ]


class Rule(Model, ABC):
    """One rule type as it stands in the policy file. Subclasses have one key of their own name."""

    KEY: ClassVar[str]

    @abstractmethod
    def sentence(self) -> str:
        """The rule in words."""

    @abstractmethod
    def compile(self, scope: Scope) -> Condition:
        """The condition that evaluates it; mistakes that need the whole policy are told to the scope."""


def earliest(at: int, *instants: int) -> int:
    """The least of the instants that lie after `at`, NEVER if none does."""
    change = NEVER
    for instant in instants:
        if at < instant < change:
            change = instant
    return change
