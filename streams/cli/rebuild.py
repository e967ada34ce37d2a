"""rebuild: replay the history under a policy that changed, and tell only what differs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, BinaryIO

import typer
from rich.console import Console

from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.transitions import Transition
from streams import settings as all_settings
from streams.cli.loading import PolicyOption, load_policy
from streams.cli.produce import progress_bar
from streams.cli.tables import counts
from streams.codec.transitions import encode_transition
from streams.differences import Differences
from streams.event_files import read_lines
from streams.history import History
from streams.settings import Settings
from streams.words import as_read, headline, moment, why


def rebuild(
    policy: PolicyOption = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be told; write nothing. Workers may run.")
    ] = False,
    archive: Annotated[
        list[Path] | None,
        typer.Option(help="Events that came before the input topic begins, one JSON object a line."),
    ] = None,
    events: Annotated[
        list[Path] | None,
        typer.Option(
            help="Without Kafka: the whole history, judged by OLD and by the policy. Needs --against."
        ),
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="OLD", help="Without Kafka: the policy that was told so far.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Where every difference goes, one transition a line.")
    ] = None,
) -> None:
    """Replay the history under a policy that changed: every user gets the state that it would have given him, and only
    the differences to what was told go out, cause `policy`.

    Stop the workers first, rebuild, and start them with the new policy. Look at --dry-run before.

    For example:
        stagestream rebuild --policy new.yaml --dry-run --out differences.jsonl

        stagestream rebuild --policy new.yaml

        stagestream rebuild --policy new.yaml --against running.yaml --events history.jsonl.gz
    """
    settings = all_settings.load()
    chosen = load_policy(policy, settings)
    if (events is None) != (against is None):
        raise typer.BadParameter("--events and --against belong together")
    console = Console(stderr=True)
    with _opened(out) as tell:
        if events is not None:
            found = _of_files(chosen, load_policy(against, settings), settings, events, console, tell)
        else:
            found = _of_topic(chosen, settings, archive or [], console, tell, is_dry=dry_run)
    _print(console, chosen, found)
    if dry_run or events is not None:
        console.print("nothing was written")


class _Told:
    """Takes the differences; the file, if there is one, gets them as the topic would."""

    def __init__(self, file: BinaryIO | None) -> None:
        self._file = file

    def __call__(self, transition: Transition) -> None:
        if self._file is not None:
            self._file.write(encode_transition(transition, transition.effective_at, replay=True) + b"\n")


@contextmanager
def _opened(path: Path | None) -> Iterator[_Told]:
    if path is None:
        yield _Told(None)
        return
    with path.open("wb") as file:
        yield _Told(file)


def _of_topic(
    policy: Policy, settings: Settings, archive: list[Path], console: Console, tell: _Told, *, is_dry: bool
) -> Differences:
    from streams.engine.rebuild import Rebuild  # noqa: PLC0415 -- the engine takes long to load

    with progress_bar(console) as bar:
        tasks = {}

        def observe(what: str, done: int, total: int) -> None:
            if what not in tasks:
                tasks[what] = bar.add_task(what, total=total)
            bar.update(tasks[what], completed=done, total=total)

        return Rebuild(settings, policy, archive, observe, tell).run(is_dry=is_dry)


def _of_files(
    policy: Policy, old: Policy, settings: Settings, events: list[Path], console: Console, tell: _Told
) -> Differences:
    told, fresh = History(old, settings.input), History(policy, settings.input)
    with console.status("judging the history twice"):
        for line in read_lines(events):
            told.feed(line)
            fresh.feed(line)
        told.finish()
        fresh.finish()
    found, change = Differences(), PolicyChange(old.shape, policy)
    for user_id in {**told.users, **fresh.users}:
        before, after = told.users.get(user_id), fresh.users.get(user_id)
        if after is not None:
            step = change.replace(before, after)
            found.note(step.transitions)
            for transition in step.transitions:
                tell(transition)
    return found


def _print(console: Console, policy: Policy, found: Differences) -> None:
    rows = {"users": found.users, "of them move": found.moved, "transitions": found.transitions}
    if found.without_history:
        rows["users without history, as they were"] = found.without_history
    happenings = dict(sorted(found.kinds.items(), key=lambda one: -one[1]))
    console.print(counts(f"policy {policy.name}, version {policy.version}", rows | happenings, "what"))
    for transition in found.examples:
        move = as_read(transition)
        console.print(
            f"{moment(move.effective_at)}  {headline(move)}  {why(move)}", highlight=False, soft_wrap=True
        )
