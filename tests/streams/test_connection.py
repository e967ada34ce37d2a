"""What kafka-python is told about security."""

from __future__ import annotations

from pathlib import Path

from streams.connection import connection
from streams.settings import Settings


def test_several_servers_are_a_list() -> None:
    arguments = connection(Settings(bootstrap_servers="a:9092,b:9092"))

    assert arguments["bootstrap_servers"] == ["a:9092", "b:9092"]
    assert arguments["security_protocol"] == "PLAINTEXT"


def test_password_and_certificate_arrive(tmp_path: Path) -> None:
    arguments = connection(
        Settings(
            security={
                "protocol": "SASL_SSL",
                "mechanism": "SCRAM-SHA-512",
                "username": "worker",
                "password": "hunter2",
                "ca_file": tmp_path / "ca.pem",
            }
        )
    )

    assert arguments["sasl_mechanism"] == "SCRAM-SHA-512"
    assert arguments["sasl_plain_username"] == "worker"
    assert arguments["sasl_plain_password"] == "hunter2"
    assert arguments["ssl_cafile"] == tmp_path / "ca.pem"


def test_nothing_is_sent_without_sasl() -> None:
    arguments = connection(Settings(security={"username": "worker", "password": "hunter2"}))

    assert not any(name.startswith("sasl") for name in arguments)
