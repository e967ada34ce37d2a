from __future__ import annotations

import json
import random
import re
from pathlib import Path
from typing import Any

import pytest

from stage_models.policy import PolicyError, Problem, load
from stage_models.policy.source import read

POLICIES = sorted((Path(__file__).parents[3] / "policies").glob("*.yaml"))
SEEDS = range(50)
NOT_OURS = re.compile(r"(?i)input should|field required|validation|constrained|pydantic|function-|extra in")
ODD = ["7", "[]", "{}", "''", "~", "true", "[x]", "{x: 1}", "-1", "1.5", "all"]


@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_shipped_policy_loads(path: Path) -> None:
    assert load(path.read_text(encoding="utf-8"), str(path)).name == path.stem


def _mutilated(text: str, dice: random.Random) -> str:
    """The text with one to four words or characters swapped, lost or put where they do not belong."""
    parts = re.findall(r"\w[\w-]*|\s+|.", text)
    for _ in range(dice.randint(1, 4)):
        place, other = dice.randrange(len(parts)), dice.randrange(len(parts))
        match dice.randrange(4):
            case 0:
                parts[place] = ""
            case 1:
                parts[place] = parts[other]
            case 2:
                parts[place] = dice.choice(ODD)
            case _:
                parts[place], parts[other] = parts[other], parts[place]
    return "".join(parts)


def _shaken(value: Any, dice: random.Random) -> Any:
    """The values with about one in thirty lost, doubled under another key, or replaced by an odd one."""
    match value:
        case _ if dice.random() < 0.01:
            return dice.choice([7, -1, 1.5, "", "x", "7 days", True, None, [], {}, ["x"], {"x": 1}])
        case dict():
            shaken = {key: _shaken(item, dice) for key, item in value.items() if dice.random() > 0.01}
            if shaken and dice.random() < 0.03:
                shaken[dice.choice(["x", "all", "not", "performed", "for", "reached", "stage"])] = value
            return shaken
        case list():
            return [_shaken(item, dice) for item in value if dice.random() > 0.01]
    return value


def _problems(text: str) -> list[Problem]:
    """What is wrong with a policy; nothing else than a PolicyError may be raised."""
    try:
        load(text, "broken.yaml")
    except PolicyError as error:
        return error.problems
    return []


@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_whatever_is_wrong_is_told_in_our_words(path: Path) -> None:
    text = path.read_text(encoding="utf-8").split("\nexamples:")[0]
    broken = {seed: _mutilated(text, random.Random(seed)) for seed in SEEDS}  # noqa: S311  # repeats a failure
    told = {seed: _problems(policy) for seed, policy in broken.items()}
    assert sum(map(bool, told.values())) > len(SEEDS) // 2
    for seed, problems in told.items():
        for problem in problems:
            assert 1 <= problem.line <= broken[seed].count("\n") + 2, f"seed {seed}: {problem}"
            assert not NOT_OURS.search(str(problem)), f"seed {seed}: {problem}"


@pytest.mark.timeout(60)
@pytest.mark.parametrize("path", POLICIES, ids=lambda path: path.stem)
def test_values_may_be_wrong_in_any_way(path: Path) -> None:
    values = read(path.read_text(encoding="utf-8").split("\nexamples:")[0], path.name).value
    told = 0
    for seed in SEEDS:
        shaken = _shaken(values, random.Random(seed))  # noqa: S311  # a seed repeats a failure
        for problem in _problems(json.dumps(shaken, indent=1)):  # JSON is YAML
            told += 1
            assert not NOT_OURS.search(str(problem)), f"seed {seed}: {problem}"
    assert told > len(SEEDS)


def test_value_that_was_refused_breeds_no_further_problems() -> None:
    text = """
policy: shop
version: 1
events: {order: 7}
ladder:
  - {stage: signup, action: Welcome}
  - {stage: buyer, when: {performed: order, at_least: x}, action: 1}
  - {stage: keen, when: {all: [{reached: buyer}, {performed: order, within: 1}]}, action: Invite}
segments:
  - {segment: x, when: {reached: keen}, actoin: y}
"""
    with pytest.raises(PolicyError) as caught:
        load(text, "f")
    assert [(problem.line, problem.message) for problem in caught.value.problems] == [
        (4, 'wrong type for event set "order"'),
        (7, "wrong type for at_least in performed"),
        (7, 'wrong type for action in stage "buyer"'),
        (8, "within in performed is not a duration"),
        (10, 'segment "x" has no action: what changes nothing is a label'),
        (10, 'unknown key "actoin" in segment "x"'),
    ]


def test_property_may_be_called_like_a_key_of_the_language() -> None:
    text = """
policy: shop
version: 1
ladder:
  - {stage: signup, action: Welcome}
  - {stage: buyer, when: {performed: Order Completed, where: {when: 3, not: {above: 1}}}, action: Thank them}
"""
    with pytest.raises(PolicyError) as caught:
        load(text, "f")
    (problem,) = caught.value.problems
    assert problem.message == "wrong type for when in where of performed"
