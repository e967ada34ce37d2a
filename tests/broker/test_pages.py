"""A user's page on running workers: who may see it, whose it is, and that it says what the command says."""

from __future__ import annotations

import http.client
import json
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote
from uuid import uuid4

import pytest
from aiohttp.test_utils import make_mocked_request
from pydantic import SecretStr
from typer.testing import CliRunner

from stage_models.policy import load
from streams import settings as all_settings
from streams import topics
from streams.app import build_app
from streams.cli import app
from streams.policy_files import read_policy
from streams.settings import EngineSettings, Settings, WebSettings
from tests import workers
from tests.kafka.provider import Broker
from tests.streams.pages.reading import read, rows, tables, text
from tests.workers import Worker

pytestmark = [pytest.mark.broker, pytest.mark.timeout(120)]

TOKEN = "correct-horse-battery-staple-1234567"
BEARER = {"Authorization": f"Bearer {TOKEN}"}
STRANGE = [
    "a/b",
    "/",
    "..",
    "100%",
    "a%2Fb",
    "Jürgen",
    "😀",
    "<script>alert(1)</script>",
    "\"'&amp;",
    "a b+c",
    "a?format=html#b",
    "ann.json",
]
USERS = ["ann", "bob", "cleo", "dan", *STRANGE]
LATER = "2026-01-12T00:00:00Z"


class Reply(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def ask(worker: Worker, path: str, headers: dict[str, str] | None = None) -> Reply:
    connection = http.client.HTTPConnection("127.0.0.1", worker.port, timeout=10)
    try:
        connection.request("GET", path, headers=headers or {})
        reply = connection.getresponse()
        return Reply(reply.status, dict(reply.getheaders()), reply.read())
    finally:
        connection.close()


def address(user_id: str, query: str = "") -> str:
    return f"/users/{quote(user_id, safe='')}{query}"


def explained(worker: Worker, user_id: str, at: str = LATER) -> Reply:
    return ask(worker, address(user_id, f"?format=json&at={at}"), BEARER)


def deployment(broker: Broker, folder: Path, partitions: int) -> tuple[Settings, Path]:
    """A deployment with a token, whose users have written their events; and these events."""
    secrets = folder / "secrets"
    secrets.mkdir()
    (secrets / "STAGESTREAM_WEB__TOKEN").write_text(TOKEN)
    name = f"test-{uuid4().hex[:8]}"
    settings = all_settings.load(
        bootstrap_servers=broker.bootstrap_servers,
        app_id=name,
        topic_prefix=f"{name}.",
        input={"topics": (f"{name}.product-events",)},
        engine={"time": "records"},
        log={"level": "debug"},
    ).model_copy(update={"secrets_dir": secrets})
    topics.create(settings, partitions, replication=1)
    events = folder / "events.jsonl"
    events.write_text("".join(json.dumps(event) + "\n" for event in history()))
    produced = CliRunner().invoke(app, ["produce", str(events)], env=workers.environment(settings))
    assert produced.exit_code == 0, produced.stderr
    return settings, events


def history() -> Iterator[dict[str, Any]]:
    """Everybody signs up and works on several days, some more than others."""
    for hour in range(0, 8 * 24, 12):
        for number, user_id in enumerate(USERS):
            if hour == 0 or (hour // 12 + number) % (number % 5 + 1) == 0:
                yield {
                    "messageId": f"{user_id}-{hour}",
                    "userId": user_id,
                    "event": "Report Exported" if hour else "Signed Up",
                    "timestamp": f"2026-01-{1 + hour // 24:02d}T{hour % 24:02d}:{number:02d}:00Z",
                }


def has_applied_all(worker: Worker) -> bool:
    return worker.is_ready and worker.metrics().get("stagestream_records_total", 0) >= len(list(history()))


@pytest.fixture(scope="module")
def place(broker: Broker, tmp_path_factory: pytest.TempPathFactory) -> tuple[Settings, Path]:
    return deployment(broker, tmp_path_factory.mktemp("pages"), 2)


@pytest.fixture(scope="module")
def worker(place: tuple[Settings, Path], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Worker]:
    log = tmp_path_factory.mktemp("pages") / "worker.log"
    with workers.worker(place[0], log) as running:
        workers.wait_until(lambda: has_applied_all(running), f"all is applied; {running.said()}", 60)
        yield running


@pytest.mark.parametrize("user_id", USERS)
def test_the_worker_says_what_the_command_says_from_the_same_events(
    worker: Worker, place: tuple[Settings, Path], user_id: str
) -> None:
    settings, events = place
    options = ["--events", str(events), "--user", user_id, "--at", LATER, "--format", "json"]
    printed = CliRunner().invoke(app, ["explain", *options], env=workers.environment(settings))
    reply = explained(worker, user_id)
    assert (reply.status, reply.headers["Content-Type"]) == (200, "application/json")
    assert json.loads(reply.body)["user_id"] == user_id
    assert reply.body == printed.stdout_bytes


@pytest.mark.parametrize("user_id", USERS)
def test_the_page_shows_the_id_as_it_is(worker: Worker, user_id: str) -> None:
    reply = ask(worker, address(user_id), BEARER)
    page = read(reply.body.decode())
    assert (reply.status, reply.headers["Content-Type"]) == (200, "text/html; charset=utf-8")
    assert [text(heading) for heading in page.iter("h1")] == [f"User {user_id}"]
    assert list(page.iter("script")) == []


def test_the_page_has_what_the_document_has(worker: Worker) -> None:
    page = read(ask(worker, address("ann", f"?at={LATER}"), BEARER).body.decode())
    document = json.loads(explained(worker, "ann").body)
    headings = [
        f"{'Why in' if membership['is_on'] else 'Why not in'} {membership['kind']} {membership['name']}"
        for membership in document["memberships"]
    ]
    shown = [
        text(heading).replace(f"Below {document['stage']}, also holding:", "Why in")
        for heading in page.iter("h3")
    ]
    assert sorted(shown) == sorted(headings)
    assert len(rows(tables(page)["If nothing happens"])) == len(document["next"]) > 0


def test_asking_for_a_later_instant_changes_nothing(worker: Worker) -> None:
    before = explained(worker, "ann")
    later = explained(worker, "ann", "2026-06-01")
    assert json.loads(later.body)["stage"] == "churned" != json.loads(before.body)["stage"]
    assert explained(worker, "ann") == before


def test_without_an_instant_it_is_as_far_as_the_worker_is(worker: Worker) -> None:
    document = json.loads(ask(worker, address("ann", "?format=json"), BEARER).body)
    assert "2026-01-08T12:00:00.000Z" <= document["at"] <= "2026-01-09T00:00:00.000Z"


@pytest.mark.parametrize("at", ["tomorrow", "2025-12-31", "2028-01-01", "2026-01-12T00:00:00+01:00"])
def test_an_instant_that_cannot_be_explained_is_refused_with_words(worker: Worker, at: str) -> None:
    reply = explained(worker, "ann", at)
    assert reply.status == 400
    assert len(json.loads(reply.body)["error"]) > 20


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": "Bearer wrong"},
        {"Authorization": "Bearer \xff"},
        {"Authorization": f"Basic {b64encode(b'me:wrong').decode()}"},
    ],
)
def test_nobody_sees_anything_without_the_token(worker: Worker, headers: dict[str, str]) -> None:
    replies = [ask(worker, address(user_id), headers) for user_id in ("ann", "nobody")]
    assert [reply.status for reply in replies] == [401, 401]
    assert replies[0].headers["WWW-Authenticate"].startswith("Basic ")
    assert replies[0].body == replies[1].body


