"""Tables of counts, as the commands print them."""

from __future__ import annotations

from collections.abc import Iterable

from rich.table import Table

from stage_models.policy.compile import Policy
from stage_models.user import User


def counts(title: str, rows: dict[str, int], what: str) -> Table:
    """A table of names and how many."""
    table = Table(title=title, title_justify="left")
    table.add_column(what)
    table.add_column("number", justify="right")
    for name, number in rows.items():
        table.add_row(name, f"{number:,}")
    return table


def places(policy: Policy, users: Iterable[User]) -> dict[str, int]:
    """How many users are in each stage and each segment, in the policy's order."""
    numbers = dict.fromkeys((*(stage.name for stage in policy.stages), *_segment_names(policy)), 0)
    for user in users:
        numbers[policy.stage_of(user)] += 1
        for name in policy.segments_of(user):
            numbers[name] += 1
    return numbers


def _segment_names(policy: Policy) -> list[str]:
    return [segment.name for segment in policy.segments]
