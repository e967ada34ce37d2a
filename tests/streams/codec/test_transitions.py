"""What goes out is what the contract's page shows, and every reader's model accepts it."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from stage_models.contract import read_current, read_transition
from stage_models.instants import parse_instant
from stage_models.policy import load
from stage_models.transitions import Action, CausingEvent, Evidence, PolicyRef, Transition, transition_id
from streams import settings as all_settings
from streams.codec.transitions import (
    MAX_VALUE_BYTES,
    current_headers,
    encode_current,
    encode_transition,
    transition_headers,
)
from streams.event_files import Line
from streams.history import History
from streams.policy_files import read_policy

POLICY = PolicyRef("saas", 1, "9c1f0a7be2d45163")
DETECTED = parse_instant("2026-11-20T09:12:45.002Z")
STAGE_CHANGED = json.loads(
    """{"id": "5ff0a55d-e67f-5e74-9373-bc537aaeadcc", "kind": "stage.changed", "user_id": "u_123",
 "group_id": "acme", "sequence": 7, "from_stage": "engaged", "to_stage": "power", "direction": "up",
 "cause": "event", "corrects": [],
 "event": {"id": "m-8812", "name": "Report Exported", "occurred_at": "2026-11-20T09:12:44.120Z"},
 "effective_at": "2026-11-20T09:12:44.120Z", "detected_at": "2026-11-20T09:12:45.002Z",
 "previous_entered_at": "2026-10-02T11:30:00.000Z", "next_check_at": "2026-11-20T18:40:02.000Z",
 "evidence": [{"rule": "ladder.power.when", "condition": "core on at least 4 days within 7 days", "observed": 4,
   "threshold": 4, "instants": ["2026-11-20T00:00:00.000Z", "2026-11-19T00:00:00.000Z", "2026-11-18T00:00:00.000Z",
   "2026-11-16T00:00:00.000Z"], "event_ids": ["m-8812"], "approximate": false}],
 "stage": "power", "segments": ["high-intent"], "highest_stage": "power",
 "action": {"name": "power", "text": "Advanced tips; upgrade nudges tied to outcomes", "owner": "growth@example.com"},
 "policy": {"name": "saas", "version": 1, "fingerprint": "9c1f0a7be2d45163"}, "traits": {},
 "consent": {"email": true}, "replay": false}"""
)
SEGMENT_ENTERED = json.loads(
    """{"id": "e48fb60d-657d-58ca-b947-6a3887bb675c", "kind": "segment.entered", "user_id": "u_456",
 "group_id": null, "sequence": 2, "segment": "at-risk-trial", "cause": "time", "corrects": [], "event": null,
 "effective_at": "2026-11-20T08:00:00.000Z", "detected_at": "2026-11-20T08:10:00.412Z",
 "previous_entered_at": null, "next_check_at": "2026-12-18T08:00:00.000Z",
 "evidence": [{"rule": "segments.at-risk-trial.when",
   "condition": "no core in the 48 hours after the first Signed Up", "observed": 0, "threshold": 0,
   "instants": ["2026-11-18T08:00:00.000Z"], "event_ids": [], "approximate": false}],
 "stage": "signup", "segments": ["at-risk-trial"], "highest_stage": "signup",
 "action": {"name": "trial-rescue", "text": "In-app checklist and fast support", "owner": "growth@example.com"},
 "policy": {"name": "saas", "version": 1, "fingerprint": "9c1f0a7be2d45163"}, "traits": {}, "consent": {},
 "replay": false}"""
)
SEGMENT_LEFT = json.loads(
    """{"id": "5050d28f-8d44-5b62-a330-274c4eeb3e15", "kind": "segment.left", "user_id": "u_123",
 "group_id": "acme", "sequence": 8, "segment": "high-intent", "cause": "time", "corrects": [], "event": null,
 "effective_at": "2026-11-20T18:40:02.000Z", "detected_at": "2026-11-20T18:50:02.688Z",
 "previous_entered_at": "2026-11-18T07:15:30.250Z", "next_check_at": "2026-11-21T00:00:00.000Z",
 "evidence": [{"rule": "segments.high-intent.when.all.0", "condition": "at least 2 of pricing within 7 days",
   "observed": 1, "threshold": 2, "instants": ["2026-11-18T07:15:30.250Z"], "event_ids": [], "approximate": false},
  {"rule": "segments.high-intent.when.all.1", "condition": "at least 2 sessions of activity within 7 days",
   "observed": 2, "threshold": 2, "instants": ["2026-11-20T09:12:44.120Z", "2026-11-19T08:01:10.000Z"],
   "event_ids": [], "approximate": false}],
 "stage": "power", "segments": [], "highest_stage": "power", "action": null,
 "policy": {"name": "saas", "version": 1, "fingerprint": "9c1f0a7be2d45163"}, "traits": {},
 "consent": {"email": true}, "replay": false}"""
)
EXAMPLES = [STAGE_CHANGED, SEGMENT_ENTERED, SEGMENT_LEFT]
KINDS = ["stage.changed", "segment.entered", "segment.left"]


def as_ms(value: Any) -> Any:
    return None if value is None else parse_instant(value)


def core_form(example: dict[str, Any]) -> Transition:
    """The core's transition that the contract's page shows written out."""
    event, action = example["event"], example["action"]
    return Transition(
        id=example["id"],
        kind=example["kind"],
        user_id=example["user_id"],
        group_id=example["group_id"],
        sequence=example["sequence"],
        from_stage=example.get("from_stage"),
        to_stage=example.get("to_stage"),
        direction=example.get("direction"),
        segment=example.get("segment"),
        cause=example["cause"],
        corrects=example["corrects"],
        event=event and CausingEvent(event["id"], event["name"], as_ms(event["occurred_at"])),
        effective_at=as_ms(example["effective_at"]),
        previous_entered_at=as_ms(example["previous_entered_at"]),
        next_check_at=as_ms(example["next_check_at"]),
        evidence=[
            Evidence(
                rule=part["rule"],
                condition=part["condition"],
                observed=part["observed"],
                threshold=part["threshold"],
                instants=[as_ms(text) for text in part["instants"]],
                event_ids=part["event_ids"],
            )
            for part in example["evidence"]
        ],
        stage=example["stage"],
        segments=example["segments"],
        highest_stage=example["highest_stage"],
        action=action and Action(action["name"], action["text"], action["owner"]),
        policy=POLICY,
        consent=example["consent"],
    )


@pytest.mark.parametrize("example", EXAMPLES, ids=KINDS)
def test_a_transition_is_written_as_the_contract_shows_it_also_in_the_order_of_its_fields(
    example: dict[str, Any],
) -> None:
    value = encode_transition(core_form(example), as_ms(example["detected_at"]), replay=False)
    assert list(json.loads(value).items()) == list(example.items())
    assert read_transition(value).kind == example["kind"]


@pytest.mark.parametrize("example", EXAMPLES, ids=KINDS)
def test_the_ids_on_the_contracts_page_are_right(example: dict[str, Any]) -> None:
    moved = core_form(example)
    names = moved.segment or f"{moved.from_stage}>{moved.to_stage}"
    made = transition_id("saas", moved.user_id, moved.sequence, moved.kind, names, moved.effective_at)
    assert made == example["id"]


def test_headers_are_a_cloudevent_in_binary_mode_and_name_the_source_record() -> None:
    settings = all_settings.load(deployment="eu-prod")
    headers = transition_headers(
        core_form(STAGE_CHANGED), DETECTED, settings, "product-events", 3, 4711, b"00-abc-def-01"
    )
    assert dict(headers) == {
        "ce_specversion": b"1.0",
        "ce_id": b"5ff0a55d-e67f-5e74-9373-bc537aaeadcc",
        "ce_source": b"/stagestream/eu-prod/saas",
        "ce_type": b"io.stagestream.stage.changed.v1",
        "ce_subject": b"u_123",
        "ce_partitionkey": b"u_123",
        "ce_time": b"2026-11-20T09:12:44.120Z",
        "ce_recordedtime": b"2026-11-20T09:12:45.002Z",
        "ce_sequence": b"00000000000000000007",
        "ce_dataschema": b"urn:stagestream:schema:transition:1",
        "content-type": b"application/json",
        "src_topic": b"product-events",
        "src_partition": b"3",
        "src_offset": b"4711",
        "traceparent": b"00-abc-def-01",
    }


def test_what_time_caused_has_no_trace() -> None:
    headers = transition_headers(
        core_form(SEGMENT_LEFT), DETECTED, all_settings.load(), "t", 0, 0, b"00-abc-def-01"
    )
    assert "traceparent" not in dict(headers)


def big(parts: int, text: str = "x") -> Transition:
    moved = core_form(STAGE_CHANGED)
    part = moved.evidence[0]
    evidence = [
        msgspec.structs.replace(part, rule=f"r{n}", condition=text, instants=[DETECTED] * 10)
        for n in range(parts)
    ]
    return msgspec.structs.replace(moved, evidence=evidence)


def test_at_most_twenty_parts_of_evidence_are_written() -> None:
    written = json.loads(encode_transition(big(30), DETECTED, replay=False))
    assert [part["rule"] for part in written["evidence"]] == [f"r{n}" for n in range(20)]


def test_a_value_above_the_limit_loses_instants_first() -> None:
    value = encode_transition(big(20, "x" * 700), DETECTED, replay=False)
    parts = json.loads(value)["evidence"]
    assert len(value) <= MAX_VALUE_BYTES
    assert len(parts) == 20
    assert all(len(part["instants"]) < 10 for part in parts)


def test_then_evidence_and_never_anything_else() -> None:
    moved = msgspec.structs.replace(big(20, "x" * 3_000), segments=["s" * 90] * 60)
    value = encode_transition(moved, DETECTED, replay=False)
    written = json.loads(value)
    assert len(value) <= MAX_VALUE_BYTES
    assert 0 < len(written["evidence"]) < 20
    assert written["segments"] == moved.segments
    assert list(written) == list(STAGE_CHANGED)
    read_transition(value)


def test_fixed_fields_above_the_limit_are_still_written() -> None:
    moved = msgspec.structs.replace(big(20), segments=["s" * 300] * 100)
    written = json.loads(encode_transition(moved, DETECTED, replay=False))
    assert (written["evidence"], written["segments"]) == ([], moved.segments)


def bought(day: int, **context: Any) -> Line:
    at = parse_instant(f"2026-01-{day:02d}T10:00:00Z")
    value = {
        "messageId": f"m-{day}",
        "event": "Order Completed",
        "userId": "u_1",
        "timestamp": at,
        "properties": {"revenue": 150, "discount": 1},
        "context": context,
    }
    return Line("test", day, b"u_1", at, has_time=True, value=json.dumps(value).encode())


def test_current_stage_tells_where_a_user_is_and_when_that_may_change() -> None:
    policy = load(*read_policy("retail"))
    history = History(policy, all_settings.load().input)
    moves = [
        move
        for line in (bought(1, groupId="acme", consent={"email": True}), bought(2), bought(3))
        for move in history.feed(line)
    ]
    user = history.users["u_1"]
    value = encode_current(policy, user, DETECTED, moves[-1].id)
    state = read_current(value)
    assert (state.stage, state.highest_stage, state.group_id, state.consent) == (
        "engaged",
        "engaged",
        "acme",
        {"email": True},
    )
    assert json.loads(value)["stage_entered_at"] == "2026-01-03T10:00:00.000Z"
    assert {segment.name for segment in state.segments} == {"deal-seeker", "high-value"}
    assert state.sequence == moves[-1].sequence == len(moves)
    checks = [state.stage_next_check_at, *(segment.next_check_at for segment in state.segments)]
    assert state.next_check_at == min(check for check in checks if check is not None)
    assert list(json.loads(value)) == [
        "user_id", "group_id", "stage", "stage_entered_at", "stage_next_check_at", "highest_stage", "segments",
        "sequence", "next_check_at", "last_transition_id", "detected_at", "policy", "traits", "consent",
    ]  # fmt: skip


def test_current_stage_headers_name_the_last_transition() -> None:
    policy = load(*read_policy("retail"))
    history = History(policy, all_settings.load().input)
    [first, *_] = history.feed(bought(1))
    headers = dict(current_headers(policy, history.users["u_1"], DETECTED, all_settings.load(), first.id))
    assert headers["ce_id"] == first.id.encode()
    assert headers["ce_type"] == b"io.stagestream.user.current.v1"
    assert headers["ce_source"] == b"/stagestream/stagestream/retail/current-stage"
    assert headers["ce_dataschema"] == b"urn:stagestream:schema:current-stage:1"
