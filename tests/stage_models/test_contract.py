"""The models that readers use: strict about what the contract fixes, open to what it may add."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError

from stage_models.contract import CurrentStage, StageChanged, read_transition

ENTERED: dict[str, Any] = {
    "id": "e48fb60d-657d-58ca-b947-6a3887bb675c",
    "kind": "segment.entered",
    "user_id": "u_456",
    "group_id": None,
    "sequence": 2,
    "segment": "at-risk-trial",
    "cause": "time",
    "corrects": [],
    "event": None,
    "effective_at": "2026-11-20T08:00:00.000Z",
    "detected_at": "2026-11-20T08:10:00.412Z",
    "previous_entered_at": None,
    "next_check_at": "2026-12-18T08:00:00.000Z",
    "evidence": [],
    "stage": "signup",
    "segments": ["at-risk-trial"],
    "highest_stage": "signup",
    "action": {"name": "trial-rescue", "text": "In-app checklist", "owner": None},
    "policy": {"name": "saas", "version": 1, "fingerprint": "9c1f0a7be2d45163"},
    "traits": {},
    "consent": {},
    "replay": False,
}
EVENT = {"id": "m-1", "name": None, "occurred_at": "2026-11-20T08:00:00.000Z"}


def read(**fields: Any) -> Any:
    return read_transition(json.dumps(ENTERED | fields))


def test_a_record_reads_back_as_it_was_written() -> None:
    assert json.loads(read().model_dump_json()) == ENTERED


def test_a_record_can_be_made_from_what_it_was_read_into() -> None:
    moved = read()
    assert type(moved).model_validate(moved.model_dump()) == moved


def test_instants_may_be_given_as_datetimes() -> None:
    moved = read()
    assert type(moved).model_validate(moved.model_dump() | {"effective_at": moved.effective_at}) == moved


def test_unknown_fields_are_ignored_because_the_contract_may_grow() -> None:
    assert read(invented="later") == read()


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "segment.renamed"},
        {"id": "e48fb60d-657d-48ca-b947-6a3887bb675c"},
        {"sequence": 0},
        {"sequence": "2"},
        {"effective_at": "2026-11-20T08:00:00Z"},
        {"effective_at": "2026-11-20T08:00:00.000+00:00"},
        {"effective_at": 1_763_625_600},
        {"cause": "weather"},
        {"cause": "event"},
        {"cause": "time", "event": EVENT},
        {"corrects": [ENTERED["id"]]},
        {"segment": None},
        {"policy": {"name": "saas", "version": 1, "fingerprint": "short"}},
        {"kind": "segment.left"},
        {"kind": "stage.changed", "from_stage": "a", "to_stage": "b", "direction": "sideways"},
    ],
    ids=str,
)
def test_what_the_contract_does_not_allow_is_refused(fields: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        read(**fields)


def test_only_a_late_event_corrects() -> None:
    assert read(cause="late", event=EVENT, corrects=[ENTERED["id"]]).corrects


def test_each_kind_has_its_own_model() -> None:
    moved = read(kind="stage.changed", from_stage=None, to_stage="signup", direction="first")
    assert isinstance(moved, StageChanged)
    assert moved.effective_at.isoformat() == "2026-11-20T08:00:00+00:00"


def test_the_schema_tells_instants_as_text() -> None:
    schema = CurrentStage.model_json_schema(mode="serialization")
    assert schema["properties"]["stage_entered_at"]["format"] == "date-time"
