"""Text -> Policy, or every mistake in it at once.

Three things can be wrong: the text (source.py), the shape (the models; refusals.py) and the sense (compile.py
and checks.py). Each wants the one before it to be right, and the author wants all of it in one go. So a value
that is refused is replaced by a harmless stand-in, and the rest is checked as if it had been right. What is
then found where something stands in says nothing about the author's text and is left out.
"""

from __future__ import annotations

from typing import Any

from pydantic import ValidationError

from stage_models.conditions.scope import Flaw
from stage_models.policy.checks import contradictions_of, flaws_of
from stage_models.policy.compile import Policy, compile_policy
from stage_models.policy.problems import PolicyError, Problem, did_you_mean
from stage_models.policy.refusals import Refusal, is_rule, refusals, value_at
from stage_models.policy.schema import PolicySpec
from stage_models.policy.source import Path, Source, read

_ROUNDS = 30
_STAND_INS: dict[str | int, Any] = {
    "action": "?",
    "for": "1 day",
    "policy": "policy",
    "text": "?",
    "version": 1,
    "within": "1 day",
}
_ANY_RULE = {"performed": {"event": "?"}}


def load(text: str, file: str) -> Policy:
    """The policy of this text; `file` is how messages call it.

    Raises PolicyError with every mistake that was found.
    """
    source = read(text, file)
    problems = list(source.problems)
    policy: Policy | None = None
    if isinstance(source.value, dict):
        draft = _Draft(source)
        spec = draft.spec()
        problems += draft.problems
        if spec is not None:
            policy, flaws = compile_policy(spec)
            flaws += flaws_of(spec) if draft.replaced else [*flaws_of(spec), *contradictions_of(spec)]
            problems += [draft.problem(flaw) for flaw in flaws if draft.is_authors(flaw)]
    elif source.value is not None or not problems:
        problems.append(
            source.problem((), "this is not a policy", "keys with values", hint="policy: my-product")
        )
    if problems or policy is None:
        raise PolicyError(problems)
    return policy


class _Draft:
    """A policy's values while they are checked; refused ones are replaced, and where is remembered."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.data = source.value
        self.names = _names(self.data)
        self.replaced: set[Path] = set()
        self.problems: list[Problem] = []

    def spec(self) -> PolicySpec | None:
        """The models, with stand-ins for what was refused; None when too little is left of the policy."""
        for _ in range(_ROUNDS):
            try:
                return PolicySpec.model_validate(self.data)
            except ValidationError as error:
                found = refusals(error.errors(include_url=False), self.data)
            for refusal in found:
                if not self._is_touched(refusal.path):
                    self.problems.append(self._told(refusal))
            for refusal in found:
                if not self._replace(refusal.path, is_missing=refusal.is_missing):
                    return None
        return None

    def is_authors(self, flaw: Flaw) -> bool:
        """Whether a flaw is in the author's text, not in what stands in for it."""
        if flaw.found in self.names - _names(self.data):
            return False
        return bool(flaw.choices) or (
            not self._is_touched(flaw.place) and not self._is_touched(flaw.place[:-1])
        )

    def problem(self, flaw: Flaw) -> Problem:
        """The flaw, where it stands in the file."""
        hint = flaw.hint or ""
        if meant := did_you_mean(flaw.found, flaw.choices):
            hint = f"{flaw.place[-1]}: {meant}"
        elif flaw.message.startswith("unknown event set"):
            hint = f"{flaw.place[-1]}: {{event: {flaw.found}}}"
        expected = tuple(sorted(flaw.choices)) or flaw.expected.removeprefix("one of: ")
        return self.source.problem(flaw.place, flaw.message, expected, flaw.found, hint)

    def _told(self, refusal: Refusal) -> Problem:
        found = self.source.written(refusal.path) if refusal.found is None else refusal.found
        return self.source.problem(
            refusal.path, refusal.message, refusal.expected, found, refusal.hint, of_key=refusal.is_key
        )

    def _is_touched(self, path: Path) -> bool:
        """Whether a value at this path, right below it, or one that holds it was replaced."""
        return any(path[: len(there)] == there or there[:-1] == path for there in self.replaced)

    def _replace(self, path: Path, *, is_missing: bool) -> bool:
        """Put something harmless in the place of a value, or of what holds it; False: nothing is left."""
        self.replaced.add(path)
        if is_missing and path[-1] not in _STAND_INS:
            path = path[:-1]
        while path and not self._can_stand_in(path):
            path = path[:-1]
        if not path:
            return False
        self.replaced.add(path)
        holder: Any = value_at(self.data, path[:-1])
        key = path[-1]
        if is_missing or is_rule(path) or isinstance(key, int):
            holder[key] = self._stand_in(path)
        elif isinstance(holder, dict):  # else what held it has been replaced already
            holder.pop(key, None)
        return True

    def _can_stand_in(self, path: Path) -> bool:
        return (
            isinstance(path[-1], str)
            or is_rule(path)
            or (path[0] in ("ladder", "segments") and len(path) == 2)
        )

    def _stand_in(self, path: Path) -> Any:
        if is_rule(path):
            return dict(_ANY_RULE)
        if isinstance(path[-1], int):
            return self._latch(str(path[0]), path[-1])
        return _STAND_INS[path[-1]]

    def _latch(self, kind: str, number: int) -> dict[str, Any]:
        """A stage or segment that stands in for one that could not be read; it keeps its name."""
        one = "stage" if kind == "ladder" else "segment"
        rule = {} if kind == "ladder" and number == 0 else {"when": dict(_ANY_RULE)}
        return {one: f"unnamed-{number}", "action": "?", **rule}


def _names(data: Any) -> set[str]:
    """The names of event sets, stages and segments in a policy's values, whatever else is wrong with them."""
    names = {str(name) for name in data["events"]} if isinstance(data.get("events"), dict) else set()
    for kind, one in (("ladder", "stage"), ("segments", "segment")):
        latches = data.get(kind)
        for latch in latches if isinstance(latches, list) else ():
            names |= {str(latch[one])} if isinstance(latch, dict) and one in latch else set()
    return names
