"""Random policies: every rule type, nested, with small thresholds and few durations, so that edges meet.

All durations of a policy come from a small pool of its own; so windows end together, stays end where windows
end, and histories (histories.py) can place events exactly on the edges.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, timedelta
from random import Random
from typing import Any, get_args

from stage_models.conditions import RULES
from stage_models.terms import EventSetSpec

Rule = dict[str, Any]

NAMES = ["Alpha", "Beta Sent", "gamma_done", "Delta"]
SETS: dict[str, Any] = {
    "alpha": ["Alpha"],
    "both": ["Alpha", "Beta Sent"],
    "activity": {"any": True, "except": ["Delta"]},
    "large": {"event": ["Beta Sent", "gamma_done"], "where": {"amount": {"above": 5}}},
}
EVENTS: list[Any] = ["alpha", "both", "activity", "large", "Alpha", "Beta Sent", {"event": "gamma_done"}]
WHERES: list[dict[str, Any]] = [
    {"amount": {"above": 5}},
    {"amount": {"at_least": 0.3, "below": 20}},
    {"plan.kind": {"is": "pro"}},
    {"plan.kind": {"in": ["pro", "team"]}},
    {"amount": {"at_most": 5}, "plan.kind": {"starts_with": "t"}},
    {"coupon": {"exists": False}, "plan.kind": {"is_not": "free"}},
    {"coupon": {"not_in": ["spring", "autumn"]}},
    {"coupon": {"starts_with": "sp"}},
    {"tags": {"contains": "new"}},
]
ZONES = {  # with a day near which the local clock does something odd
    "UTC": "2024-02-28",
    "Europe/Berlin": "2024-03-30",
    "America/New_York": "2024-11-02",
    "America/Sao_Paulo": "2018-11-03",  # 4 November has no midnight
    "America/Havana": "2024-11-02",  # 3 November has two
    "Australia/Lord_Howe": "2024-04-06",  # half an hour
    "Pacific/Apia": "2011-12-28",  # 30 December is skipped
}
SCALES = [
    ["5 minutes", "30 minutes", "1 hour", "2 hours"],
    ["1 hour", "6 hours", "24 hours", "36 hours"],
    ["12 hours", "1 day", "2 days", "P7D"],
    ["1 day", "3 days", "1 week", "2 weeks"],
    ["48 hours", "60 hours", "3 days", "84 hours"],  # so near that a late event takes back several moves
]
WHOLE_DAYS = ["1 day", "2 days", "3 days", "7 days"]
TRAITS: dict[str, list[Any]] = {  # with the values that events give them
    "plan": ["free", "pro", "team", None],
    "seats": [1, 3, 9.99, 10, 10.01, 40, "many", None],
    "is_vip": [True, False, None],
}
TRAIT_RULES: list[Rule] = [
    {"trait": "plan", "is": "pro"},
    {"trait": "plan", "is_not": "free"},
    {"trait": "plan", "in": ["pro", "team"]},
    {"trait": "plan", "exists": False},
    {"trait": "seats", "at_least": 10},
    {"trait": "seats", "at_most": 10},
    {"trait": "seats", "above": 1, "below": 10.01},
    {"trait": "seats", "exists": True},
    {"trait": "is_vip", "is": True},
    {"trait": "is_vip", "is_not": True},
]
MODELS = {rule.KEY: rule for rule in RULES}
FIGURES: tuple[str, ...] = get_args(MODELS["total"].model_fields["as_"].annotation)
CAN_BE_DURING = "during" in EventSetSpec.model_fields


@dataclass
class Maker:
    """Draws the rules of one policy."""

    random: Random
    durations: list[str]
    stages: list[str]  # that `reached` may name
    kinds: list[str]
    has_anchors: bool  # `since` in windows: then late events must come within the allowed lateness
    depth: int  # of combinations
    holding: float  # share of latches with a minimum stay or a cool-down
    zone: str = "UTC"
    segments: list[str] | None = field(default=None)  # that `segment` may name; None: a stage's rule

    def chance(self, share: float) -> bool:
        return self.random.random() < share

    def duration(self) -> str:
        return self.random.choice(self.durations)

    def rule(self, depth: int) -> Rule:
        """A rule: a leaf, or a combination of rules."""
        if depth == 0 or self.chance(0.5):
            return self.leaf()
        kind = self.random.choice(["all", "any", "not"])
        if kind == "not":
            return {"not": self.rule(depth - 1)}
        return {kind: [self.rule(depth - 1) for _ in range(self.random.randint(2, 3))]}

    def leaf(self) -> Rule:
        kind = self.random.choice(self.kinds)
        if not self.may_ask(kind):
            kind = "performed"
        leaf: Rule = getattr(self, kind)()
        return leaf

    def may_ask(self, kind: str) -> bool:
        """Whether the ladder, as far as it stands, has what a rule of this kind may name."""
        if kind == "stage":
            return self.segments is not None
        if kind == "segment":
            return bool(self.segments)
        return kind != "reached" or bool(self.stages)

    def events(self) -> Any:
        if CAN_BE_DURING and self.chance(0.05):
            return {"event": ["Alpha", "Delta"], **self.during()}
        return self.random.choice(EVENTS)

    def bounds(self, most: int, *, may_limit: bool = True) -> Rule:
        low = self.random.randint(1, most)
        kind = self.random.choice(["low", "low", "high", "range"]) if may_limit else "low"
        if kind == "low":
            return {"at_least": low}
        high = self.random.randint(low, most) if kind == "range" else self.random.randint(0, most - 1)
        return {"at_least": low, "at_most": high} if kind == "range" else {"at_most": high}

    def window(self) -> Rule:
        if self.has_anchors and self.chance(0.5):
            since = self.random.choice(["first_seen", self.events()])
            return {"since": since} if self.chance(0.25) else {"since": since, "within": self.duration()}
        return {} if self.chance(0.15) else {"within": self.duration()}

    def performed(self) -> Rule:
        window = self.window()
        is_endless = "since" in window and "within" not in window
        where = {"where": self.random.choice(WHERES)} if self.chance(0.25) else {}
        if "during" in MODELS["performed"].model_fields and self.chance(0.1):
            where |= self.during()
        bounds = {} if self.chance(0.2) else self.bounds(4, may_limit=not is_endless)
        return {"performed": self.events(), **bounds, **window, **where}

    def total(self) -> Rule:
        window = self.window()
        is_endless = "since" in window and "within" not in window
        low, high = self.random.choice([0.3, 1, 5, 10.5, 20]), self.random.choice([20, 25.25, 40])
        kind = "low" if is_endless else self.random.choice(["low", "low", "high", "range"])
        bounds = {
            "low": {"at_least": low},
            "high": {"at_most": self.random.choice([low, high])},
            "range": {"at_least": low, "at_most": high},
        }
        figure = {"as": self.random.choice(FIGURES)} if self.chance(0.6) else {}
        return {"total": self.events(), "property": "amount", **figure, **bounds[kind], **window}

    def distinct(self) -> Rule:
        within = {} if self.chance(0.15) else {"within": self.duration()}
        path = self.random.choice(["amount", "plan.kind", "coupon", "tags"])
        return {"distinct": self.events(), "property": path, **self.bounds(3), **within}

    def sessions(self) -> Rule:
        window = self.window()
        gap = {"gap": self.duration()} if self.chance(0.8) else {}
        is_endless = "since" in window and "within" not in window
        return {"sessions": self.events(), **gap, **self.bounds(3, may_limit=not is_endless), **window}

    def active_days(self) -> Rule:
        within = self.random.choice(WHOLE_DAYS)
        most = min(3, int(within.split()[0]))
        return {"active_days": self.events(), **self.bounds(most), "within": within}

    def inactive(self) -> Rule:
        return {"inactive": self.events(), "for": self.duration()}

    def missing(self) -> Rule:
        anchor = self.random.choice(
            [{"since": "first_seen"}, {"since": self.events()}, {"since_last": self.events()}]
        )
        return {"missing": self.events(), "for": self.duration(), **anchor}

    def recent(self) -> Rule:
        last = self.random.randint(1, 4)
        at_least = self.random.randint(1, last)
        return {
            "recent": self.events(),
            "last": last,
            "at_least": at_least,
            "where": self.random.choice(WHERES),
        }

    def first(self) -> Rule:
        return {"first": self.events(), "within": self.duration()}

    def regular(self) -> Rule:
        of_last = self.random.randint(1, 4)
        periods = {"periods": self.random.randint(1, of_last), "of_last": of_last}
        at_least = {"at_least": self.random.randint(1, 2)} if self.chance(0.7) else {}
        return {"regular": self.events(), "per": self.duration(), **periods, **at_least}

    def returned(self) -> Rule:
        within = {} if self.chance(0.15) else {"within": self.duration()}
        return {"returned": self.events(), "after": self.duration(), **within}

    def sequence(self) -> Rule:
        steps = [self.events() for _ in range(self.random.choice([2, 2, 3, 4, 5]))]
        within = {"within": self.duration()} if self.chance(0.8) else {}
        ends = {"for": self.duration()} if self.chance(0.6) else {}
        return {"sequence": steps, **within, **ends}

    def declining(self) -> Rule:
        by = self.random.choice(["1 %", "20 %", "33.5 %", "50 %", "50%", "100 %"])
        within, against = self.random.choice(WHOLE_DAYS), self.random.choice(WHOLE_DAYS)
        return {"declining": self.events(), "by": by, "within": within, "against": against}

    def trait(self) -> Rule:
        return {**self.random.choice(TRAIT_RULES), **self.held_for()}

    def during(self) -> Rule:
        """A span of dates near those of the histories: of every year or of one."""
        start = date.fromisoformat(ZONES[self.zone]) + timedelta(days=self.random.randint(0, 7))
        end = start + timedelta(days=self.random.choice([0, 1, 5, 20]))
        if self.chance(0.4):
            return {"during": {"from": start.isoformat(), "to": end.isoformat()}}
        if self.chance(0.2):
            start, end = end, start
        return {"during": {"from": f"{start:%m-%d}", "to": f"{end:%m-%d}"}}

    def held_for(self) -> Rule:
        return {"for": self.duration()} if self.chance(0.5) else {}

    def stage(self) -> Rule:
        return {"stage": self.random.choice(self.stages), **self.held_for()}

    def segment(self) -> Rule:
        assert self.segments
        return {"segment": self.random.choice(self.segments), **self.held_for()}

    def reached(self) -> Rule:
        within = {"within": self.duration()} if self.chance(0.5) else {}
        return {"reached": self.random.choice(self.stages), **within}


KINDS = [kind for kind in MODELS if kind not in {"all", "any", "not"}]
"""All rule types but combinations."""

QUIET_KINDS = ["inactive", "inactive", "missing", "performed", "reached"]
"""Rules of silence: they make runs of moves by time, which late events withdraw."""


def random_policy(random: Random, kinds: list[str] | None = None) -> dict[str, Any]:
    """A policy as plain data; `kinds` are the leaf rules it may be made of."""
    some = random.sample(KINDS, 3)
    kinds = kinds or random.choice([KINDS, KINDS, some, some, QUIET_KINDS])
    zone = random.choice(list(ZONES))
    durations = random.choice(SCALES)
    maker = Maker(
        random,
        durations,
        [],
        kinds,
        has_anchors=random.random() < 0.4,
        depth=random.choice([0, 1, 2]),
        holding=random.choice([0.2, 0.8]),
        zone=zone,
    )
    ladder: list[Rule] = [{"stage": "base", "action": "Say hello"}]
    count = random.randint(0, 4)
    is_silent, silent_set = maker.chance(0.2), maker.events()  # a ladder down which silence leads
    lapsed = random.randint(0, min(2, count))
    for place in range(count):
        maker.stages = [stage["stage"] for stage in ladder]
        stage: Rule = {"stage": f"stage-{place + 1}", **latch(maker), "action": "Do something"}
        if place >= count - lapsed:
            stage["lapsed"] = True
        if is_silent:
            stage["when"] = {"inactive": silent_set, "for": durations[place]}
            stage.pop("until", None)
        ladder.append(stage)
    maker.stages = [stage["stage"] for stage in ladder]
    segments: list[Rule] = []
    for place in range(random.randint(0 if count else 1, 3)):
        cool_down = {"cool_down": maker.duration()} if maker.chance(maker.holding) else {}
        maker.segments = [segment["segment"] for segment in segments]
        name = f"segment-{place + 1}"
        segments.append({"segment": name, **latch(maker), **cool_down, "action": "Do something"})
    return {
        "policy": "random",
        "version": 1,
        "goal": "Find what is wrong",
        "owner": "law@example.com",
        "time_zone": zone,
        "events": SETS,
        "late": {"allowed_lateness": maker.duration()},
        "ladder": ladder,
        "segments": segments,
    }


def latch(maker: Maker) -> Rule:
    found: Rule = {"when": maker.rule(maker.depth)}
    if maker.chance(0.4):
        found["until"] = maker.rule(min(maker.depth, 1))
    if maker.chance(maker.holding):
        found["stay_at_least"] = maker.duration()
    return found
