"""Random policies: every rule type, nested, with small thresholds and few durations, so that edges meet.

All durations of a policy come from a small pool of its own; so windows end together, stays end where windows
end, and histories (histories.py) can place events exactly on the edges.
"""

from __future__ import annotations

from dataclasses import dataclass
from random import Random
from typing import Any

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
        if kind == "reached" and not self.stages:
            kind = "performed"
        leaf: Rule = getattr(self, kind)()
        return leaf

    def events(self) -> Any:
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
        return {"total": self.events(), "property": "amount", **bounds[kind], **window}

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

    def reached(self) -> Rule:
        within = {"within": self.duration()} if self.chance(0.5) else {}
        return {"reached": self.random.choice(self.stages), **within}


ALL_KINDS = ["performed", "performed", "total", "active_days", "inactive", "missing", "recent", "reached"]


QUIET_KINDS = ["inactive", "inactive", "missing", "performed", "reached"]
"""Rules of silence: they make runs of moves by time, which late events withdraw."""


def random_policy(random: Random, kinds: list[str] | None = None) -> dict[str, Any]:
    """A policy as plain data; `kinds` are the leaf rules it may be made of."""
    kinds = kinds or random.choice([ALL_KINDS, ALL_KINDS, QUIET_KINDS])
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
    segments = []
    for place in range(random.randint(0 if count else 1, 3)):
        cool_down = {"cool_down": maker.duration()} if maker.chance(maker.holding) else {}
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
