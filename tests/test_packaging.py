"""The distribution: what is in the wheel, what it asks for, and that the locks hold just that."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from importlib.metadata import version as installed_version
from itertools import chain
from pathlib import Path
from zipfile import ZipFile

import pytest
from packaging.requirements import Requirement
from packaging.version import Version

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> ZipFile:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    answer = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert answer.returncode == 0, answer.stderr
    [file] = folder.glob("*.whl")
    return ZipFile(file)


def test_wheel_has_types_and_shipped_policies(wheel: ZipFile) -> None:
    wanted = {
        "stage_models/py.typed",
        "streams/py.typed",
        "streams/policies/saas.yaml",
        "streams/policies/retail.yaml",
    }

    assert wanted <= set(wheel.namelist())


def test_wheel_has_nothing_but_the_two_packages(wheel: ZipFile) -> None:
    tops = {name.partition("/")[0] for name in wheel.namelist()}

    assert {top for top in tops if not top.endswith(".dist-info")} == {"stage_models", "streams"}


def test_wheel_has_the_command_and_the_licence(wheel: ZipFile) -> None:
    info = f"stagestream-{PROJECT['version']}.dist-info"

    assert "stagestream = streams.cli:app" in wheel.read(f"{info}/entry_points.txt").decode()
    assert "Apache License" in wheel.read(f"{info}/licenses/LICENSE").decode()


def test_shipped_policies_are_found_where_only_the_wheel_is(wheel: ZipFile, tmp_path: Path) -> None:
    wheel.extractall(tmp_path)
    code = "from streams.policy_files import read_policy; print(read_policy('saas')[1])"

    answer = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert answer.stdout.strip() == str(tmp_path / "streams" / "policies" / "saas.yaml"), answer.stderr


def test_installed_faust_is_not_one_of_years_ago() -> None:
    assert Version(installed_version("faust-streaming")) >= Version("0.15.3")
    assert Version(installed_version("mode-streaming")) >= Version("0.7.1")


def test_what_faust_bounds_loosely_is_bounded_by_us() -> None:
    asked = {Requirement(text).name: Requirement(text).specifier for text in PROJECT["dependencies"]}

    for name, too_old in [
        ("faust-streaming", "0.10.24"),
        ("mode-streaming", "0.6.0"),
        ("aiokafka", "0.10.0"),
    ]:
        assert not asked[name].contains(too_old), f"{name} {too_old} would be taken"
    assert not asked["croniter"].contains("6.0"), "Faust's mode takes no croniter 6"


def test_every_dependency_has_its_reason_written_down() -> None:
    asked = [*PROJECT["dependencies"], *chain.from_iterable(PROJECT["optional-dependencies"].values())]
    names = {Requirement(text).name for text in asked} - {"stagestream"}
    reasons = (ROOT / "CONTRIBUTING.md").read_text().partition("## Dependencies")[2]

    assert sorted(name for name in names if not re.search(rf"\b{re.escape(name)}\b", reasons)) == []


def lock_problems(lock: str, asked: list[str]) -> Iterator[str]:
    """Where a lock differs from what is asked for, names a place, or lacks a hash."""
    pinned = dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock, flags=re.MULTILINE))
    for requirement in map(Requirement, asked):
        name = requirement.name.lower().replace(".", "-")
        if name == "stagestream":
            continue
        if name not in pinned:
            yield f"{name} is not locked"
        elif not requirement.specifier.contains(pinned[name]):
            yield f"{name} {pinned[name]} is not {requirement.specifier}"
    if "://" in lock or "--index-url" in lock or "--find-links" in lock:
        yield "names a place"
    if lock.count("==") > lock.count(" \\\n    --hash=sha256:"):
        yield "has a version without a hash"


def test_locks_hold_what_is_asked_for() -> None:
    extras = PROJECT["optional-dependencies"]
    worker = (ROOT / "requirements.lock").read_text()
    everything = (ROOT / "requirements-dev.lock").read_text()

    assert list(lock_problems(worker, PROJECT["dependencies"] + extras["fast"])) == []
    assert list(lock_problems(everything, [*PROJECT["dependencies"], *chain(*extras.values())])) == []


def test_the_worker_runs_with_the_versions_that_were_tested() -> None:
    def pins(name: str) -> set[str]:
        return set(re.findall(r"^[a-z0-9-]+==\S+", (ROOT / name).read_text(), flags=re.MULTILINE))

    assert pins("requirements.lock") <= pins("requirements-dev.lock")


@pytest.mark.parametrize(
    ("lock", "problem"),
    [
        ("rich==15.0 \\\n    --hash=sha256:0\n", "typer is not locked"),
        ("rich==14.0 \\\n    --hash=sha256:0\ntyper==1 \\\n    --hash=sha256:0\n", "rich 14.0 is not >=15"),
        (
            "--index-url https://a.b/simple\nrich==15 \\\n    --hash=sha256:0\ntyper==1 \\\n    --hash=sha256:0\n",
            "names a place",
        ),
        ("rich==15\ntyper==1 \\\n    --hash=sha256:0\n", "has a version without a hash"),
    ],
)
def test_a_broken_lock_is_noticed(lock: str, problem: str) -> None:
    assert list(lock_problems(lock, ["rich>=15", "typer"])) == [problem]
