"""docker-compose.yml: checked by Compose itself, without a daemon, and against what it speaks of."""

from __future__ import annotations

import json
import re
import subprocess
from importlib import resources
from pathlib import Path
from typing import Any

import pytest

from streams import settings
from tests.kafka import apache

ROOT = Path(__file__).parents[2]
COMPOSE = resources.files("compose") / "docker-compose"  # the package's own script returns 0 even on errors


def _compose(file: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [
        str(COMPOSE),
        "--file",
        str(file),
        "--project-directory",
        str(ROOT),
        "--profile",
        "*",
        *arguments,
    ]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.fixture(scope="module")
def services() -> dict[str, dict[str, Any]]:
    answer = _compose(ROOT / "docker-compose.yml", "config", "--format", "json")
    found: dict[str, dict[str, Any]] = json.loads(answer.stdout)["services"]
    return found


def test_compose_accepts_it() -> None:
    answer = _compose(ROOT / "docker-compose.yml", "config", "--quiet")

    assert answer.returncode == 0, answer.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("stop_grace_period:", "stop_grace:"),
        ("condition: service_healthy", "condition: service_happy"),
        ("      kafka:\n        condition", "      kafak:\n        condition"),
        ("127.0.0.1:6066:6066", "127.0.0.1:6066:web"),
    ],
)
def test_compose_refuses_a_broken_copy(right: str, wrong: str, tmp_path: Path) -> None:
    text = (ROOT / "docker-compose.yml").read_text()
    assert right in text
    broken = tmp_path / "docker-compose.yml"
    broken.write_text(text.replace(right, wrong, 1))

    assert _compose(broken, "config", "--quiet").returncode != 0


def test_every_port_is_published_on_the_loopback_address_only(services: dict[str, dict[str, Any]]) -> None:
    published = [port for service in services.values() for port in service.get("ports", [])]

    assert {port["target"] for port in published} == {9092, 6066, 9090}
    assert {port["host_ip"] for port in published} == {"127.0.0.1"}


def test_every_setting_is_one_that_we_know(services: dict[str, dict[str, Any]]) -> None:
    known = {name for name, _ in settings.names()}
    named = {name for service in services.values() for name in service.get("environment", {})}
    ours = {name for name in named if name.startswith(settings.PREFIX)}

    assert settings.PREFIX + "BOOTSTRAP_SERVERS" in ours
    assert ours <= known


def test_kafka_is_the_version_that_the_broker_tests_run_on(services: dict[str, dict[str, Any]]) -> None:
    assert services["kafka"]["image"] == f"apache/kafka:{apache.version()}"


def test_kafka_makes_no_topic_by_itself_and_keeps_its_data(services: dict[str, dict[str, Any]]) -> None:
    kafka = services["kafka"]

    assert kafka["environment"]["KAFKA_AUTO_CREATE_TOPICS_ENABLE"] == "false"
    assert kafka["environment"]["KAFKA_LOG_DIRS"] in {volume["target"] for volume in kafka["volumes"]}


def test_whoever_uses_the_topics_waits_for_them(services: dict[str, dict[str, Any]]) -> None:
    for name in ("worker", "produce", "crm"):
        assert services[name]["depends_on"]["topics"]["condition"] == "service_completed_successfully", name


def test_the_worker_can_change_nothing_but_its_own_folder(services: dict[str, dict[str, Any]]) -> None:
    worker = services["worker"]

    assert worker["read_only"] is True
    assert worker["cap_drop"] == ["ALL"]
    assert worker["security_opt"] == ["no-new-privileges:true"]


def test_mounted_files_are_there(services: dict[str, dict[str, Any]]) -> None:
    mounts = [
        volume["source"]
        for service in services.values()
        for volume in service.get("volumes", [])
        if volume["type"] == "bind"
    ]

    assert len(mounts) >= 3
    assert [mount for mount in mounts if not Path(mount).exists()] == []


def test_produced_file_and_crm_are_in_the_mounted_folder(services: dict[str, dict[str, Any]]) -> None:
    words = [*services["produce"]["command"], *services["crm"]["entrypoint"]]
    files = [word for word in words if word.startswith("/examples/")]

    assert len(files) == 2
    assert [file for file in files if not (ROOT / file[1:]).exists()] == []


def test_advertised_listeners_are_listeners(services: dict[str, dict[str, Any]]) -> None:
    kafka = services["kafka"]["environment"]

    def names(key: str) -> set[str]:
        return set(re.findall(r"(\w+)://", kafka[key]))

    assert names("KAFKA_ADVERTISED_LISTENERS") < names("KAFKA_LISTENERS")
    assert kafka["KAFKA_INTER_BROKER_LISTENER_NAME"] in names("KAFKA_ADVERTISED_LISTENERS")
    assert (
        services["worker"]["environment"]["STAGESTREAM_BOOTSTRAP_SERVERS"]
        in kafka["KAFKA_ADVERTISED_LISTENERS"]
    )
