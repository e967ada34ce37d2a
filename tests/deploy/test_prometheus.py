"""deploy/prometheus: that it scrapes the worker of docker-compose.yml, under the job name of the contract."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from ruamel.yaml import YAML

ROOT = Path(__file__).parents[2]
CONFIG = ROOT / "deploy" / "prometheus" / "prometheus.yml"

TOP = {"global", "scrape_configs"}
GLOBAL = {"scrape_interval", "evaluation_interval"}
JOB = {"job_name", "metrics_path", "static_configs"}


def _read(file: Path) -> dict[str, Any]:
    found: dict[str, Any] = YAML(typ="safe").load(file)
    return found


def problems(config: dict[str, Any], services: dict[str, Any]) -> Iterator[str]:
    """What Prometheus would not understand, or would scrape in vain; only what we use is known."""
    yield from (f"unknown key {key}" for key in sorted(set(config) - TOP))
    yield from (f"unknown key global.{key}" for key in sorted(set(config["global"]) - GLOBAL))
    yield from (
        f"{key}: no duration" for key, text in config["global"].items() if not re.fullmatch(r"\d+[smh]", text)
    )
    for job in config["scrape_configs"]:
        yield from (f"unknown key {key}" for key in sorted(set(job) - JOB))
        for target in (target for group in job["static_configs"] for target in group["targets"]):
            service, _, port = target.partition(":")
            ports = [published.rpartition(":")[2] for published in services.get(service, {}).get("ports", [])]
            if port not in ports:
                yield f"nobody listens at {target}"


def test_it_scrapes_the_worker_under_the_name_that_alerts_use() -> None:
    services = _read(ROOT / "docker-compose.yml")["services"]
    config = _read(CONFIG)

    assert list(problems(config, services)) == []
    assert [job["job_name"] for job in config["scrape_configs"]] == ["stagestream"]


@pytest.mark.parametrize(
    ("right", "wrong", "problem"),
    [
        ("metrics_path:", "metric_path:", "unknown key metric_path"),
        ("scrape_interval: 15s", "scrape_interval: often", "scrape_interval: no duration"),
        ("worker:6066", "worker:6067", "nobody listens at worker:6067"),
        ("scrape_configs:", "rule_file: x\nscrape_configs:", "unknown key rule_file"),
    ],
)
def test_a_broken_copy_is_noticed(right: str, wrong: str, problem: str, tmp_path: Path) -> None:
    services = _read(ROOT / "docker-compose.yml")["services"]
    broken = tmp_path / "prometheus.yml"
    broken.write_text(CONFIG.read_text().replace(right, wrong))

    assert list(problems(_read(broken), services)) == [problem]


@pytest.mark.skipif(shutil.which("promtool") is None, reason="promtool is not here")
def test_promtool_accepts_it() -> None:
    answer = subprocess.run(
        ["promtool", "check", "config", str(CONFIG)], capture_output=True, text=True, check=False
    )

    assert answer.returncode == 0, answer.stderr
