"""A user's page: where he is, every part of every rule with its answer, and what comes next."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from xml.etree.ElementTree import Element

from stage_models.explain import Answer, Explanation, Membership
from stage_models.transitions import PolicyRef
from streams.codec.explanations import encode_explanation
from streams.pages.html import DEEPEST, Content, element, instant, page, table
from streams.words import answered, as_read, figure, headline, question, why

_COLUMNS = ["condition", "answer", "observed", "threshold", "missing", "may change"]


class Explained:
    """The answer about one user under a policy."""

    status = 200
    headers: Mapping[str, str] = {}

    def __init__(self, policy: PolicyRef, explanation: Explanation) -> None:
        self._policy = policy
        self._explanation = explanation

    def as_json(self) -> bytes:
        """The document that `stagestream explain --format json` prints."""
        return encode_explanation(self._policy, self._explanation)

    def as_html(self) -> str:
        """The page."""
        explanation, policy = self._explanation, self._policy
        here = [it for it in explanation.memberships if it.is_on]
        elsewhere = [it for it in explanation.memberships if not it.is_on]
        judged = f"Under {policy.name}, version {policy.version}, at "
        return page(
            f"User {explanation.user_id}",
            _place(explanation),
            element("p", judged, instant(explanation.at), ". All times are UTC."),
            element("h2", "If nothing happens"),
            _next(explanation),
            element("h2", "Where the user is, and why"),
            *(part for membership in here for part in _membership(explanation, membership)),
            element("h2", "Where the user is not, and why"),
            *(part for membership in elsewhere for part in _membership(explanation, membership)),
        )


def _place(explanation: Explanation) -> Element:
    segments = ", ".join(explanation.segments) or "none"
    return element(
        "p",
        "In stage ",
        element("strong", explanation.stage),
        " since ",
        instant(explanation.stage_since),
        f"; highest stage {explanation.highest_stage}; segments: {segments}.",
    )


def _next(explanation: Explanation) -> Element:
    if not explanation.next:
        return element("p", "Nothing changes.")
    rows = []
    for transition in explanation.next:
        move = as_read(transition)
        words = element("td", headline(move, with_user=False)), element("td", why(move))
        rows.append(element("tr", element("th", instant(transition.effective_at), scope="row"), *words))
    return table(["What comes next, soonest first"], ["time", "move", "why"], rows)


def _membership(explanation: Explanation, membership: Membership) -> tuple[Element, Element]:
    name = f"{membership.kind} {membership.name}"
    heading = element("h3", f"{question(explanation, membership)} {name}")
    if membership.when is None:
        return heading, element("p", "The first stage always holds.")
    rows = list(_rows("when", membership.when, 0))
    if membership.until is not None:
        rows += _rows("until", membership.until, 0)
    return heading, table([name, *_state(membership)], _COLUMNS, rows)


def _state(membership: Membership) -> Iterator[Content]:
    if membership.since is not None:
        yield from (f", {'on' if membership.is_on else 'off'} since ", instant(membership.since))
    if membership.held_until is not None:
        yield from (", held until ", instant(membership.held_until))


def _rows(number: str, answer: Answer, depth: int) -> Iterator[Element]:
    """A row for the answer and one for each of its parts: `when`, `when 1`, `when 1.2`."""
    word = answered(answer)
    figures = ["", "", ""]
    if not answer.parts:
        lacking = "" if answer.missing is None else figure(answer.missing)
        figures = [figure(answer.observed), figure(answer.threshold), lacking]
    yield element(
        "tr",
        element("th", f"{number}: {answer.condition}", scope="row", class_=f"depth-{min(depth, DEEPEST)}"),
        element("td", word, class_=word),
        *(element("td", text) for text in figures),
        element("td", "" if answer.next_change is None else instant(answer.next_change)),
    )
    for place, part in enumerate(answer.parts, 1):
        yield from _rows(f"{number}.{place}" if depth else f"{number} {place}", part, depth + 1)
