"""Settings: which source wins, and that every mistake is told at once with a way out."""

from __future__ import annotations

from pathlib import Path

import pytest

from streams import settings
from streams.settings import SettingsError, load


@pytest.fixture(autouse=True)
def _clean_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, _ in settings.names():
        monkeypatch.delenv(name, raising=False)


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    file = tmp_path / "stagestream.toml"
    monkeypatch.setenv("STAGESTREAM_CONFIG", str(file))
    return file


@pytest.fixture
def secrets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path / "secrets"
    folder.mkdir()
    monkeypatch.setenv("STAGESTREAM_SECRETS_DIR", str(folder))
    return folder


def _refusal(**given: object) -> list[str]:
    with pytest.raises(SettingsError) as refused:
        load(**given)
    return refused.value.problems


def test_defaults_are_those_of_the_reference() -> None:
    found = load()

    assert found.bootstrap_servers == "localhost:9092"
    assert found.policy == "saas"
    assert found.deployment == "stagestream"
    assert found.input.topic == "product-events"
    assert found.input.max_future.ms == 3_600_000
    assert found.engine.slice_records == 2000
    assert found.web.bind == "127.0.0.1"


def test_command_line_wins_over_environment_over_secret_file_over_toml(
    config: Path, secrets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config.write_text('policy = "toml"\napp_id = "toml"\ntopic_prefix = "toml"\nbootstrap_servers = "toml"\n')
    for name in ("POLICY", "APP_ID", "TOPIC_PREFIX"):
        (secrets / f"STAGESTREAM_{name}").write_text("secret")
    monkeypatch.setenv("STAGESTREAM_POLICY", "environment")
    monkeypatch.setenv("STAGESTREAM_APP_ID", "environment")

    found = load(policy="command-line")

    assert (found.policy, found.app_id, found.topic_prefix, found.bootstrap_servers) == (
        "command-line",
        "environment",
        "secret",
        "toml",
    )


def test_deployment_is_the_app_id_unless_named() -> None:
    assert load(app_id="b2b").deployment == "b2b"
    assert load(app_id="b2b", deployment="eu-prod").deployment == "eu-prod"


def test_nested_secret_files_are_read(secrets: Path) -> None:
    (secrets / "stagestream_security__password").write_text("hunter2")

    password = load().security.password

    assert password is not None
    assert password.get_secret_value() == "hunter2"


def test_secrets_are_never_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGESTREAM_SECURITY__PASSWORD", "hunter2")
    monkeypatch.setenv("STAGESTREAM_LOG__SALT", "pepper")

    text = repr(load()) + load().model_dump_json()

    assert "hunter2" not in text
    assert "pepper" not in text


def test_words_are_separated_by_commas_in_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGESTREAM_INPUT__KINDS", "track, page")

    assert load().input.kinds == ("track", "page")


def test_words_are_lists_in_toml(config: Path) -> None:
    config.write_text('[input]\nkinds = ["track", "screen"]\nmax_future = "5 minutes"\n')

    found = load().input

    assert found.kinds == ("track", "screen")
    assert found.max_future.ms == 300_000


@pytest.mark.parametrize(
    ("name", "guess"),
    [("STAGESTREAM_POLCY", "STAGESTREAM_POLICY"), ("STAGESTREAM_INPUT__TOPCS", "STAGESTREAM_INPUT__TOPICS")],
)
def test_misspelt_name_is_refused_with_a_guess(
    name: str, guess: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(name, "x")

    assert _refusal() == [f"{name}: unknown setting (environment)\n  try:      {guess}"]


def test_misspelt_secret_file_is_refused(secrets: Path) -> None:
    (secrets / "STAGESTREAM_SECURITY__PASWORD").write_text("x")

    [problem] = _refusal()

    assert problem.startswith("STAGESTREAM_SECURITY__PASWORD: unknown setting")
    assert problem.endswith("try:      STAGESTREAM_SECURITY__PASSWORD")


def test_other_secret_files_are_nobodys_business(secrets: Path) -> None:
    (secrets / "another-service.key").write_text("x")

    assert load().policy == "saas"


def test_misspelt_key_in_toml_is_refused(config: Path) -> None:
    config.write_text("[engine]\nslice_recrods = 5\n")

    [problem] = _refusal()

    assert problem.startswith("STAGESTREAM_ENGINE__SLICE_RECRODS: unknown setting")
    assert problem.endswith("try:      STAGESTREAM_ENGINE__SLICE_RECORDS")


def test_every_mistake_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGESTREAM_WEB__PORT", "web")
    monkeypatch.setenv("STAGESTREAM_ENGINE__TIME", "recrds")
    monkeypatch.setenv("STAGESTREAM_INPUT__MAX_FUTURE", "1 huor")
    monkeypatch.setenv("STAGESTREAM_INPUT__TOPICS", "a,b")
    monkeypatch.setenv("STAGESTREAM_POLCY", "saas")

    problems = _refusal(app_id="not an id")

    assert problems == [
        "STAGESTREAM_APP_ID\n  expected: match pattern '^[A-Za-z0-9._-]+$'\n  found:    not an id",
        (
            "STAGESTREAM_INPUT__TOPICS\n"
            "  expected: exactly one topic: a user's events have their order in one partition\n"
            "  found:    a,b"
        ),
        (
            "STAGESTREAM_INPUT__MAX_FUTURE\n"
            "  expected: a duration such as 30 minutes, 48 hours, 7 days, 2 weeks or P7D\n"
            "  found:    1 huor"
        ),
        "STAGESTREAM_ENGINE__TIME\n  expected: 'freeze', 'records' or 'wall'\n  found:    recrds",
        (
            "STAGESTREAM_WEB__PORT\n"
            "  expected: a valid integer, unable to parse string as an integer\n"
            "  found:    web"
        ),
        "STAGESTREAM_POLCY: unknown setting (environment)\n  try:      STAGESTREAM_POLICY",
    ]


def test_a_wrong_secret_is_not_shown(monkeypatch: pytest.MonkeyPatch, config: Path) -> None:
    config.write_text("[security]\npassword = 12345\n")

    [problem] = _refusal()

    assert problem.startswith("STAGESTREAM_SECURITY__PASSWORD")
    assert "12345" not in problem


def test_sasl_without_a_name_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STAGESTREAM_SECURITY__PROTOCOL", "SASL_SSL")

    assert _refusal() == ["STAGESTREAM_SECURITY\n  expected: SASL_SSL needs mechanism, username and password"]


def test_certificate_without_key_is_refused() -> None:
    [problem] = _refusal(security={"protocol": "SSL", "certificate_file": "worker.pem"})

    assert "belong together" in problem


def test_missing_files_are_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("STAGESTREAM_CONFIG", str(tmp_path / "none.toml"))
    monkeypatch.setenv("STAGESTREAM_SECRETS_DIR", str(tmp_path / "none"))

    assert _refusal() == [
        f"STAGESTREAM_CONFIG: no such file\n  found:    {tmp_path / 'none.toml'}",
        f"STAGESTREAM_SECRETS_DIR: no such directory\n  found:    {tmp_path / 'none'}",
    ]


def test_a_file_that_is_not_toml_is_named(config: Path) -> None:
    config.write_text("policy: saas\n")

    [problem] = _refusal()

    assert problem.startswith("STAGESTREAM_CONFIG: not TOML: ")


@pytest.mark.parametrize("bind", ["127.0.0.1:17777", "worker-1:6066"])
def test_port_where_only_a_host_is_expected_is_refused_with_what_to_try(
    monkeypatch: pytest.MonkeyPatch, bind: str
) -> None:
    host, port = bind.split(":")
    monkeypatch.setenv("STAGESTREAM_WEB__BIND", bind)
    [problem] = _refusal()
    assert problem.startswith("STAGESTREAM_WEB__BIND\n  expected: a host or address without a port")
    assert f"try:      STAGESTREAM_WEB__BIND={host}" in problem
    assert f"STAGESTREAM_WEB__PORT={port}" in problem
    assert f"found:    {bind}" in problem


@pytest.mark.parametrize("bind", ["0.0.0.0", "::", "::1", "localhost"])  # noqa: S104 -- only read
def test_host_or_address_is_taken(monkeypatch: pytest.MonkeyPatch, bind: str) -> None:
    monkeypatch.setenv("STAGESTREAM_WEB__BIND", bind)
    assert load().web.bind == bind


@pytest.mark.parametrize(
    "token", ["", "short-secret", "31-characters-are-not-yet-enoug", "with a space " * 5, "ü" * 40]
)
def test_token_that_can_be_guessed_or_not_sent_is_refused_without_showing_it(
    token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STAGESTREAM_WEB__TOKEN", token)

    [problem] = _refusal()

    assert problem.startswith(
        "STAGESTREAM_WEB__TOKEN\n  expected: 32 or more ASCII characters without spaces"
    )
    assert not token or token not in problem


def test_token_of_a_secret_file_is_never_printed(secrets: Path) -> None:
    token = "0123456789abcdef0123456789abcdef"
    (secrets / "STAGESTREAM_WEB__TOKEN").write_text(token + "\n")

    found = load()

    assert found.web.token is not None
    assert found.web.token.get_secret_value() == token
    assert token not in repr(found)
