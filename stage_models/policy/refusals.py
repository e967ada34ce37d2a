"""What pydantic refuses, said in the words of the policy language.

The models say what is allowed. Pydantic says which value is not, in its own words and with a location that
mixes keys of the file with names of union members. Here the location becomes a path in the file, and the
words those of a message to the author. No text of pydantic is passed on.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from itertools import groupby
from typing import Any, NamedTuple

from pydantic import BaseModel
from pydantic_core import ErrorDetails

from stage_models.conditions import RULES
from stage_models.policy.problems import did_you_mean
from stage_models.policy.schema import ActionSpec, ExampleSpec, LateSpec, PolicySpec, SegmentSpec, StageSpec
from stage_models.policy.source import Path
from stage_models.terms import Comparison, DateRange, EventSetSpec

RULE_OF = {rule.KEY: rule for rule in RULES}
_MODEL_OF: dict[str, type[BaseModel]] = {
    "ladder": StageSpec,
    "segments": SegmentSpec,
    "events": EventSetSpec,
    "examples": ExampleSpec,
}
_QUOTED = re.compile(r"'([^']*)'")

_WANTED = {
    "int_type": "a whole number",
    "int_parsing": "a whole number",
    "int_from_float": "a whole number",
    "float_type": "a number",
    "string_type": "a text",
    "bool_type": "true or false",
    "list_type": "a list",
    "dict_type": "keys with values",
    "model_type": "keys with values",
    "model_attributes_type": "keys with values",
    "date_type": "a date such as 2027-02-01",
    "date_parsing": "a date such as 2027-02-01",
    "date_from_datetime_parsing": "a date such as 2027-02-01",
    "date_from_datetime_inexact": "a date such as 2027-02-01",
}
_EXAMPLE = {
    "against": "28 days",
    "action": "what to do for who enters here",
    "after": "60 days",
    "at_least": "2",
    "by": "60 %",
    "for": "14 days",
    "from": "11-20",
    "gap": "30 minutes",
    "last": "3",
    "of_last": "4",
    "per": "7 days",
    "periods": "3",
    "policy": "my-product",
    "property": "revenue",
    "segment": "high-intent",
    "stage": "activated",
    "to": "12-26",
    "text": "what to do for who enters here",
    "version": "1",
    "when": "{performed: order}",
    "where": "{discount: {above: 0}}",
    "within": "7 days",
}


class Refusal(NamedTuple):
    """What to tell the author about one value. `is_key`: its key is wrong. `is_missing`: it is not there."""

    path: Path
    message: str
    expected: str | tuple[str, ...] = ""
    found: str | None = None  # None: the value as it is written
    hint: str = ""
    is_key: bool = False
    is_missing: bool = False


class _Error(NamedTuple):
    """An error of pydantic: its path in the file, its rule, and the member of a union that refused."""

    details: ErrorDetails
    path: Path
    rule: Path | None
    union: Path | None
    member: str

    @property
    def kind(self) -> str:
        return self.details["type"]


def refusals(errors: Iterable[ErrorDetails], data: Any) -> list[Refusal]:
    """What to tell the author about the errors of validating `data`, each value once."""
    located = [_locate(error, data) for error in errors]
    told: dict[Path, Refusal] = {}
    for union, group in groupby(located, key=lambda error: error.union):
        for error in group if union is None else _of_the_right_shape(list(group), data):
            refusal = _refusal(error, data)
            told.setdefault(refusal.path, refusal)
    return list(told.values())


def is_rule(path: Path) -> bool:
    """Whether a rule stands at this path of a policy."""
    in_list = len(path) > 1 and path[-2] in ("all", "any") and isinstance(path[-1], int)
    return (
        bool(path) and path[0] in ("ladder", "segments") and (path[-1] in ("when", "until", "not") or in_list)
    )


def value_at(data: Any, path: Path) -> Any:
    """The value at this path; None where there is none."""
    for part in path:
        if isinstance(data, dict):
            data = data.get(part)
        elif isinstance(data, list) and isinstance(part, int) and part < len(data):
            data = data[part]
        else:
            return None
    return data


def _locate(details: ErrorDetails, data: Any) -> _Error:
    """Follow the location through the data; what is no key there names a rule type or a member of a union."""
    path: Path = ()
    rule: Path | None = None
    union: Path | None = None
    member = ""
    is_key_last = details["type"] in ("missing", "extra_forbidden")
    rest = list(details["loc"])
    while rest:
        part, value = rest.pop(0), value_at(data, path)
        if rule != path and is_rule(path) and part in RULE_OF:
            rule = path
        elif (isinstance(value, dict) and (part in value or (is_key_last and not rest))) or (
            isinstance(value, list) and isinstance(part, int)
        ):
            path = (*path, part)
        elif union is None:
            union, member = path, str(part)
    return _Error(details, path, rule, union, member)


def _shape(member: str) -> type:
    if member.startswith("list["):
        return list
    return dict if "Spec" in member else str


def _of_the_right_shape(group: list[_Error], data: Any) -> list[_Error]:
    """Of the errors of all members of a union those of the member that was meant, or one for all."""
    union = group[0].union or ()
    value = value_at(data, union)
    shape = type(value) if isinstance(value, list | dict) else str
    meant = [error for error in group if _shape(error.member) is shape and error.path != union]
    meant = meant or [error for error in group if error.kind not in _WANTED]
    if meant:
        return meant
    wanted = [_WANTED[error.kind] for error in group]
    if "a number" in wanted:
        wanted = [words for words in wanted if words != "a whole number"]
    *most, last = dict.fromkeys(wanted)
    details = group[0].details.copy()
    details["type"] = "wrong_shape"
    details["ctx"] = {"expected": f"{', '.join(most)} or {last}" if most else last}
    return [group[0]._replace(details=details, path=union)]


def _refusal(error: _Error, data: Any) -> Refusal:
    key = str(error.path[-1]) if error.path else ""
    subject = _subject(error.path[:-1], error.rule, data)
    named = _named(error.path, subject)
    context = error.details.get("ctx", {})
    match error.kind:
        case "missing":
            return _missing(error, key, subject)
        case "extra_forbidden":
            return _unknown_key(error, key, subject, data)
        case "union_tag_not_found":
            return _no_rule_type(error, data)
        case "string_pattern_mismatch":
            name = re.sub("[^a-z0-9]+", "-", str(value_at(data, error.path)).lower()).strip("-")
            words = "lower-case letters, digits and single hyphens"
            return Refusal(
                error.path, f'"{value_at(data, error.path)}" is not a name', words, hint=f"{key}: {name}"
            )
        case "string_too_short" | "too_short":
            return Refusal(error.path, f"{named} is empty", hint=_example(key))
        case "string_too_long" | "too_long":
            unit = "characters" if error.kind == "string_too_long" else "items"
            most, found = f"at most {context['max_length']} {unit}", str(len(value_at(data, error.path)))
            return Refusal(error.path, f"{named} is too long", most, found)
        case "greater_than" | "greater_than_equal":
            least = int(context["gt"]) + 1 if error.kind == "greater_than" else context["ge"]
            return Refusal(error.path, f"{named} is too small", f"{least} or more")
        case "literal_error":
            return _not_one_of(error, key, named, tuple(_QUOTED.findall(context["expected"])), data)
        case "duration":
            hint = context["hint"] and f"{key}: {context['hint']}"
            return Refusal(
                error.path, f"{named} is not a duration", context["expected"], hint=hint or _example(key)
            )
        case "wrong_shape":
            return Refusal(error.path, f"wrong type for {named}", context["expected"], hint=_example(key))
        case kind if kind in _WANTED:
            return Refusal(error.path, f"wrong type for {named}", _WANTED[kind], hint=_example(key))
    return _mistake(error, data)


def _missing(error: _Error, key: str, subject: str) -> Refusal:
    message = f"{subject} has no {'name' if key in ('policy', 'stage', 'segment') else key}"
    if key == "action":
        message += ": what changes nothing is a label"
    return Refusal(error.path, message, found="", hint=_example(key), is_missing=True)


def _unknown_key(error: _Error, key: str, subject: str, data: Any) -> Refusal:
    path = error.path
    known = _keys_of(_model(path[:-1], error.rule, data))
    types = _rule_types(value_at(data, path[:-1]), known) if error.rule == path[:-1] else []
    if len(types) > 1:
        both = ", ".join(f"{{{name}: ...}}" for name in types)
        words = "one rule type; all or any takes several rules"
        return Refusal(
            path[:-1], f"{len(types)} rule types in one rule", words, ", ".join(types), f"all: [{both}]"
        )
    meant = did_you_mean(key, known)
    hint = f"{meant}: {_example_value(value_at(data, path))}" if meant else ""
    return Refusal(path, f'unknown key "{key}" in {subject}', known, key, hint, is_key=True)


def _rule_types(rule: dict[str, Any], known: tuple[str, ...]) -> list[str]:
    """The rule types in a rule: its own, and those that are no key of it (`during` is one of `performed`)."""
    own = next(name for name in RULE_OF if name in rule)
    return [name for name in rule if name in RULE_OF and (name == own or name not in known)]


def _no_rule_type(error: _Error, data: Any) -> Refusal:
    rule = value_at(data, error.path)
    if not isinstance(rule, dict):
        return Refusal(error.path, "this is not a rule", "keys with values", hint="{performed: order}")
    for key in rule:
        if meant := did_you_mean(key, tuple(RULE_OF)):
            hint = f"{meant}: {_example_value(rule[key])}"
            return Refusal(
                (*error.path, key), f'unknown rule type "{key}"', tuple(RULE_OF), key, hint, is_key=True
            )
    return Refusal(error.path, "this rule has no rule type", tuple(RULE_OF), ", ".join(rule) or "no keys")


def _not_one_of(error: _Error, key: str, named: str, words: tuple[str, ...], data: Any) -> Refusal:
    if not words:
        return Refusal(error.path, f"wrong value for {named}", "true")
    meant = did_you_mean(str(value_at(data, error.path)), words)
    return Refusal(error.path, f"wrong value for {named}", words, hint=f"{key}: {meant}" if meant else "")


def _mistake(error: _Error, data: Any) -> Refusal:
    """A mistake that one of the models found; it stands at the key that its message begins with."""
    context = error.details.get("ctx", {})
    message, first = error.details["msg"], error.details["msg"].split(" ")[0]
    value = value_at(data, error.path)
    path = (*error.path, first) if isinstance(value, dict) and first in value else error.path
    subject = _subject(error.path, error.rule, data)
    found = context.get("found")
    return Refusal(
        path,
        message if subject == "the policy" else f"{subject}: {message}",
        context.get("expected", ""),
        "" if found is None else str(found),
        context.get("hint") or "",
    )


def _subject(container: Path, rule: Path | None, data: Any) -> str:
    """What a message calls the mapping at this path."""
    if rule is not None:
        name = next(key for key in RULE_OF if key in value_at(data, rule))
        part = next((key for key in ("where", "during") if key in container[len(rule) :]), name)
        return name if part == name else f"{part} of {name}"
    match container:
        case ("ladder" | "segments" as kind, int(), *rest):
            one = "stage" if kind == "ladder" else "segment"
            name = value_at(data, (*container[:2], one))
            whole = f"{one} {int(container[1]) + 1}" if name is None else f'{one} "{name}"'
            return f"action of {whole}" if rest == ["action"] else whole
        case ("events", str(name), *rest):
            return f'during of event set "{name}"' if rest == ["during"] else f'event set "{name}"'
        case ("examples", int(), *_):
            return "this example"
        case ("late",):
            return "late"
    return "the policy"


def _model(container: Path, rule: Path | None, data: Any) -> type[BaseModel]:
    """The model of the mapping at this path."""
    if container == ():
        return PolicySpec
    if container == ("late",):
        return LateSpec
    if container == rule:
        return RULE_OF[next(key for key in RULE_OF if key in value_at(data, rule))]
    if container[-1] == "action":
        return ActionSpec
    if container[-1] == "during":
        return DateRange
    if len(container) > 1 and container[-2] == "where":
        return Comparison
    return EventSetSpec if rule is not None else _MODEL_OF[str(container[0])]


def _keys_of(model: type[BaseModel]) -> tuple[str, ...]:
    return tuple(field.alias or name for name, field in model.model_fields.items())


def _named(path: Path, subject: str) -> str:
    """What a message calls the value at this path."""
    match path:
        case ("events", str(name)):
            return f'event set "{name}"'
        case (*_, str(holder), int(number)):
            return f"item {number + 1} of {holder}"
        case (*_, str(key)) if subject not in ("the policy", key):
            return f"{key} in {subject}"
    return str(path[-1])


def _example(key: str) -> str:
    return f"{key}: {_EXAMPLE[key]}" if key in _EXAMPLE else ""


def _example_value(value: Any) -> str:
    return "..." if isinstance(value, dict | list) or value is None else str(value)
