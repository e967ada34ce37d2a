"""explain: one user's history, why he is where he is, why not elsewhere, and what comes next."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Annotated, Literal, NamedTuple

import typer
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from stage_models.events import Event
from stage_models.explain import Answer, Explanation, Membership
from stage_models.explain import explain as explain_user
from stage_models.policy.compile import Policy
from stage_models.transitions import Transition
from streams import settings as all_settings
from streams.cli.loading import EventsOption, MoreEvents, PolicyOption, instant, load_policy
from streams.codec.explanations import encode_explanation
from streams.event_files import FileError, Line, read_lines
from streams.history import History
from streams.words import answered, as_read, figure, headline, moment, question, why

_COLOURS = {"yes": "green", "no": "red", "undecided": "yellow"}


class Entry(NamedTuple):
    """One line of a user's history: an event, a move, or both."""

    at_ms: int
    event: Event | None
    move: Transition | None


def explain(
    events: EventsOption,
    user: Annotated[str, typer.Option(help="Whose history: the user id.")],
    more_events: MoreEvents = None,
    policy: PolicyOption = None,
    at: Annotated[
        str | None, typer.Option(help="Explain this moment. Default: the newest event of all.")
    ] = None,
    form: Annotated[
        Literal["text", "json"],
        typer.Option("--format", help="json: without the history; the same document as a worker's page."),
    ] = "text",
) -> None:
    """Show a user's history, why he is in this stage and these segments, why not in others, what comes next.

    For example:
        stagestream explain --policy retail --events orders.jsonl.gz --user u_123

        stagestream explain --policy retail --events orders.jsonl.gz --user u_123 --at 2017-06-01

        stagestream explain --policy retail --events orders.jsonl.gz --user u_123 --format json | jq .stage
    """
    settings = all_settings.load()
    chosen = load_policy(policy, settings)
    history = History(chosen, settings.input)
    end_ms, entries = _history(
        history, read_lines([*events, *(more_events or [])]), user.encode(), instant(at)
    )
    if user not in history.users:
        raise FileError(f"no event of user {user} was applied\n{chr(10).join(history.mistakes)}".rstrip())
    explanation = explain_user(chosen, history.users[user], end_ms)
    if form == "json":
        typer.echo(encode_explanation(chosen.ref, explanation), nl=False)
        return
    Console(highlight=False).print(
        Group(
            _history_table(user, entries, chosen),
            _headline(explanation),
            *(_membership(explanation, it) for it in explanation.memberships if it.is_on),
            *(_membership(explanation, it) for it in explanation.memberships if not it.is_on),
            _next_table(explanation),
        )
    )


def _history(
    history: History, lines: Iterable[Line], key: bytes, end_ms: int | None
) -> tuple[int, list[Entry]]:
    """The moment to explain, and the user's history up to then; of other lines only the time is looked at."""
    entries: list[Entry] = []
    newest_ms = 0
    for line in lines:
        if end_ms is not None and line.time_ms > end_ms:
            continue
        newest_ms = max(newest_ms, line.time_ms)
        if line.key == key:
            entries += _applied(history, line)
    at_ms = newest_ms if end_ms is None else end_ms
    entries += [Entry(move.effective_at, None, move) for move in history.finish(at_ms)]
    return at_ms, entries


def _applied(history: History, line: Line) -> Iterator[Entry]:
    event = history.decode(line)
    moves = history.feed(line)
    for move in moves:
        if move.cause == "time":
            yield Entry(move.effective_at, None, move)
    if isinstance(event, Event):
        own = [move for move in moves if move.cause != "time"]
        yield Entry(event.occurred_at, event, own[0] if own else None)
        yield from (Entry(move.effective_at, None, move) for move in own[1:])


def _history_table(user: str, entries: list[Entry], policy: Policy) -> Table:
    """Events and moves; events that moved nothing and follow each other take one row."""
    table = Table(
        title=f"History of {user} under {policy.name}, version {policy.version}", title_justify="left"
    )
    table.add_column("time", no_wrap=True)
    table.add_column("event")
    table.add_column("move")
    table.add_column("why")
    quiet: list[Entry] = []
    for entry in entries:
        if entry.move is None:
            quiet.append(entry)
            continue
        _add_quiet(table, quiet)
        quiet = []
        name = (entry.event.name or entry.event.kind) if entry.event else ""
        move = as_read(entry.move)
        table.add_row(moment(entry.at_ms), Text(name), Text(headline(move, with_user=False)), Text(why(move)))
    _add_quiet(table, quiet)
    return table


def _add_quiet(table: Table, quiet: list[Entry]) -> None:
    if not quiet:
        return
    names = Text(
        ", ".join(dict.fromkeys(e.event.name or e.event.kind for e in quiet if e.event)), style="dim"
    )
    many = f" ({len(quiet)} events to {moment(quiet[-1].at_ms)})" if len(quiet) > 1 else ""
    table.add_row(Text(moment(quiet[0].at_ms), style="dim"), names.append(many), "", "")


def _headline(explanation: Explanation) -> Text:
    segments = ", ".join(explanation.segments) or "none"
    return Text(
        f"\nAt {moment(explanation.at)}: stage {explanation.stage} since"
        f" {moment(explanation.stage_since)}; highest stage {explanation.highest_stage};"
        f" segments: {segments}\n",
        style="bold",
    )


def _membership(explanation: Explanation, membership: Membership) -> Tree:
    label = Text.assemble(
        question(explanation, membership), f" {membership.kind} ", (membership.name, "bold")
    )
    if membership.since is not None:
        label.append(f" ({'on' if membership.is_on else 'off'} since {moment(membership.since)})")
    if membership.held_until is not None:
        label.append(f", held until {moment(membership.held_until)}")
    tree = Tree(label)
    if membership.when is None:
        tree.add("the first stage always holds")
        return tree
    _add_answer(tree, "when", membership.when)
    if membership.until is not None:
        _add_answer(tree, "until", membership.until)
    return tree


def _add_answer(tree: Tree, key: str, answer: Answer) -> None:
    """An answer and its parts; `key` says what it is there for."""
    branch = tree.add(Text.assemble(f"{key}: " if key else "", _answer_text(answer)))
    for part in answer.parts:
        _add_answer(branch, "", part)


def _answer_text(answer: Answer) -> Text:
    word = answered(answer)
    text = Text.assemble((word, _COLOURS[word]), "  ", answer.condition)
    if not answer.parts:
        text.append(
            f"  observed {figure(answer.observed)}, threshold {figure(answer.threshold)}", style="dim"
        )
        if answer.missing is not None:
            text.append(f", {figure(answer.missing)} missing", style="dim")
    if answer.next_change is not None:
        text.append(f"; may change {moment(answer.next_change)}", style="dim")
    return text


def _next_table(explanation: Explanation) -> Table:
    table = Table(title="If nothing happens", title_justify="left")
    table.add_column("time", no_wrap=True)
    table.add_column("move")
    table.add_column("why")
    for transition in explanation.next:
        move = as_read(transition)
        table.add_row(moment(transition.effective_at), Text(headline(move, with_user=False)), Text(why(move)))
    if not explanation.next:
        table.add_row("-", "nothing changes", "")
    return table
