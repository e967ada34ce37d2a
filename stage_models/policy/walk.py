"""A walk through all models of a policy, each with its path in the file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from pydantic import BaseModel

from stage_models.policy.source import Path


def models_in(value: Any, path: Path = ()) -> Iterator[tuple[Path, BaseModel]]:
    """The model itself and every model inside it, outer ones first, in the order of the file's shape."""
    if isinstance(value, BaseModel):
        yield path, value
        for name, field in type(value).model_fields.items():
            yield from models_in(getattr(value, name), (*path, field.alias or name))
    elif isinstance(value, dict):
        for key, item in value.items():
            yield from models_in(item, (*path, key))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from models_in(item, (*path, number))
