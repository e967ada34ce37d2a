"""A policy change: a user who was judged by another policy is made one of ours and judged once, cause `policy`.

What both policies know by the same name or key, he keeps: stages, segments, and the facts of rules that stayed. What
ours alone asks starts empty, or as deep as it was kept; for him it is complete from then on only (`User.incomplete`),
and what rests on what came before is undecided. What ours no longer has, he leaves.

Dues that lie before `until`, to which time had come under the other policy, are judged with the same cause: it is the
edit that moves him, not time.
"""

from __future__ import annotations

from stage_models.advance import Step, pass_dues
from stage_models.ladder import EVERYTHING, judge, move_out
from stage_models.policy.compile import LatchRule, Policy
from stage_models.shape import Shape
from stage_models.telling import Before, Gone, Turn, place_of, tell
from stage_models.transitions import Transition
from stage_models.user import Facts, Gap, Latch, Move, User


class PolicyChange:
    """The way from users of one shape to those of a policy."""

    def __init__(self, old: Shape, policy: Policy) -> None:
        self.old = old
        self.policy = policy
        places = {fact.key: (index, fact.depth) for index, fact in enumerate(old.facts)}
        self._facts = [(fact, *places.get(fact.shape.key, (None, 0))) for fact in policy.facts]
        self._latches = _places_of(policy.shape.stages[1:], old.stages[1:]) + [
            None if place is None else len(old.stages) - 1 + place
            for place in _places_of(policy.shape.segments, old.segments)
        ]
        self._is_same = old.fingerprint == policy.fingerprint

    @property
    def starts_anew(self) -> list[str]:
        """Where the policy asks what was not kept from the beginning: the places of its rules; [] if nowhere."""
        anew: set[str] = set()
        for stage, asking in self.policy.stages_left.items():
            name = self.policy.stages[stage].name
            anew |= asking if name in self.old.stages and name not in self.old.left else set()
        for fact, held, depth in self._facts:
            anew |= {place for place, asked in fact.places.items() if held is None or asked > depth}
        return sorted(anew)

    def adopt(self, user: User, until: int) -> Step:
        """Make the user, decoded from the old shape, one of the policy's, changing him in place, and judge him at his
        clock and at each due before `until`.

        Under the same policy, whose shape differs with the version of Stagestream, nothing is judged.
        """
        gone = self._move_in(user)
        transitions: list[Transition] = []
        if not self._is_same:
            transitions += judge(self.policy, user, user.clock, "policy", None, EVERYTHING, gone)[1]
            pass_dues(self.policy, user, until, "policy", transitions)
        elif user.incomplete:
            user.due = user.clock  # when what is undecided now will be decided is known to the next tick
        return Step(user, transitions, is_changed=True)

    def replace(self, told: User | None, fresh: User) -> Step:
        """Put a user whom the policy made of the whole history in the place of the one of whom the world was told (None:
        nobody), and tell the differences, cause `policy`, at the newer of their clocks. Changes both in place.

        The sequence goes on; what was never told is corrected by no later event. Where the history is behind what was
        told, time acts on the fresh user until there.
        """
        if told is None:
            told, gone = self.policy.new_user(fresh.id), None
            before: Before | None = Before(None, -1, 0, 0, is_lapsed=False)
        else:
            gone = self._move_in(told)
            before = gone.stage or place_of(self.policy, told)
            pass_dues(self.policy, fresh, told.clock + 1, "policy", [])
        stages = self._turns(told, fresh, self.policy.stage_latches)
        segments = self._turns(told, fresh, self.policy.segment_latches)
        if told.stage == fresh.stage:
            before = None
        _go_on(told, fresh)
        lost = gone is not None and gone.segments
        transitions: list[Transition] = []
        if before or segments or lost:
            transitions = tell(
                self.policy, fresh, fresh.clock, "policy", None, before, stages, segments, gone
            )
        return Step(fresh, transitions, is_changed=True)

    def _turns(self, told: User, fresh: User, rules: list[LatchRule]) -> list[Turn]:
        """The latches that are on for one of them only."""
        turns = []
        for rule in rules:
            if (told.on ^ fresh.on) >> rule.index & 1:
                was, now = told.latches.get(rule.index), fresh.latches.get(rule.index)
                turns.append(Turn(rule, was, now or Latch(0), is_on=rule.is_on(fresh)))
        return turns

    def take_over(self, user: User) -> Step:
        """Make the user one of the policy's and tell what of his is gone, asking no rule; for one in whom a rule raises an
        error. He is due at once.
        """
        gone = self._move_in(user)
        user.due = user.clock
        return Step(user, move_out(self.policy, user, user.clock, gone), is_changed=True)

    def _move_in(self, user: User) -> Gone:
        gone = Gone(self._lost_stage(user), self._lost_segments(user))
        user.on, user.latches = self._kept_latches(user)
        user.facts, user.incomplete = self._kept_facts(user)
        self._keep_stages(user)
        return gone

    def _lost_segments(self, user: User) -> list[tuple[str, int]]:
        first, lost = len(self.old.stages) - 1, []
        for number, name in enumerate(self.old.segments):
            is_on = user.on >> first + number & 1
            if is_on and name not in self.policy.shape.segments:
                lost.append((name, user.latches[first + number].began))
        return lost

    def _lost_stage(self, user: User) -> Before | None:
        name, stages = self.old.stages[user.stage], self.policy.shape.stages
        if name in stages:
            return None
        place = sum(kept in stages for kept in self.old.stages[: user.stage]) - 0.5
        return Before(name, place, user.stage_since, 0, is_lapsed=name in self.old.lapsed)

    def _kept_latches(self, user: User) -> tuple[int, dict[int, Latch]]:
        on, latches = 0, {}
        for place, held in enumerate(self._latches):
            if held is not None and (latch := user.latches.get(held)) is not None:
                on |= (user.on >> held & 1) << place
                latches[place] = latch
        return on, latches

    def _kept_facts(self, user: User) -> tuple[Facts, dict[int, Gap]]:
        facts = Facts()
        incomplete: dict[int, Gap] = {}
        for fact, held, depth in self._facts:
            if held is None:
                incomplete[fact.index] = Gap(user.clock + 1, 0)
                continue
            state, gap = user.facts[held], user.incomplete.get(held)
            if depth < fact.depth and (whole_from := fact.whole_from(state, depth)) is not None:
                gap = (
                    Gap(max(gap.before, whole_from), min(gap.depth, depth)) if gap else Gap(whole_from, depth)
                )
            if gap is not None:
                incomplete[fact.index] = gap
            if held in user.facts:
                facts[fact.index] = state
        return facts, incomplete

    def _keep_stages(self, user: User) -> None:
        """Stages by their place in our ladder; -1 for one that it does not have."""
        ours = {name: index for index, name in enumerate(self.policy.shape.stages)}
        place = [ours.get(name, -1) for name in self.old.stages]
        user.visited = sum(1 << at for stage, at in enumerate(place) if at >= 0 and user.visited >> stage & 1)
        user.highest = max(
            (
                stage
                for stage in ours.values()
                if user.visited >> stage & 1 and not self.policy.stages[stage].is_lapsed
            ),
            default=0,
        )
        user.stage = place[user.stage]
        known = {place[stage]: at for stage, at in user.left.items()}
        user.left = {
            stage: known.get(stage, -user.clock)
            for stage in self.policy.stages_left
            if user.visited >> stage & 1 and (stage in known or stage != user.stage)
        }
        run = [
            Move(move.sequence, place[move.from_stage], place[move.to_stage], move.at) for move in user.run
        ]
        user.run = [] if any(min(move.from_stage, move.to_stage) < 0 for move in run) else run


