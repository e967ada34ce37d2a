"""Which broker is chosen, and that nothing is chosen silently."""

from __future__ import annotations

import pytest

from tests.kafka import apache, provider


@pytest.fixture(autouse=True)
def _nothing_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("STAGESTREAM_BOOTSTRAP_SERVERS", raising=False)
    monkeypatch.delenv("TEST_BROKER", raising=False)


def test_a_broker_that_is_given_wins(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGESTREAM_BOOTSTRAP_SERVERS", "kafka:9092")

    with provider.broker() as broker:
        assert (broker.kind, broker.bootstrap_servers) == ("given", "kafka:9092")


def test_apache_kafka_where_java_and_maven_are(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apache, "is_possible", lambda: True)

    assert provider.planned() == ("apache", f"Apache Kafka {apache.version()}")


def test_else_the_embedded_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apache, "is_possible", lambda: False)

    assert provider.planned() == ("embedded", "embedded broker (noida-db 0.2.3)")


def _cannot() -> str:
    raise apache.ApacheKafkaError("no route to Maven")


def test_where_maven_fails_the_embedded_one_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(apache, "is_possible", lambda: True)
    monkeypatch.setattr(apache, "classpath", _cannot)

    assert provider.prepare() == ("embedded", "embedded broker (noida-db 0.2.3), because no route to Maven")


def test_apache_kafka_that_was_asked_for_is_not_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TEST_BROKER", "apache")
    monkeypatch.setattr(apache, "classpath", _cannot)

    with pytest.raises(apache.ApacheKafkaError):
        provider.prepare()


def test_without_java_there_is_no_apache_kafka(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not apache.is_possible()
    with pytest.raises(apache.ApacheKafkaError, match="needs Java 17 and Maven"):
        apache.classpath()
