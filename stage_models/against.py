"""against: what is wrong with a policy as the next version of another, each with its place in the file."""

from __future__ import annotations

from collections.abc import Iterator

from stage_models.policy.compile import Policy
from stage_models.policy.problems import Problem
from stage_models.policy.source import Path, Source
from stage_models.policy_change import PolicyChange


def problems_against(old: Policy, policy: Policy, source: Source) -> list[Problem]:
    """Why a worker would refuse the policy where users were judged by the old one; [] if it would not."""
    if policy.fingerprint == old.fingerprint:
        return []
    problems = []
    if policy.name != old.name:
        problems.append(
            source.problem(
                ("policy",),
                "a policy keeps its name",
                old.name,
                policy.name,
                "a policy of another name is another deployment, with its own app id",
            )
        )
    if policy.version <= old.version:
        problems.append(
            source.problem(
                ("version",),
                "the version did not grow",
                f"{old.version + 1} or more",
                str(policy.version),
                f"version: {old.version + 1}",
            )
        )
    sentences = dict(_sentences(policy))
    anew = PolicyChange(old.shape, policy).starts_anew
    return problems + [
        source.problem(
            _path(policy, place),
            "this rule asks what was not remembered",
            f"what a rule of version {old.version} asks: its events, filter, window and zone, and no more of them",
            sentences[place],
            "stagestream rebuild replays the history; worker --start-from-now goes on without it",
        )
        for place in anew
    ]


def _path(policy: Policy, place: str) -> Path:
    """The way in the file to a rule's place in the policy, such as ladder.power.when.all.0."""
    part, name, *rest = place.split(".")
    names = policy.shape.stages if part == "ladder" else policy.shape.segments
    return (part, names.index(name), *(int(key) if key.isdigit() else key for key in rest))


def _sentences(policy: Policy) -> Iterator[tuple[str, str]]:
    """Place and sentence of every rule and every part of one."""
    asked = [one for rule in policy.latches for one in (rule.when, rule.until) if one is not None]
    for condition in asked:
        yield condition.place, condition.sentence
        asked.extend(condition.parts)
