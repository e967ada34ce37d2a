"""Mistakes of sense that can be seen in the models alone: what can never hold, and what no rule may use.

Names that no event set or stage has are found by compile.py, which looks them up.
"""

from __future__ import annotations

from collections.abc import Iterator

from stage_models.conditions import Rule
from stage_models.conditions.combinations import All, Not
from stage_models.conditions.scope import Flaw
from stage_models.conditions.trait import Trait
from stage_models.policy.schema import PolicySpec, SegmentSpec, StageSpec
from stage_models.policy.source import Path
from stage_models.policy.walk import models_in
from stage_models.terms import EVENT_SET_NAME, FIRST_SEEN, Comparison

SENSITIVE = (
    "biometrics",
    "disability",
    "ethnicity",
    "genetics",
    "health",
    "political_opinion",
    "pregnancy",
    "race",
    "religion",
    "sex_life",
    "sexual_orientation",
    "trade_union",
)
"""What no rule may use, unless the policy has its own list: the GDPR's special categories (article 9)."""

_NUMBERS = ("above", "at_least", "below", "at_most")


def flaws_of(spec: PolicySpec) -> list[Flaw]:
    """What is wrong with single parts of a policy."""
    return [*_event_set_flaws(spec), *_base_flaws(spec), *_comparison_flaws(spec), *_sensitive(spec)]


def contradictions_of(spec: PolicySpec) -> list[Flaw]:
    """Stages and segments that nobody can ever be in, because two parts of the policy exclude each other."""
    return [*_until_is_when(spec), *_hidden_stages(spec), *_denied_parts(spec)]


def _event_set_flaws(spec: PolicySpec) -> Iterator[Flaw]:
    for name, events in spec.events.items():
        if name == FIRST_SEEN or not EVENT_SET_NAME.fullmatch(name):
            message = f'"{name}" cannot be the name of an event set'
            expected = f"lower-case letters, digits, _ and -, and not {FIRST_SEEN}"
            yield Flaw(("events", name), message, expected, name)
        if events == []:
            yield Flaw(
                ("events", name), f'event set "{name}" is empty', "at least one event name", "an empty list"
            )


def _base_flaws(spec: PolicySpec) -> Iterator[Flaw]:
    base = spec.ladder[0]
    for key in ("when", "until", "stay_at_least", "lapsed"):
        if getattr(base, key):
            message = f'the first stage "{base.stage}" has {key}'
            expected = "a first stage without rules: it holds for everybody"
            yield Flaw(("ladder", 0, key), message, expected, key)


def _until_is_when(spec: PolicySpec) -> Iterator[Flaw]:
    latches: list[tuple[Path, StageSpec | SegmentSpec]] = [
        *((("ladder", number), stage) for number, stage in enumerate(spec.ladder)),
        *((("segments", number), segment) for number, segment in enumerate(spec.segments)),
    ]
    for path, latch in latches:
        if latch.until is not None and latch.until == latch.when:
            words = "a rule that says when it ends, not when it begins"
            message = "can never hold: until is the same rule as when"
            yield Flaw((*path, "until"), message, words, latch.until.sentence())


def _hidden_stages(spec: PolicySpec) -> Iterator[Flaw]:
    for number, stage in enumerate(spec.ladder):
        for later in spec.ladder[number + 1 :]:
            if stage.when is not None and later.when == stage.when and later.until is None:
                message = f'stage "{stage.stage}" can never hold: "{later.stage}" has the same rule and wins'
                yield Flaw(("ladder", number, "when"), message, "a rule of its own", stage.when.sentence())


def _denied_parts(spec: PolicySpec) -> Iterator[Flaw]:
    for path, model in models_in(spec):
        if isinstance(model, All):
            denied = [part.not_ for part in model.all_ if isinstance(part, Not)]
            for part in model.all_:
                if part in denied:
                    message = "can never hold: a part of all denies another"
                    yield Flaw((*path, "all"), message, "parts that can hold together", part.sentence())


def _comparison_flaws(spec: PolicySpec) -> Iterator[Flaw]:
    for path, name, model in _comparisons(spec):
        numbers = [key for key in _NUMBERS if getattr(model, key) is not None]
        texts = [key for key in ("starts_with",) if getattr(model, key) is not None]
        texts += ["is"] if isinstance(model.is_, str) else []
        if numbers and texts:
            found = ", ".join((*numbers, *texts))
            yield Flaw(path, f"{name} is compared as a number and as a text", "one of the two", found)
        least, most = _bounds(model)
        if least is not None and most is not None and least > most:
            yield Flaw(
                path,
                f"{name} can never be in this range",
                "a lower bound below the upper one",
                f"{least} to {most}",
            )


def _comparisons(spec: PolicySpec) -> Iterator[tuple[Path, str, Comparison]]:
    """Every comparison, with the name of what it compares."""
    for path, model in models_in(spec):
        if isinstance(model, Trait):
            yield path, model.trait, model.comparison
        elif isinstance(model, Comparison):
            yield path, str(path[-1]), model


def _bounds(model: Comparison) -> tuple[float | None, float | None]:
    lower = [bound for bound in (model.above, model.at_least) if bound is not None]
    upper = [bound for bound in (model.below, model.at_most) if bound is not None]
    return max(lower, default=None), min(upper, default=None)


def _sensitive(spec: PolicySpec) -> Iterator[Flaw]:
    refused = {_plain(name) for name in (SENSITIVE if spec.sensitive is None else spec.sensitive)}
    for path, name in _properties_used(spec):
        if refused & {_plain(part) for part in (name, *name.split("."))}:
            yield Flaw(path, f'"{name}" is sensitive: no rule may use it', "another property", name)


def _properties_used(spec: PolicySpec) -> Iterator[tuple[Path, str]]:
    for path, model in models_in(spec):
        if isinstance(model, Comparison):
            yield path, str(path[-1])
        elif isinstance(model, Trait):
            yield (*path, "trait"), model.trait
        elif isinstance(model, Rule) and isinstance(name := getattr(model, "property", None), str):
            yield (*path, "property"), name


def _plain(name: str) -> str:
    return "".join(letter for letter in name.lower() if letter.isalnum())
