"""Differences: what a policy change would tell, or has told, counted and with a few examples."""

from __future__ import annotations

from collections import Counter

from stage_models.transitions import Transition

_EXAMPLES = 5


class Differences:
    """What a rebuild finds, user by user."""

    def __init__(self) -> None:
        self.users = 0
        self.moved = 0  # of them
        self.without_history = 0  # of them: known to us, but not in the history
        self.transitions = 0
        self.kinds: Counter[str] = Counter()  # what happens, in words -> how often
        self.examples: list[Transition] = []

    def note(self, transitions: list[Transition], *, has_history: bool = True) -> None:
        """One more user, and what is told of him."""
        self.users += 1
        self.without_history += not has_history
        self.moved += bool(transitions)
        self.transitions += len(transitions)
        for one in transitions:
            self.kinds[_happening(one)] += 1
        if transitions and len(self.examples) < _EXAMPLES:
            self.examples.append(transitions[0])


def _happening(one: Transition) -> str:
    if one.kind == "stage.changed":
        return f"{one.from_stage or 'new'} → {one.to_stage}"
    return f"{'enters' if one.kind == 'segment.entered' else 'leaves'} {one.segment}"