def _places_of(names: list[str], among: list[str]) -> list[int | None]:
    places = {name: place for place, name in enumerate(among)}
    return [places.get(name) for name in names]


def _go_on(told: User, fresh: User) -> None:
    """Let the fresh user go on where the other was: with his sequence, and what is known of what was told."""
    fresh.sequence, fresh.epoch, fresh.incarnation = told.sequence, told.epoch, told.incarnation + 1
    fresh.offset = max(told.offset, fresh.offset)
    is_where_he_was = (told.stage, told.stage_since) == (fresh.stage, fresh.stage_since)
    fresh.run = told.run if is_where_he_was else []
    if told.clock > fresh.clock:
        fresh.clock, fresh.is_due_judged = told.clock, told.is_due_judged
    elif told.clock == fresh.clock:
        fresh.is_due_judged |= told.is_due_judged
    for index, now in fresh.latches.items():
        was = told.latches.get(index)
        is_known = was is not None and was.began == now.began
        now.began_sequence = was.began_sequence if was and is_known else 0
        now.began_by_time = bool(was and is_known and was.began_by_time)
        is_known = was is not None and was.ended == now.ended
        now.ended_sequence = was.ended_sequence if was and is_known else 0
        now.ended_by_time = bool(was and is_known and was.ended_by_time)
