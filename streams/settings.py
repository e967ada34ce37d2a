"""Every setting, in one model.

A setting comes from the first of: the command line, the environment (`STAGESTREAM_INPUT__TOPICS`), a file of
that name in STAGESTREAM_SECRETS_DIR, the TOML file that STAGESTREAM_CONFIG names (`[input]`, `topics = ...`),
the default. `load` is the way in: it refuses what it does not know, because a misspelt name that is silently
ignored leaves a default in its place.
"""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    SecretStr,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails
from pydantic_settings import (
    BaseSettings,
    NestedSecretsSettingsSource,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

from stage_models.policy.problems import did_you_mean
from stage_models.terms import Duration

PREFIX = "STAGESTREAM_"

PLACEHOLDERS = (
    "anon",
    "anonymous",
    "nil",
    "none",
    "null",
    "nan",
    "n/a",
    "na",
    "undefined",
    "unknown",
    "true",
    "false",
    "0",
    "-1",
    "[object object]",
    "",
    "00000000-0000-0000-0000-000000000000",
)
"""User ids that no user has: one "null" user would otherwise be the biggest power user."""


class SettingsError(Exception):
    """The settings cannot be used. `problems` has one text for each mistake."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = problems
        super().__init__("\n\n".join(problems))


def _split(value: object) -> object:
    return [word.strip() for word in value.split(",")] if isinstance(value, str) else value


Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_split)]
"""Several words, in the environment separated by commas."""

Kind = Literal["track", "identify", "alias", "group", "page", "screen"]


class _Group(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class InputSettings(_Group):
    """What is read and what of it counts; `replay` and `explain` read these too, so that they judge alike."""

    topics: Words = ("product-events",)
    dialect: Literal["auto", "segment"] = "auto"
    kinds: Annotated[tuple[Kind, ...], NoDecode, BeforeValidator(_split)] = (
        "track",
        "identify",
        "alias",
        "group",
        "page",
        "screen",
    )
    placeholders: Words = PLACEHOLDERS
    max_future: Duration = Duration("1 hour")
    max_value_bytes: int = Field(1_048_576, gt=0)
    partitioner: Literal["murmur2", "crc32", "any"] = "murmur2"

    @field_validator("topics")
    @classmethod
    def _one_topic(cls, topics: tuple[str, ...]) -> tuple[str, ...]:
        if len(topics) != 1 or not topics[0]:
            raise ValueError("exactly one topic: a user's events have their order in one partition")
        return topics

    @property
    def topic(self) -> str:
        """The topic that the engine reads."""
        return self.topics[0]


class OutputSettings(_Group):
    """How output records name themselves."""

    type_prefix: str = "io.stagestream"
    schema_base: str = "urn:stagestream:schema"
    replay: bool = False  # marks what is written while history is loaded


class DeadLetterSettings(_Group):
    """When a source is so bad as a whole that the worker stops."""

    max_run: int = Field(1_000, gt=0)
    max_ratio: float = Field(0.5, gt=0, le=1)


class EngineSettings(_Group):
    """The data path: sizes, rhythm and what stands for time."""

    slice_records: int = Field(2_000, gt=0)
    commit_seconds: float = Field(1.0, gt=0)
    time: Literal["freeze", "records", "wall"] = "freeze"
    freeze_after: Duration = Duration("1 hour")
    watchdog_seconds: float = Field(120.0, gt=0)
    member_id: str | None = None  # static membership: set it to the pod's name
    member_timeout_seconds: float = Field(15.0, gt=0)
    start_from_now: bool = False  # accept a policy that asks what was not remembered


class SecuritySettings(_Group):
    """How to speak to Kafka. Host names are always verified."""

    protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None = None
    username: str | None = None
    password: SecretStr | None = None
    ca_file: Path | None = None
    certificate_file: Path | None = None
    key_file: Path | None = None
    key_password: SecretStr | None = None

    @model_validator(mode="after")
    def _complete(self) -> SecuritySettings:
        if self.uses_sasl and None in (self.mechanism, self.username, self.password):
            raise ValueError(f"{self.protocol} needs mechanism, username and password")
        if (self.certificate_file is None) != (self.key_file is None):
            raise ValueError("certificate_file and key_file belong together")
        return self

    @property
    def uses_sasl(self) -> bool:
        """Whether a name and a password are sent."""
        return self.protocol.startswith("SASL")

    @property
    def uses_tls(self) -> bool:
        """Whether the connection is encrypted."""
        return self.protocol.endswith("SSL")


class WebSettings(_Group):
    """Where metrics, health and pages are served, and to whom."""

    enabled: bool = True
    bind: str = "127.0.0.1"
    port: int = Field(6066, ge=0, le=65_535)
    token: SecretStr | None = None  # of pages about single users; None: there are none

    @field_validator("token")
    @classmethod
    def _hard_to_guess(cls, token: SecretStr | None) -> SecretStr | None:
        if token is not None and not re.fullmatch("[!-~]{32,}", token.get_secret_value()):
            raise ValueError(
                "32 or more ASCII characters without spaces\n  try:      openssl rand -base64 33"
            )
        return token

    @field_validator("bind")
    @classmethod
    def _only_a_host(cls, bind: str) -> str:
        host, colon, port = bind.rpartition(":")
        if colon and ":" not in host and port.isdigit():
            raise ValueError(
                f"a host or address without a port\n  try:      {PREFIX}WEB__BIND={host}\n"
                f"            {PREFIX}WEB__PORT={port}"
            )
        return bind


class LogSettings(_Group):
    """What the log looks like; user ids appear in it only as a hash salted with `salt`."""

    level: Literal["debug", "info", "warning", "error"] = "info"
    format: Literal["auto", "console", "json"] = "auto"
    salt: SecretStr = SecretStr("")


class Settings(BaseSettings):
    """All settings of one deployment: one policy, one input topic, one set of output topics."""

    model_config = SettingsConfigDict(
        env_prefix=PREFIX, env_nested_delimiter="__", extra="forbid", frozen=True
    )

    config: Path | None = None
    secrets_dir: Path | None = None
    bootstrap_servers: str = "localhost:9092"
    policy: str = "saas"
    app_id: str = Field("stagestream", pattern=r"^[A-Za-z0-9._-]+$")
    topic_prefix: str = Field("stagestream.", pattern=r"^[A-Za-z0-9._-]*$")
    deployment: str = Field(default_factory=lambda data: data.get("app_id", ""))
    input: InputSettings = InputSettings()
    output: OutputSettings = OutputSettings()
    dead_letters: DeadLetterSettings = DeadLetterSettings()
    engine: EngineSettings = EngineSettings()
    security: SecuritySettings = SecuritySettings()
    web: WebSettings = WebSettings()
    log: LogSettings = LogSettings()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 -- the signature is pydantic's
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The sources in their order. Plain `secrets_dir` would ignore the files of nested groups."""
        given = init_settings()
        sources = [init_settings, env_settings]
        if secrets_dir := given.get("secrets_dir") or os.environ.get(PREFIX + "SECRETS_DIR"):
            sources.append(
                NestedSecretsSettingsSource(
                    file_secret_settings, secrets_dir=secrets_dir, secrets_nested_delimiter="__"
                )
            )
        if config := given.get("config") or os.environ.get(PREFIX + "CONFIG"):
            sources.append(TomlConfigSettingsSource(settings_cls, Path(config)))
        return tuple(sources)


def names(model: type[BaseModel] = Settings, prefix: str = PREFIX) -> Iterator[tuple[str, FieldInfo]]:
    """Every setting by its name in the environment, with its field."""
    for field_name, field in model.model_fields.items():
        name = prefix + field_name.upper()
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            yield from names(field.annotation, name + "__")
        else:
            yield name, field


def load(**given: Any) -> Settings:
    """The settings; `given` are those of the command line and win.

    Raises SettingsError with every problem at once.
    """
    problems = dict(_unknown(os.environ, "environment"))
    secrets_dir = given.get("secrets_dir") or os.environ.get(PREFIX + "SECRETS_DIR")
    if missing := dict(_missing_files(given)):
        raise SettingsError(list((problems | missing).values()))
    if secrets_dir:
        problems |= _unknown((path.name for path in Path(secrets_dir).iterdir()), str(secrets_dir))
    try:
        settings = Settings(**given)
    except ValidationError as error:
        problems = dict(map(_describe, error.errors())) | problems
        problems.pop(PREFIX + "DEPLOYMENT", None)  # its default only fails when the app id has
    except tomllib.TOMLDecodeError as error:
        problems[PREFIX + "CONFIG"] = f"{PREFIX}CONFIG: not TOML: {error}"
    else:
        if not problems:
            return settings
    raise SettingsError(list(problems.values()))


def _missing_files(given: dict[str, Any]) -> Iterator[tuple[str, str]]:
    for field, exists, kind in (("config", Path.is_file, "file"), ("secrets_dir", Path.is_dir, "directory")):
        name = PREFIX + field.upper()
        if (path := given.get(field) or os.environ.get(name)) and not exists(Path(path)):
            yield name, f"{name}: no such {kind}\n  found:    {path}"


def _unknown(found: Iterable[str], place: str) -> Iterator[tuple[str, str]]:
    known = tuple(name for name, _ in names())
    for name in sorted(found):
        if name.upper().startswith(PREFIX) and name.upper() not in known:
            yield name, _unknown_name(name, place)


def _unknown_name(name: str, place: str) -> str:
    guess = did_you_mean(name, tuple(known for known, _ in names()))
    return f"{name}: unknown setting ({place})" + (f"\n  try:      {guess}" if guess else "")


def _describe(detail: ErrorDetails) -> tuple[str, str]:
    """The setting and the mistake that pydantic found in it, in the operator's words."""
    name = PREFIX + "__".join(str(part).upper() for part in detail["loc"])
    if detail["type"] == "extra_forbidden":
        return name, _unknown_name(name, "command line or file")
    expected = detail.get("ctx", {}).get("expected") or detail["msg"]
    expected = re.sub("^(Value error, |Input should be |String should )", "", str(expected))
    return name, f"{name}\n  expected: {expected}{_found(detail)}"


def _found(detail: ErrorDetails) -> str:
    is_secret = {"password", "key_password", "salt", "token"} & {str(part) for part in detail["loc"]}
    if is_secret or not isinstance(detail["input"], str | int | float):
        return ""
    return f"\n  found:    {detail['input']}"
