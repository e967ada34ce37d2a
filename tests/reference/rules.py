"""Each rule's answer at one instant, from scratch, from everything that is remembered at that instant."""

from __future__ import annotations

from collections.abc import Callable

from tests.reference import counting, ordering
from tests.reference.past import Answer, Past, Rule
from tests.reference.reading import is_during

Ladder = Callable[[Rule, int], bool]
"""The answer, at an instant, of a rule that asks where the user is or was."""


def answer(rule: Rule, past: Past, at: int, ladder: Ladder) -> Answer:
    """Whether the rule holds at the instant, given everything remembered; None while undecided."""
    if "all" in rule:
        return all_of([answer(part, past, at, ladder) for part in rule["all"]])
    if "any" in rule:
        turned = all_of([opposite(answer(part, past, at, ladder)) for part in rule["any"]])
        return opposite(turned)
    if "not" in rule:
        return opposite(answer(rule["not"], past, at, ladder))
    if any(kind in rule for kind in ("reached", "stage", "segment")):
        return ladder(rule, at)
    return next(test for kind, test in TESTS.items() if kind in rule)(rule, past, at)


def all_of(answers: list[Answer]) -> Answer:
    if False in answers:
        return False
    return None if None in answers else True


def opposite(value: Answer) -> Answer:
    return None if value is None else not value


def during(rule: Rule, past: Past, at: int) -> Answer:
    return is_during(rule["during"], past.date_of(at))


TESTS: dict[str, Callable[[Rule, Past, int], Answer]] = {
    "performed": counting.performed,
    "total": counting.total,
    "distinct": counting.distinct,
    "sessions": counting.sessions,
    "active_days": counting.active_days,
    "regular": counting.regular,
    "declining": counting.declining,
    "inactive": ordering.inactive,
    "missing": ordering.missing,
    "recent": ordering.recent,
    "first": ordering.first,
    "returned": ordering.returned,
    "sequence": ordering.sequence,
    "trait": ordering.trait,
    "during": during,  # last: it is a key of other rules too
}
