"""The policy language: text (source.py) -> models (schema.py) -> Policy (compile.py)."""

from stage_models.policy.load import load
from stage_models.policy.problems import PolicyError, Problem

__all__ = ["PolicyError", "Problem", "load"]
