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
        while True:
            try:
                return PolicySpec.model_validate(self.data)
            except ValidationError as error:
                found = refusals(error.errors(include_url=False), self.data)
            self.problems += [self._told(refusal) for refusal in found if not self._is_touched(refusal.path)]
            for refusal in found:
                if not self._replace(refusal):
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
        last = flaw.place[-1]
        before = "" if isinstance(last, int) else f"{last}: "
        hint = flaw.hint or ""
        if meant := did_you_mean(flaw.found, flaw.choices):
            hint = f"{before}{meant}"
        elif flaw.message.startswith("unknown event set"):
            hint = f"{before}{{event: {flaw.found}}}"
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

    def _replace(self, refusal: Refusal) -> bool:
        """Put something harmless in the place of a value, or of what holds it; False: nothing is left.

        A stand-in is never refused. Where there is none, the value goes; where it is missed then, what holds it
        goes. So this comes to an end.
        """
        path = refusal.path
        self.replaced.add(path)
        stand_in = None if refusal.is_key else _stand_in(path, is_missing=refusal.is_missing)
        while (
            path
            and stand_in is None
            and (isinstance(path[-1], int) or (refusal.is_missing and path == refusal.path))
        ):
            path = path[:-1]
            stand_in = _stand_in(path)
        if not path:
            return False
        self.replaced.add(path)
        holder: Any = value_at(self.data, path[:-1])
        if stand_in is not None and holder is not None:
            holder[path[-1]] = stand_in
        elif isinstance(holder, dict):
            holder.pop(path[-1], None)
        return True


def _stand_in(path: Path, *, is_missing: bool = False) -> Any:
    """Something harmless for this place; None if there is nothing."""
    if is_rule(path):
        return dict(_ANY_RULE)
    match path:
        case ("ladder", 0):
            return {"stage": "unnamed", "action": "?"}
        case ("ladder", int(number)):
            return {"stage": f"unnamed-{number}", "action": "?", "when": dict(_ANY_RULE)}
        case ("segments", int(number)):
            return {"segment": f"unnamed-segment-{number}", "action": "?", "when": dict(_ANY_RULE)}
    return _STAND_INS.get(path[-1]) if is_missing else None


def _names(data: Any) -> set[str]:
    """The names of event sets, stages and segments in a policy's values, whatever else is wrong with them."""
    names = {str(name) for name in data["events"]} if isinstance(data.get("events"), dict) else set()
    for kind, one in (("ladder", "stage"), ("segments", "segment")):
        latches = data.get(kind)
        for latch in latches if isinstance(latches, list) else ():
            names |= {str(latch[one])} if isinstance(latch, dict) and one in latch else set()
    return names
