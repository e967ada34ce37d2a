"""Which version of this product runs."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed_version


def version() -> str:
    """The version of the installed distribution; `unknown` in a checkout that was never installed."""
    try:
        return installed_version("stagestream")
    except PackageNotFoundError:
        return "unknown"
