"""Whether our policy may go on from what another wrote, and how: the policy changes of a recovered partition."""

from __future__ import annotations

from typing import NoReturn

from stage_models.policy.compile import Policy
from stage_models.policy_change import PolicyChange
from stage_models.user import shape_of
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
        _ensure_follows(policy, number, record.policy, record.version, record.fingerprint)
        quarantined.update(record.quarantined)
    changes = {}
    judged = (stored for user_id, stored in state.users.items() if user_id not in quarantined)
    for shape_id in {shape_of(stored) for stored in judged} - {policy.shape.id}:
        shape = state.shapes.get(shape_id)
        if shape is None:
            hint = "the changelog must keep every record of a shape: is its cleanup.policy compact alone?"
            _refuse(policy, number, f"users of an unknown shape, {shape_id.hex()}", hint)
        _ensure_follows(policy, number, shape.policy, shape.version, shape.fingerprint)
        changes[shape_id] = change = PolicyChange(shape, policy)
        if (anew := change.starts_anew) and not start_from_now:
            _refuse_anew(policy, number, shape.version, anew)
    return changes


def _ensure_follows(policy: Policy, number: int, name: str, version: int, fingerprint: str) -> None:
    if name != policy.name:
        hint = "a policy keeps its name; give another one its own app id and topic prefix"
        _refuse(policy, number, f'policy "{name}"', hint)
    if version > policy.version:
        hint = "to go back, publish the earlier text under a higher version"
        _refuse(policy, number, f"version {version}", hint)
    if version == policy.version and fingerprint != policy.fingerprint:
        hint = "give the changed policy a higher version"
        _refuse(policy, number, f"version {version} with another text, fingerprint {fingerprint}", hint)


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
