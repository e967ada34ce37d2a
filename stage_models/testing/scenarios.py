"""Scenarios: behaviour over time as a table that anybody who knows the product can check.

    time               event             stage      cause  effective
    2026-01-01 10:00   Signed Up         signup     event  2026-01-01 10:00
    2026-01-01 10:05   Report Exported   activated  event  2026-01-01 10:05
    2026-01-15 10:05   -                 at-risk    time   2026-01-15 10:05   exactly 14 days of silence

One row is one input of one user, in this order. Columns are two or more spaces apart. `time` and `event`
say what comes in: an event at that time, or, for `-`, a tick that lets everything happen that is due at or
before it. Properties follow the event's name: `Order Completed {revenue: 20}`. A column `id` names the
event, so that the same event can come twice. A column `traits` says which traits came with it: `{plan: pro}`.

The other columns say what is expected after the row; what stands behind the last of them is a comment:

    stage       the user's stage
    segments    the user's segments, in file order
    moves       every transition of the row: `signup>activated`, `+high-value` (entered), `-high-value` (left)
    cause       their causes, each once
    effective   their instants, each once
    corrects    the sequences of the transitions that they withdraw
    drop        why the event was dropped

`-` means: none. A cell that is left out at the end of a row is not looked at.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from stage_models.advance import Step, advance
from stage_models.events import Event, Tick
from stage_models.instants import format_instant, parse_instant
from stage_models.policy.compile import Policy
from stage_models.policy.problems import Problem
from stage_models.policy.source import Source, read
from stage_models.transitions import Transition
from stage_models.user import User

USER = "user"
_INPUT = ("time", "event", "id", "traits")
_GAP = re.compile(r" {2,}|\t+")
_EVENT = re.compile(r"(?P<name>[^{]*?)\s*(?P<properties>\{.*\})?")


class ScenarioError(AssertionError):
    """What a scenario found is not what its table expects; the text shows both, row by row."""


@dataclass(frozen=True)
class Row:
    """One row of a scenario: what comes in, and by column what is expected after it."""

    input: Event | Tick
    cells: dict[str, str]


def event(
    time: str,
    name: str,
    event_id: str = "",
    user_id: str = USER,
    traits: dict[str, Any] | None = None,
    **properties: Any,
) -> Event:
    """An event for a test; without an id it gets one made of user, name and time."""
    occurred_at = parse_instant(time)
    return Event(
        user_id=user_id,
        event_id=event_id or f"{user_id} {name} {time}",
        occurred_at=occurred_at,
        name=name,
        properties=properties,
        traits=traits or {},
    )


def tick(time: str) -> Tick:
    """The tick after which everything that is due at or before `time` has happened."""
    return Tick(parse_instant(time) + 1)


def scenario(policy: Policy, table: str) -> User:
    """The user after all rows of the table. Raises ScenarioError when a row finds something else.

    Raises ValueError when the table cannot be read.
    """
    columns, rows = read_table(table)
    user: User | None = None
    sequences: dict[str, int] = {}
    found: list[dict[str, str]] = []
    if rows and isinstance(rows[0].input, Tick):
        raise ValueError("a scenario begins with an event: before it there is no user")
    for row in rows:
        step = advance(policy, user, row.input)
        user = step.user
        sequences |= {transition.id: transition.sequence for transition in step.transitions}
        found.append(
            {name: _OBSERVED[name](policy, step, sequences) for name in columns if name in _OBSERVED}
        )
    if any(_differs(row, seen) for row, seen in zip(rows, found, strict=True)):
        raise ScenarioError(_difference(columns, rows, found))
    if user is None:
        raise ValueError("the table has no rows")
    return user


def failed_examples(policy: Policy, source: Source) -> list[Problem]:
    """The examples of the policy that fail; `source` is its text as `read` gives it."""
    problems = []
    for number, example in enumerate(policy.spec.examples):
        try:
            scenario(policy, example.table)
        except (ScenarioError, ValueError) as error:
            message = f'example "{example.example}": {error}'
            problems.append(source.problem(("examples", number), message))
    return problems


def read_table(table: str, *more: str) -> tuple[list[str], list[Row]]:
    """The columns of a scenario table and its rows; `more` are columns that only the caller understands.

    Raises ValueError, with the row, if it cannot be read.
    """
    lines = [_GAP.split(line.strip()) for line in table.splitlines() if line.strip()]
    columns, *body = lines or [[]]
    unknown = [name for name in columns if name not in (*_INPUT, *_OBSERVED, *more)]
    if columns[:2] != ["time", "event"] or unknown:
        expected = ", ".join((*_INPUT, *_OBSERVED, *more))
        raise ValueError(
            f"a table begins with the columns time and event; it knows {expected}; found {columns}"
        )
    return columns, [
        _row(dict(zip(columns, cells, strict=False)), number) for number, cells in enumerate(body, 1)
    ]


def _row(cells: dict[str, str], number: int) -> Row:
    try:
        what = _input(cells, number)
        if cells.get("effective", "-") != "-":
            cells["effective"] = ", ".join(
                _short(parse_instant(part)) for part in cells["effective"].split(", ")
            )
    except ValueError as error:
        raise ValueError(f"row {number} ({cells}): {error}") from error
    return Row(what, cells)


def _input(cells: dict[str, str], number: int) -> Event | Tick:
    text = cells.get("event", "-")
    if text == "-":
        return tick(cells["time"])
    parts = _EVENT.fullmatch(text)
    if parts is None:
        raise ValueError(f"{text!r} is no event: expected a name, and properties in braces")
    event_id, traits = cells.get("id", f"row {number}"), _mapping(cells.get("traits"))
    return event(cells["time"], parts["name"], event_id, traits=traits, **_mapping(parts["properties"]))


def _mapping(text: str | None) -> dict[str, Any]:
    """What stands in braces; nothing where there is nothing."""
    if text is None or text == "-":
        return {}
    source = read(text, "properties")
    if isinstance(source.value, dict) and not source.problems:
        return source.value
    raise ValueError(f"{text} cannot be read: expected names and values in braces, such as {{plan: pro}}")


def _short(at_ms: int) -> str:
    """The instant without the zeros at its end (`2026-01-01`, `2026-01-01 10:05`)."""
    text = format_instant(at_ms).rstrip("Z").replace("T", " ")
    return text.removesuffix(".000").removesuffix(":00").removesuffix(" 00:00")


def _move(transition: Transition) -> str:
    if transition.kind == "stage.changed":
        return f"{transition.from_stage or ''}>{transition.to_stage}"
    sign = "+" if transition.kind == "segment.entered" else "-"
    return f"{sign}{transition.segment}"


def _each_once(parts: Iterable[str]) -> str:
    return ", ".join(dict.fromkeys(parts)) or "-"


_OBSERVED: dict[str, Callable[[Policy, Step, dict[str, int]], str]] = {
    "stage": lambda policy, step, _: policy.stage_of(step.user),
    "segments": lambda policy, step, _: _each_once(policy.segments_of(step.user)),
    "moves": lambda _, step, __: " ".join(_move(transition) for transition in step.transitions) or "-",
    "cause": lambda _, step, __: _each_once(transition.cause for transition in step.transitions),
    "effective": lambda _, step, __: _each_once(_short(move.effective_at) for move in step.transitions),
    "corrects": lambda _, step, sequences: _each_once(
        str(sequences[withdrawn]) for move in step.transitions for withdrawn in move.corrects
    ),
    "drop": lambda _, step, __: step.drop or "-",
}
"""By column, what was found after a step."""


def _differs(row: Row, found: dict[str, str]) -> bool:
    return any(row.cells[name] != seen for name, seen in found.items() if name in row.cells)


def _difference(columns: list[str], rows: list[Row], found: list[dict[str, str]]) -> str:
    """All rows as a table; a row that differs stands there twice."""
    lines: list[list[str]] = [["", *columns]]
    for row, seen in zip(rows, found, strict=True):
        expected = [row.cells.get(name, "") for name in columns]
        if not _differs(row, seen):
            lines.append(["", *expected])
            continue
        lines.append(["expected", *expected])
        lines.append(["found", *(seen.get(name, row.cells.get(name, "")) for name in columns)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(columns) + 1)]
    text = "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
    return f"the policy does something else than the table expects\n{text}"
