"""Error texts are files: each broken policy stands beside the text that it must print.

After a change that is meant, write the texts anew and read the difference:
`python tests/messages/test_messages.py`.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from stage_models.policy import PolicyError, load

HERE = Path(__file__).parent
BROKEN = sorted(HERE.glob("*.yaml"))


def text_of(policy: Path) -> str:
    """What loading this broken policy tells its author."""
    with pytest.raises(PolicyError) as caught:
        load(policy.read_text(encoding="utf-8"), policy.name)
    return f"{caught.value}\n"


@pytest.mark.parametrize("policy", BROKEN, ids=lambda path: path.stem)
def test_broken_policy_tells_what_is_wrong(policy: Path) -> None:
    assert text_of(policy) == policy.with_suffix(".txt").read_text(encoding="utf-8")


def test_there_are_enough_of_them() -> None:
    assert len(BROKEN) >= 40


def test_six_mistakes_are_six_problems_each_in_its_line() -> None:
    policy = HERE / "six-mistakes.yaml"
    with pytest.raises(PolicyError) as caught:
        load(policy.read_text(encoding="utf-8"), policy.name)
    assert [problem.line for problem in caught.value.problems] == [3, 9, 10, 12, 13, 17]


if __name__ == "__main__":
    for policy in BROKEN:
        policy.with_suffix(".txt").write_text(text_of(policy), encoding="utf-8")
