"""The text of a policy: YAML 1.2 in, plain values out, and for every value the line and column where it is.

Only the node graph of ruamel.yaml is used. Values are made here, as a policy wants less than YAML offers:
keys are text, dates are text as in the events they are compared with, numbers are finite, there are no tags.
Whatever is wrong with the text itself is collected in `Source.problems`; the values that remain can still be
checked, so that the operator sees every mistake at once.

Aliases are allowed (`when: *same`), but what they unfold to counts: a text of a few lines that unfolds to
millions of values is refused, as is a file that is far larger than any policy.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import ReusedAnchorWarning, YAMLError
from ruamel.yaml.nodes import MappingNode, Node, ScalarNode, SequenceNode
from ruamel.yaml.reader import ReaderError

from stage_models.policy.problems import Problem

MAX_CHARACTERS = 200_000
MAX_VALUES = 20_000
MAX_DEPTH = 40

Path = tuple[str | int, ...]
"""The way to a value from the top: keys and list positions."""

_TAG = "tag:yaml.org,2002:"
_SYNTAX = {
    "mapping values are not allowed here": 'a second ": " in one line, or a line that is indented too far',
    "could not find expected ':'": "a key without a colon",
    "found undefined alias": "an alias (*name) that no anchor (&name) defines",
    "'\\t' that cannot": "a tab; YAML is indented with spaces",
    "cannot start any token": "a character that YAML reserves; put the text in quotes",
    "unexpected end of stream": "a quote that is never closed",
    "but found another document": "a second document; a policy is one document",
    "expected ',' or": "a bracket or brace that is not closed before this, or a comma that is missing",
    "expected <block end>": "a line that is not indented as those before it",
}


@dataclass(frozen=True)
class Place:
    """Where something stands; both count from 1."""

    line: int
    column: int


@dataclass
class Source:
    """A policy's text, read: the plain `value` (None if there is none), places, what is wrong with it."""

    file: str
    value: Any = None
    problems: list[Problem] = field(default_factory=list)
    keys: dict[Path, Place] = field(default_factory=dict)
    values: dict[Path, tuple[Place, str]] = field(default_factory=dict)  # place, and the text of a scalar

    def place(self, path: Path, *, of_key: bool = False) -> Place:
        """Where the value at `path` (or its key) stands; for what is missing, where its parent stands."""
        if of_key and path in self.keys:
            return self.keys[path]
        lengths = range(len(path), -1, -1)
        return next(self.values[path[:length]][0] for length in lengths if path[:length] in self.values)

    def written(self, path: Path) -> str:
        """The value at `path` as the file has it, for a list or mapping what it is."""
        return self.values[path][1] if path in self.values else "nothing"

    def problem(
        self,
        path: Path,
        message: str,
        expected: str | tuple[str, ...] = "",
        found: str = "",
        hint: str = "",
        *,
        of_key: bool = False,
    ) -> Problem:
        """A problem with what stands at `path`."""
        place = self.place(path, of_key=of_key)
        return Problem(self.file, place.line, place.column, message, expected, found, hint)


def read(text: str, file: str) -> Source:
    """The values and places of a policy's text; never raises, `problems` tells what is wrong."""
    source = Source(file)
    if len(text) > MAX_CHARACTERS:
        found = f"{len(text):,} characters"
        source.problems.append(
            Problem(file, 1, 1, "this file is too large for a policy", f"at most {MAX_CHARACTERS:,}", found)
        )
        return source
    try:
        root = _compose(text)
    except (YAMLError, RecursionError) as error:
        source.problems.append(_syntax_problem(error, text, file))
        return source
    if root is None:
        source.problems.append(
            Problem(file, 1, 1, "the file is empty", "a policy", "nothing", "policy: my-product")
        )
        return source
    try:
        source.value = _Reader(source).value(root, ())
    except _TooMuchError as error:
        source.value = None
        source.problems.append(source.problem((), f"the policy {error}"))
    return source


def _compose(text: str) -> Node | None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ReusedAnchorWarning)
        root: Node | None = YAML(typ="rt", pure=True).compose(text)
        return root


