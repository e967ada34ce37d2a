"""What an input record comes to: an event, dropped for a reason, or a dead letter that names the field."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest

from stage_models.events import Event
from stage_models.instants import DAY, HOUR, parse_instant
from streams.codec import decoder
from streams.codec.records import BadRecord, Dropped
from streams.settings import PLACEHOLDERS, InputSettings

TIME = "2026-11-20T09:12:44.120Z"
AT = parse_instant(TIME)
RECORD_TIME = AT + 250

Outcome = Event | Dropped | BadRecord
Decode = Callable[..., Outcome]


def call(**fields: Any) -> dict[str, Any]:
    """A track call; fields that are None are left out."""
    full = {
        "messageId": "m-1",
        "type": "track",
        "event": "Report Exported",
        "userId": "u_1",
        "timestamp": TIME,
    }
    return {name: value for name, value in (full | fields).items() if value is not None}


def decoded(
    value: dict[str, Any] | bytes | None,
    *,
    key: bytes | None = b"u_1",
    record_time: int = RECORD_TIME,
    max_age_ms: int | None = None,
    **settings: Any,
) -> Outcome:
    data = json.dumps(value).encode() if isinstance(value, dict) else value
    return decoder(InputSettings(**settings), max_age_ms)(key, data, None, record_time)


def event(*args: Any, **kwargs: Any) -> Event:
    outcome = decoded(*args, **kwargs)
    assert isinstance(outcome, Event), outcome
    return outcome


def bad(*args: Any, **kwargs: Any) -> tuple[str, str]:
    outcome = decoded(*args, **kwargs)
    assert isinstance(outcome, BadRecord), outcome
    return outcome.reason, outcome.error


def test_a_track_call_becomes_an_event_with_everything_it_says() -> None:
    value = call(
        properties={"revenue": 12.5, "lines": 3, "tags": ["a", {"deep": True}]},
        receivedAt="2026-11-20T09:12:45Z",
        somethingElse={"is": "ignored"},
    )
    assert event(value) == Event(
        user_id="u_1",
        event_id="m-1",
        occurred_at=AT,
        name="Report Exported",
        kind="track",
        properties={"revenue": 12.5, "lines": 3, "tags": ["a", {"deep": True}]},
        received_at=parse_instant("2026-11-20T09:12:45Z"),
    )


def test_a_call_without_type_is_a_track_call_and_received_when_the_record_was_written() -> None:
    got = event(call(type=None))
    assert (got.kind, got.name, got.received_at) == ("track", "Report Exported", RECORD_TIME)


@pytest.mark.parametrize(("kind", "name"), [("page", "Page Viewed"), ("screen", "Screen Viewed")])
def test_pages_and_screens_are_named_events_and_keep_their_own_name_as_a_property(
    kind: str, name: str
) -> None:
    got = event(call(type=kind, event=None, name="Pricing", properties={"path": "/pricing"}))
    assert (got.kind, got.name) == (kind, name)
    assert got.properties == {"path": "/pricing", "name": "Pricing"}


def test_a_field_called_name_means_nothing_on_other_calls() -> None:
    assert event(call(name={"first": "Ann"})).properties == {}


def test_identify_tells_traits_and_is_no_named_event() -> None:
    value = call(
        type="identify", event=None, traits={"plan": "pro"}, context={"traits": {"plan": "free", "seats": 3}}
    )
    got = event(value)
    assert (got.kind, got.name, got.traits) == ("identify", None, {"plan": "pro", "seats": 3})


def test_group_tells_the_account_and_its_traits_are_not_the_users() -> None:
    got = event(call(type="group", event=None, groupId="acme", traits={"employees": 100}))
    assert (got.kind, got.name, got.group_id, got.traits) == ("group", None, "acme", {})


def test_the_context_tells_account_activity_and_consent() -> None:
    got = event(call(context={"groupId": 7, "active": False, "consent": {"email": True, "sms": False}}))
    assert (got.group_id, got.is_active, got.consent) == ("7", False, {"email": True, "sms": False})


def test_consent_is_also_read_from_where_consent_tools_put_it() -> None:
    got = event(call(context={"consent": {"categoryPreferences": {"Advertising": False}}}))
    assert got.consent == {"Advertising": False}


def test_a_whole_number_as_user_id_becomes_its_decimal_text() -> None:
    assert (
        event(call(userId=12345678901234567890), key=b"12345678901234567890").user_id
        == "12345678901234567890"
    )


def test_user_ids_are_never_trimmed_or_folded() -> None:
    assert event(call(userId=" Ümit "), key=" Ümit ".encode()).user_id == " Ümit "


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        ("2026-11-20T09:12:44.120Z", AT),
        ("2026-11-20T09:12:44.1209Z", AT),
        ("2026-11-20T09:12:44.120", AT),
        ("2026-11-20t09:12:44.120z", AT),
        ("2026-11-20T11:12:44.120+02:00", AT),
        ("2026-11-20", parse_instant("2026-11-20")),
        (AT, AT),
        (AT // 1000, AT // 1000 * 1000),
        (AT / 1000, AT),
    ],
)
def test_event_time_is_read_in_every_spelling(written: str | float, expected: int) -> None:
    assert event(call(timestamp=written)).occurred_at == expected


def test_the_senders_clock_is_corrected_when_no_collector_did_it() -> None:
    value = call(
        timestamp=None,
        originalTimestamp="2026-11-20T08:00:00Z",
        sentAt="2026-11-20T08:00:30Z",
        receivedAt="2026-11-20T09:12:44.120Z",
    )
    assert event(value).occurred_at == AT - 30_000


def test_the_correction_is_never_negative_and_never_applied_beside_a_timestamp() -> None:
    times = {
        "originalTimestamp": "2026-11-20T08:00:30Z",
        "sentAt": "2026-11-20T08:00:00Z",
        "receivedAt": "2026-11-20T09:12:44.120Z",
    }
    assert event(call(timestamp=None, **times)).occurred_at == AT
    assert event(call(timestamp="2026-11-20T07:00:00Z", **times)).occurred_at == parse_instant(
        "2026-11-20T07:00:00Z"
    )


def test_without_any_time_the_records_time_counts() -> None:
    assert event(call(timestamp=None, sentAt=TIME)).occurred_at == RECORD_TIME


def test_an_event_without_an_id_gets_one_made_of_what_it_says() -> None:
    made = event(call(messageId=None, properties={"b": 2, "a": 1})).event_id
    namespace = uuid5(NAMESPACE_URL, "urn:stagestream:event")
    assert made == str(uuid5(namespace, f'u_1\nReport Exported\n{TIME}\n{{"a":1,"b":2}}'))


def test_two_identify_calls_of_one_instant_do_not_share_an_id() -> None:
    pro, free = (
        event(call(messageId=None, type="identify", event=None, traits={"plan": plan}))
        for plan in ("pro", "free")
    )
    assert pro.event_id != free.event_id


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (None, "empty"),
        (b"", "empty"),
        (call(userId=None, anonymousId="a-1"), "anonymous"),
        (call(type="alias", event=None, previousId="a-1"), "merge_off"),
        (call(context={"library": {"name": "stagestream", "version": "1"}}), "own_event"),
    ],
)
def test_what_is_nobodys_mistake_is_dropped_for_its_reason(value: Any, reason: str) -> None:
    assert decoded(value) == Dropped(reason)  # type: ignore[arg-type]  # the closed list is what is tested


def test_kinds_can_be_switched_off() -> None:
    assert decoded(call(type="page", event=None), kinds="track,identify") == Dropped("kind_off")


def test_age_is_measured_against_the_records_time() -> None:
    assert decoded(call(), record_time=AT + DAY + 1, max_age_ms=DAY) == Dropped("too_old")
    assert isinstance(decoded(call(), record_time=AT + DAY, max_age_ms=DAY), Event)


def test_the_future_is_measured_against_the_records_time() -> None:
    assert bad(call(), record_time=AT - HOUR - 1)[0] == "future_timestamp"
    assert isinstance(decoded(call(), record_time=AT - HOUR), Event)


@pytest.mark.parametrize("user_id", [*PLACEHOLDERS, "NULL", "Undefined", 0, -1])
def test_an_id_that_stands_for_nobody_is_a_dead_letter(user_id: str | int) -> None:
    assert bad(call(userId=user_id), key=str(user_id).encode())[0] == "placeholder_id"


def test_an_anonymous_id_that_stands_for_nobody_is_no_id_at_all() -> None:
    assert bad(call(userId=None, anonymousId="null"))[0] == "no_user"
    assert bad(call(userId=None))[0] == "no_user"


@pytest.mark.parametrize("key", [None, b"", b"u_2"])
def test_a_key_that_is_not_the_user_id_needs_rekeying(key: bytes | None) -> None:
    assert bad(call(), key=key)[0] == "needs_rekey"


def test_a_batch_needs_rekeying() -> None:
    assert bad({"batch": [call()]})[0] == "needs_rekey"


def test_a_value_above_the_limit_is_too_large() -> None:
    assert bad(call(properties={"text": "x" * 1_048_576}))[0] == "too_large"


@pytest.mark.parametrize(
    "value",
    [
        b"not json",
        b"{",
        b"\x00\x00\x00\x00\x01abc",
        b'{"userId": "\xff"}',
        b'{"a": NaN}',
        b'{"userId":"\\ud800"}',
    ],
)
def test_what_is_no_json_text_is_unreadable(value: bytes) -> None:
    assert bad(value)[0] == "unreadable"


@pytest.mark.parametrize(
    "value",
    [
        b"[1, 2]",
        b'"text"',
        b"null",
        {"distinct_id": "u", "event": "x", "timestamp": TIME},
        {"event": "x", "properties": {"distinct_id": "u"}},
        {"event_type": "x", "user_id": "u"},
        {"userId": "u_1", "timestamp": TIME},
        {"schema": {}, "payload": call()},
    ],
)
def test_another_shape_is_an_unknown_dialect_unless_the_dialect_is_named(value: Any) -> None:
    assert bad(value)[0] == "unknown_dialect"
    assert bad(value, dialect="segment")[0] in {"schema", "no_user"}


SECRET = "s3cret-value"


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"event": ""}, "event"),
        ({"event": "x" * 201}, "event"),
        ({"event": [SECRET]}, "event"),
        ({"type": SECRET}, "type"),
        ({"messageId": ""}, "messageId"),
        ({"messageId": SECRET * 50}, "messageId"),
        ({"userId": True}, "userId"),
        ({"userId": [SECRET]}, "userId"),
        ({"userId": f"{SECRET}\n"}, "userId"),
        ({"userId": SECRET * 50}, "userId"),
        ({"groupId": f"\x00{SECRET}"}, "groupId"),
        ({"timestamp": SECRET}, "timestamp"),
        ({"timestamp": "1970-12-31T23:59:59Z"}, "timestamp"),
        ({"timestamp": "0001-01-01T00:00:00+23:59"}, "timestamp"),
        ({"timestamp": {"at": SECRET}}, "timestamp"),
        ({"receivedAt": SECRET}, "receivedAt"),
        (
            {"timestamp": None, "originalTimestamp": SECRET, "sentAt": TIME, "receivedAt": TIME},
            "originalTimestamp",
        ),
        ({"properties": SECRET}, "properties"),
        ({"traits": [SECRET]}, "traits"),
        ({"context": {"active": SECRET}}, "context.active"),
        ({"context": {"consent": {"email": SECRET}}}, "context.consent"),
    ],
)
def test_a_broken_field_is_named_and_its_value_is_not(fields: dict[str, Any], named: str) -> None:
    reason, error = bad(call(**fields))
    assert reason == "schema"
    assert named in error
    assert SECRET not in error


def test_a_named_event_is_missing_only_where_the_call_needs_one() -> None:
    reason, error = bad(call(event=None))
    assert (reason, error) == ("schema", "event: 1 to 200 characters expected")
    assert event(call(type="identify", event=None)).name is None


def nested(levels: int) -> dict[str, Any]:
    tree: Any = "leaf"
    for level in range(levels):
        tree = {"in": tree} if level % 2 == 0 else [tree]
    return {"p": tree}


def test_properties_may_nest_32_levels_and_no_more() -> None:
    assert isinstance(decoded(call(properties=nested(31))), Event)
    assert bad(call(properties=nested(32))) == ("schema", "properties: nested deeper than 32 levels")
    assert isinstance(decoded(call(properties={"wide": [{"n": n} for n in range(100)]})), Event)


def test_a_bomb_of_brackets_is_a_dead_letter() -> None:
    bomb = b'{"userId":"u_1","event":"x","properties":{"p":' + b"[" * 100_000 + b"]" * 100_000 + b"}}"
    assert bad(bomb)[0] == "schema"


def test_numbers_stay_what_they_are_and_must_be_finite() -> None:
    properties = event(call(properties={"whole": 3, "broken": 0.1, "huge": 10**30})).properties
    assert [type(value) for value in properties.values()] == [int, float, int]
    assert (
        bad(json.dumps(call(properties={"n": 1})).encode().replace(b'"n": 1', b'"n": 1e999'))[0] == "schema"
    )
