from __future__ import annotations

from stage_models.policy import PolicyError, Problem
from stage_models.policy.problems import did_you_mean


def test_problem_reads_like_a_lesson() -> None:
    problem = Problem(
        "policies/saas.yaml",
        31,
        24,
        'unknown event set "pricng" in performed',
        ("activity", "core", "mail", "order", "pricing"),
        "pricng",
        "performed: pricing",
    )
    assert str(problem) == (
        'policies/saas.yaml:31:24  unknown event set "pricng" in performed\n'
        "  expected one of: activity, core, mail, order, pricing\n"
        "  found:           pricng\n"
        "  try:             performed: pricing"
    )


def test_what_is_not_known_is_left_out() -> None:
    assert str(Problem("f", 1, 2, "no")) == "f:1:2  no"


def test_problems_stand_in_the_order_of_the_file() -> None:
    error = PolicyError([Problem("f", 3, 1, "c"), Problem("f", 1, 9, "b"), Problem("f", 1, 2, "a")])
    assert [problem.message for problem in error.problems] == ["a", "b", "c"]
    assert str(error) == "f:1:2  a\n\nf:1:9  b\n\nf:3:1  c"


def test_meant_word_is_found_whatever_its_case() -> None:
    assert did_you_mean("Pricng", ("activity", "pricing")) == "pricing"
    assert did_you_mean("zebra", ("activity", "pricing")) is None
