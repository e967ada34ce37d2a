"""The random policies are what people may write: as text they load, and mean the same as the plain data."""

from __future__ import annotations

import pytest

from stage_models.policy.load import load
from stage_models.policy.problems import PolicyError
from tests.laws.cases import PATIENCE_SECONDS, as_yaml, ordered_case, seeds


@pytest.mark.timeout(PATIENCE_SECONDS)
def test_random_policies_load_from_their_text() -> None:
    refused: list[str] = []
    count = 0
    for seed in seeds(1 / 10):
        case = ordered_case(seed)
        count += 1
        try:
            policy = load(as_yaml(case.data), "random.yaml")
        except PolicyError as error:
            refused += [problem.message for problem in error.problems]
        else:
            assert policy.fingerprint == case.policy.fingerprint, str(case)
    assert all("can never hold" in message for message in refused), refused
    assert len(refused) < count / 4
