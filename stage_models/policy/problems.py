"""Mistakes in a policy: where, what was expected, what was found, what to try.

The operator gets every mistake at once, so a mistake is a value that is collected, not an exception;
`PolicyError` carries all of them.
"""

from __future__ import annotations

from dataclasses import dataclass
from difflib import get_close_matches

_LABEL_WIDTH = len("expected one of: ")


@dataclass(frozen=True, order=True)
class Problem:
    """One mistake. Line and column count from 1; `expected` is a tuple where several words were possible."""

    file: str
    line: int
    column: int
    message: str
    expected: str | tuple[str, ...] = ""
    found: str = ""
    hint: str = ""

    def __str__(self) -> str:
        """The text the operator reads: one line that can be clicked in an editor, then what is known."""
        lines = [f"{self.file}:{self.line}:{self.column}  {self.message}"]
        if isinstance(self.expected, str):
            rows = [("expected:", self.expected)]
        else:
            rows = [("expected one of:", ", ".join(self.expected) or "(there are none)")]
        rows += [("found:", self.found), ("try:", self.hint)]
        lines += [f"  {label.ljust(_LABEL_WIDTH)}{text}" for label, text in rows if text]
        return "\n".join(lines)


class PolicyError(Exception):
    """The policy cannot be used. `problems` holds every mistake, in the order of the file."""

    def __init__(self, problems: list[Problem]) -> None:
        self.problems = sorted(problems, key=lambda problem: (problem.line, problem.column, problem.message))
        super().__init__("\n\n".join(str(problem) for problem in self.problems))


def did_you_mean(word: str, known: tuple[str, ...]) -> str | None:
    """The known word that is most like this one, or None if none is like it; case does not matter."""
    by_lower = {name.lower(): name for name in known}
    matches = get_close_matches(word.lower(), by_lower, n=1, cutoff=0.6)
    return by_lower[matches[0]] if matches else None
