"""Merging: two users turn out to be one person. What is remembered about both becomes what would be remembered had one
user seen the events of both.

That is exact below the caps, as far as both still have what counts: an anchor of the one that is older than the anchor
of the other by more than the allowed lateness finds only what is kept, as does a step of a sequence.
"""

from __future__ import annotations

from stage_models.policy.compile import Policy
from stage_models.user import Gap, User


def merge_facts(policy: Policy, user: User, other: User) -> None:
    """Take into `user` all that is remembered about the other. Both must be users of this policy; the other must not be
    used again. Nobody is judged: where the user is stays as it was.
    """
    user.first_seen = min(user.first_seen, other.first_seen)
    for fact in policy.facts:  # anchors stand before what is counted from them
        if other.facts[fact.index]:
            fact.merge(user, other)
    for index, theirs in other.incomplete.items():
        ours = user.incomplete.get(index, theirs)
        user.incomplete[index] = Gap(max(ours.before, theirs.before), min(ours.depth, theirs.depth))
    user.keep_ids_of(other)
    user.group = max((group for group in (user.group, other.group) if group is not None), default=None)
    for channel, value in other.consent.items():
        user.consent[channel] = max(value, user.consent.get(channel, value))