class _TooMuchError(Exception):
    pass


class _Reader:
    """Makes values of nodes, and notes where they stand and what is wrong with them."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.count = 0

    def value(self, node: Node, path: Path) -> Any:
        self.count += 1
        if self.count > MAX_VALUES:
            raise _TooMuchError(f"unfolds to more than {MAX_VALUES:,} values")
        if len(path) > MAX_DEPTH:
            raise _TooMuchError(f"is nested more than {MAX_DEPTH} levels deep")
        self.source.values[path] = (_place(node), _written(node))
        match node:
            case ScalarNode():
                return self._scalar(node, path)
            case SequenceNode() if node.tag == _TAG + "seq":
                return [self.value(child, (*path, i)) for i, child in enumerate(node.value)]
            case MappingNode() if node.tag == _TAG + "map":
                return {key: self.value(child, (*path, key)) for key, child in self._items(node, path)}
        return self._refuse_tag(node, path)

    def _items(self, node: MappingNode, path: Path) -> Iterator[tuple[str, Node]]:
        """The keys and values of a mapping; of a key that is given twice only the first."""
        seen: dict[Hashable, Place] = {}
        for key_node, child in node.value:
            place = _place(key_node)
            if not isinstance(key_node, ScalarNode):
                self._add(place, "a key must be a text", "a word", _written(key_node))
                continue
            key = key_node.value
            if key in seen:
                first = f"also in line {seen[key].line}"
                self._add(place, f'key "{key}" is given twice', "each key once", first)
                continue
            seen[key] = place
            self.source.keys[*path, key] = place
            yield key, child

    def _scalar(self, node: ScalarNode, path: Path) -> Any:
        text = node.value
        match str(node.tag).removeprefix(_TAG):
            case "str" | "timestamp" | "merge":
                return text
            case "null":
                return None
            case "bool":
                return text.lower() == "true"
            case "int":
                return _whole_number(text)
            case "float":
                number = float(text.replace("_", "").replace(".inf", "inf").replace(".nan", "nan"))
                if not math.isfinite(number):
                    self._add(_place(node), "a number must be finite", "a number", text)
                return number
        return self._refuse_tag(node, path)

    def _refuse_tag(self, node: Node, path: Path) -> None:
        self._add(
            self.source.place(path),
            "tags are not part of the policy language",
            found=str(node.tag).replace(_TAG, "!!"),
        )

    def _add(self, place: Place, message: str, expected: str = "", found: str = "") -> None:
        self.source.problems.append(
            Problem(self.source.file, place.line, place.column, message, expected, found)
        )


def _place(node: Node) -> Place:
    return Place(node.start_mark.line + 1, node.start_mark.column + 1)


def _written(node: Node) -> str:
    match node:
        case ScalarNode(value=text):
            return text or "nothing"
        case SequenceNode():
            return "a list"
    return "a mapping"


def _whole_number(text: str) -> int:
    digits = text.replace("_", "").lower()
    sign = -1 if digits.startswith("-") else 1
    digits = digits.lstrip("+-")
    base = {"0o": 8, "0x": 16, "0b": 2}.get(digits[:2], 10)
    return sign * int(digits if base == 10 else digits[2:], base)


def _syntax_problem(error: YAMLError | RecursionError, text: str, file: str) -> Problem:
    if isinstance(error, RecursionError):
        return Problem(file, 1, 1, f"the policy is nested more than {MAX_DEPTH} levels deep")
    if isinstance(error, ReaderError):
        line = text.count("\n", 0, error.position) + 1
        column = error.position - text.rfind("\n", 0, error.position)
        return Problem(file, line, column, "this is not YAML", "text", f"character {error.character:#06x}")
    problem, mark = str(getattr(error, "problem", error)), getattr(error, "problem_mark", None)
    found = next((words for sign, words in _SYNTAX.items() if sign in problem), problem)
    line, column = (mark.line + 1, mark.column + 1) if mark else (1, 1)
    return Problem(file, line, column, "this is not YAML", found=found)
