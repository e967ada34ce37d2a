"""A policy in words: for a terminal, as a Markdown page, as a Mermaid diagram, as JSON.

The words are the sentences of the rules themselves, the same that stand in the evidence of a transition.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import pairwise
from typing import Literal

from stage_models.conditions.scope import events_label
from stage_models.policy.compile import Policy
from stage_models.policy.schema import SegmentSpec, StageSpec
from stage_models.transitions import Action

Format = Literal["text", "markdown", "mermaid", "json"]


@dataclass(frozen=True)
class LatchWords:
    """A stage or segment in words. `until` is empty where it ends as soon as `when` no longer holds."""

    name: str
    when: str
    until: str
    stay_at_least: str
    cool_down: str
    is_lapsed: bool
    action: str
    owner: str
    review_by: str

    def conditions(self) -> list[str]:
        """When it begins and ends, in short lines."""
        lines = [("when", self.when), ("until", self.until)]
        lines += [("stays at least", self.stay_at_least), ("again only after", self.cool_down)]
        return [f"{label} {words}" for label, words in lines if words] or ["everybody"]


@dataclass(frozen=True)
class PolicyWords:
    """A whole policy in words."""

    policy: str
    version: int
    fingerprint: str
    goal: str
    owner: str
    review_by: str
    time_zone: str
    ladder: list[LatchWords]
    segments: list[LatchWords]
    events: dict[str, str]


def describe(policy: Policy, form: Format = "text") -> str:
    """The policy in words, in the form that is asked for; ends with a newline."""
    return _FORMS[form](words_of(policy))


def words_of(policy: Policy) -> PolicyWords:
    """The words that all forms are made of."""
    spec = policy.spec
    return PolicyWords(
        policy=policy.name,
        version=policy.version,
        fingerprint=policy.fingerprint,
        goal=spec.goal or "",
        owner=spec.owner or "",
        review_by=str(spec.review_by or ""),
        time_zone=spec.time_zone,
        ladder=[
            _latch(policy, stage.stage, stage, known.action)
            for stage, known in zip(spec.ladder, policy.stages, strict=True)
        ],
        segments=[
            _latch(policy, segment.segment, segment, known.action)
            for segment, known in zip(spec.segments, policy.segments, strict=True)
        ],
        events={name: events_label(events) for name, events in spec.events.items()},
    )


def _latch(policy: Policy, name: str, spec: StageSpec | SegmentSpec, action: Action) -> LatchWords:
    cool_down = spec.cool_down if isinstance(spec, SegmentSpec) else None
    return LatchWords(
        name=name,
        when=spec.when.sentence() if spec.when else "",
        until=spec.until.sentence() if spec.until else "",
        stay_at_least=str(spec.stay_at_least or ""),
        cool_down=str(cool_down or ""),
        is_lapsed=isinstance(spec, StageSpec) and spec.lapsed,
        action=action.text,
        owner=action.owner or "",
        review_by=str(spec.review_by or policy.spec.review_by or ""),
    )


def _text(words: PolicyWords) -> str:
    lines = [f"{words.policy}, version {words.version} ({words.fingerprint})", *_facts(words)]
    lines += ["", "Ladder, low to high: a user is in the last stage that holds"]
    lines += _blocks(words.ladder)
    if words.segments:
        lines += ["", "Segments: a user can be in several"]
        lines += _blocks(words.segments)
    if words.events:
        width = max(map(len, words.events))
        lines += ["", "Events", *(f"  {name.ljust(width)}  {label}" for name, label in words.events.items())]
    return "\n".join(lines) + "\n"


def _facts(words: PolicyWords) -> list[str]:
    facts = [("goal", words.goal), ("owner", words.owner), ("review by", words.review_by)]
    facts += [("days of", words.time_zone)]
    return [f"{label}: {text}" for label, text in facts if text]


def _blocks(latches: list[LatchWords]) -> list[str]:
    width = max(len(latch.name) for latch in latches)
    lines: list[str] = []
    for latch in latches:
        rows = [*latch.conditions(), f"-> {latch.action}"]
        if latch.is_lapsed:
            rows.insert(0, "(lapsed)")
        names = [latch.name, *[""] * (len(rows) - 1)]
        lines += [f"  {name.ljust(width)}  {row}" for name, row in zip(names, rows, strict=True)]
    return lines


def _markdown(words: PolicyWords) -> str:
    lines = [f"# {words.policy}, version {words.version}", "", *(f"- {fact}" for fact in _facts(words)), ""]
    lines += ["## Ladder", "", "Low to high; a user is in the last stage that holds.", ""]
    lines += _table("stage", words.ladder)
    if words.segments:
        lines += ["", "## Segments", "", *_table("segment", words.segments)]
    if words.events:
        lines += ["", "## Events", "", "| name | events |", "| --- | --- |"]
        lines += [f"| {name} | {_cell(label)} |" for name, label in words.events.items()]
    return "\n".join(lines) + "\n"


def _table(head: str, latches: list[LatchWords]) -> list[str]:
    lines = [f"| {head} | who | action | owner | review by |", "| --- | --- | --- | --- | --- |"]
    for latch in latches:
        name = f"{latch.name} (lapsed)" if latch.is_lapsed else latch.name
        cells = [name, "<br>".join(map(_cell, latch.conditions())), *map(_cell, (latch.action, latch.owner))]
        lines.append(f"| {' | '.join([*cells, latch.review_by])} |")
    return lines


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")


def _mermaid(words: PolicyWords) -> str:
    """The ladder from bottom to top, lapsed stages and segments beside it."""
    achieved = [latch for latch in words.ladder if not latch.is_lapsed]
    lapsed = [latch for latch in words.ladder if latch.is_lapsed]
    lines = ["flowchart BT", *_group("ladder", achieved, linked=True), *_group("lapsed", lapsed, linked=True)]
    lines += ["  ladder -.-> lapsed"] if lapsed else []
    lines += _group("segments", words.segments, linked=False)
    return "\n".join(lines) + "\n"


def _group(title: str, latches: list[LatchWords], *, linked: bool) -> list[str]:
    """A box of latches; `linked`: with an arrow from each to the next."""
    if not latches:
        return []
    ids = [
        f"{title}{number}" for number in range(len(latches))
    ]  # a name such as `end` would be a word of Mermaid
    nodes = [
        f'    {node}["<b>{latch.name}</b><br>{"<br>".join(map(_label, latch.conditions()))}"]'
        for node, latch in zip(ids, latches, strict=True)
    ]
    links = [f"    {below} --> {above}" for below, above in pairwise(ids)] if linked else []
    return [f"  subgraph {title}", *nodes, *links, "  end"]


def _label(text: str) -> str:
    return text.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace(">", "&gt;")


def _json(words: PolicyWords) -> str:
    return json.dumps(asdict(words), indent=2, ensure_ascii=False) + "\n"


_FORMS: dict[Format, Callable[[PolicyWords], str]] = {
    "text": _text,
    "markdown": _markdown,
    "mermaid": _mermaid,
    "json": _json,
}
