"""Where a policy's text comes from: the name of a shipped policy, or a path."""

from __future__ import annotations

from pathlib import Path

from stage_models.policy.problems import PolicyError, Problem

_HERE = Path(__file__).parent
_SHIPPED = next(
    (folder for folder in (_HERE / "policies", _HERE.parent / "policies") if folder.is_dir()),
    _HERE / "policies",
)  # inside the package when installed, beside it in a checkout


def shipped() -> dict[str, Path]:
    """The shipped policies: name -> file, by name."""
    return {path.stem: path for path in sorted(_SHIPPED.glob("*.yaml"))}


def read_policy(name_or_path: str) -> tuple[str, str]:
    """The policy's text, and the file's name as messages should show it.

    Raises PolicyError when there is no such policy or file, or it is not UTF-8.
    """
    path = shipped().get(name_or_path, Path(name_or_path))
    try:
        return path.read_text(encoding="utf-8"), str(path)
    except FileNotFoundError:
        raise PolicyError([_problem(name_or_path, "no such policy or file", tuple(shipped()))]) from None
    except (OSError, UnicodeDecodeError) as error:
        raise PolicyError([_problem(str(path), f"cannot be read: {error}")]) from None


def _problem(file: str, message: str, expected: str | tuple[str, ...] = "a file of UTF-8 text") -> Problem:
    return Problem(file, 1, 1, message, expected, file)
