"""Whether our policy may go on from what another wrote, and how: the policy changes of a recovered partition."""

from __future__ import annotations

from typing import NamedTuple, NoReturn

from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.shape import Shape
from stage_models.user import shape_of
from streams.codec.stored import Position
from streams.engine import failure
from streams.engine.recovery import Recovered

_MOST_SHOWN = 10

Changes = dict[bytes, PolicyChange]
"""By the shape id that users written under another policy have in their header."""


def changes_to(policy: Policy, number: int, state: Recovered, *, start_from_now: bool) -> Changes:
    """How each other shape among the users becomes ours. Ends the worker where that must not be.

    That is: another policy's name, a version higher than ours or the same with another text, and facts that would start
    anew, unless `start_from_now` says so.
    """
    quarantined: set[str] = set()  # nobody judges them
    if (record := state.position) is not None:
        _ensure_follows(policy, number, record)
        quarantined.update(record.quarantined)
    changes = {}
    judged = (stored for user_id, stored in state.users.items() if user_id not in quarantined)
    for shape_id in {shape_of(stored) for stored in judged} - {policy.shape.id}:
        shape = state.shapes.get(shape_id)
        if shape is None:
            hint = "the changelog must keep every record of a shape: is its cleanup.policy compact alone?"
            _refuse(policy, number, f"users of an unknown shape, {shape_id.hex()}", hint)
        _ensure_follows(policy, number, shape)
        changes[shape_id] = change = PolicyChange(shape, policy)
        if (anew := change.starts_anew) and not start_from_now:
            _refuse_anew(policy, number, shape.version, anew)
    return changes


class Objection(NamedTuple):
    """Why a policy may not judge users whom another one has judged: what was found, and what to try."""

    found: str
    hint: str


def objection(policy: Policy, judged_by: Position | Shape) -> Objection | None:
    """What speaks against the policy as the next to judge; None if nothing does."""
    if judged_by.policy != policy.name:
        hint = "a policy keeps its name; give another one its own app id and topic prefix"
        return Objection(f'policy "{judged_by.policy}"', hint)
    if judged_by.version > policy.version:
        hint = "to go back, publish the earlier text under a higher version"
        return Objection(f"version {judged_by.version}", hint)
    if judged_by.version == policy.version and judged_by.fingerprint != policy.fingerprint:
        found = f"version {judged_by.version} with another text, fingerprint {judged_by.fingerprint}"
        return Objection(found, f"give the changed policy a higher version, {policy.version + 1} or more")
    return None


def _ensure_follows(policy: Policy, number: int, judged_by: Position | Shape) -> None:
    if (against := objection(policy, judged_by)) is not None:
        _refuse(policy, number, against.found, against.hint)


def _refuse(policy: Policy, number: int, found: str, hint: str) -> NoReturn:
    failure.die(
        "the stored users were judged by a policy that this one must not follow",
        partition=number,
        expected=f'policy "{policy.name}", version {policy.version} or lower, fingerprint {policy.fingerprint}',
        found=found,
        hint=hint,
    )


def _refuse_anew(policy: Policy, number: int, version: int, anew: list[str]) -> NoReturn:
    failure.die(
        "the policy asks what was not remembered, so it would be undecided for all users that are known",
        partition=number,
        expected=f"version {policy.version} asks only what version {version} remembered",
        found=anew[:_MOST_SHOWN],
        hint="stagestream rebuild replays the input; worker --start-from-now goes on without what was",
    )
