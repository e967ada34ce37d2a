"""deploy/docker/Dockerfile: checked by hadolint, and that it copies what it needs."""

from __future__ import annotations

import re
import subprocess
import sysconfig
from fnmatch import fnmatch
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
DOCKERFILE = ROOT / "deploy" / "docker" / "Dockerfile"
HADOLINT = Path(sysconfig.get_path("scripts")) / "hadolint"


def _hadolint(text: str) -> subprocess.CompletedProcess[str]:
    command = [str(HADOLINT), "--failure-threshold", "info", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False)


def _copied() -> list[str]:
    """The files and folders of the repository that the Dockerfile copies."""
    lines = re.findall(r"^COPY (?!--from)(.+) \S+$", DOCKERFILE.read_text(), flags=re.MULTILINE)
    return [source for line in lines for source in line.split()]


def test_hadolint_finds_nothing() -> None:
    answer = _hadolint(DOCKERFILE.read_text())

    assert answer.returncode == 0, answer.stdout


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("FROM python:3.13-slim-trixie\n", "FROM python\n"),
        ("# hadolint ignore=DL3008\n", ""),
        ('ENTRYPOINT ["tini", "--", "stagestream"]', "ENTRYPOINT tini -- stagestream"),
    ],
)
def test_hadolint_notices_a_broken_copy(right: str, wrong: str) -> None:
    text = DOCKERFILE.read_text()
    assert right in text

    assert _hadolint(text.replace(right, wrong)).returncode != 0


def test_what_is_copied_is_there_and_not_ignored() -> None:
    rules = (ROOT / ".dockerignore").read_text().split()
    sent = [rule[1:] for rule in rules if rule.startswith("!")]
    copied = _copied()

    assert rules[0] == "*"
    assert {"requirements.lock", "policies", "streams", "stage_models"} <= set(copied)
    assert [source for source in copied if not any(fnmatch(source, rule) for rule in sent)] == []
    assert [source for source in copied if not (ROOT / source).exists()] == []


def test_the_worker_is_not_root_and_gets_signals() -> None:
    text = DOCKERFILE.read_text()

    assert "\nUSER 10001\n" in text
    assert 'ENTRYPOINT ["tini", "--", "stagestream"]' in text
    assert "HEALTHCHECK" not in text  # the orchestrator's business