def test_a_browser_sends_the_token_as_a_password(worker: Worker) -> None:
    credentials = b64encode(f"me:{TOKEN}".encode()).decode()
    assert ask(worker, address("ann"), {"Authorization": f"Basic {credentials}"}).status == 200


def test_an_unknown_user_is_said_to_be_unknown(worker: Worker) -> None:
    as_json = explained(worker, "nobody")
    as_page = ask(worker, address("nobody"), BEARER)
    assert (as_json.status, as_page.status) == (404, 404)
    assert "No event of a user with this id" in json.loads(as_json.body)["error"]
    assert "No event of a user with this id" in text(read(as_page.body.decode()))


def test_every_answer_is_kept_from_caches_frames_and_other_sites(worker: Worker) -> None:
    for headers, path in ((BEARER, "ann"), (BEARER, "nobody"), ({}, "ann")):
        found = ask(worker, address(path), headers).headers
        assert found["Cache-Control"] == "no-store"
        assert found["Content-Security-Policy"].startswith("default-src 'none';")
        assert found["Referrer-Policy"] == "no-referrer"
        assert found["X-Content-Type-Options"] == "nosniff"


def test_the_log_has_the_access_but_neither_token_nor_user(worker: Worker) -> None:
    for user_id in USERS:
        ask(worker, address(user_id), BEARER)
    ask(worker, address("ann"))
    lines = [json.loads(line) for line in worker.log.read_text().splitlines()]
    asked = [line for line in lines if line["event"] == "a page was asked for"]
    assert {200, 401} <= {line["status"] for line in asked}
    assert {line["remote"] for line in asked} == {"127.0.0.1"}
    values = [value for line in asked for value in line.values()]
    assert not set(USERS) & set(values)
    assert TOKEN not in worker.log.read_text()
    assert "/users/" not in worker.log.read_text()


def test_another_workers_user_is_told_with_who_holds_him(broker: Broker, tmp_path: Path) -> None:
    settings, _ = deployment(broker, tmp_path, 4)
    named = (
        settings.model_copy(update={"engine": EngineSettings(time="records", member_id=n)}) for n in "ab"
    )
    with (
        workers.worker(next(named), tmp_path / "a.log") as a,
        workers.worker(next(named), tmp_path / "b.log") as b,
    ):
        workers.wait_until(
            lambda: all(
                w.metrics().get("stagestream_assigned_partitions") == 2 and w.is_ready for w in (a, b)
            ),
            f"both have their half; {a.said()}",
            60,
        )
        workers.wait_until(lambda: workers.has_committed_all(settings, 4), "all is applied", 60)
        for user_id in USERS:
            by_status = {reply.status: reply for reply in (explained(a, user_id), explained(b, user_id))}
            assert set(by_status) == {200, 421}
            owner = "a" if explained(a, user_id).status == 200 else "b"
            told = json.loads(by_status[421].body)
            assert (told["worker"], told["partition"] in range(4)) == (f"{owner} at 127.0.0.1", True)
            assert told["error"].endswith(f"which another worker holds: {owner} at 127.0.0.1.")
        assert (a.stop(), b.stop()) == (0, 0)


async def test_while_partitions_are_recovered_one_is_asked_to_come_back(place: tuple[Settings, Path]) -> None:
    web = WebSettings(token=SecretStr(TOKEN))
    settings = place[0].model_copy(update={"web": web})
    served = build_app(settings, load(*read_policy(settings.policy)))
    [view] = [view for path, view in served.web.views.items() if path.startswith("/users/")]
    reply = await view(make_mocked_request("GET", "/users/ann", BEARER, match_info={"user_id": "ann"}))
    assert reply.status == 503
    assert reply.headers["Retry-After"] == "5"
