"""History: a replay of lines counts every one of them, and what it writes keeps the contract."""

from __future__ import annotations

import json

from stage_models.contract import read_current, read_transition
from stage_models.instants import parse_instant
from stage_models.policy import load
from streams import demo
from streams import settings as all_settings
from streams.event_files import Line, read_lines
from streams.history import MISTAKES_KEPT, History
from streams.policy_files import read_policy


def history() -> History:
    return History(load(*read_policy("retail")), all_settings.load().input)


def line(number: int, value: dict[str, object] | bytes, user: bytes = b"u_1") -> Line:
    data = json.dumps(value).encode() if isinstance(value, dict) else value
    return Line("log", number, user, parse_instant("2026-01-01"), has_time=True, value=data)


def test_every_line_is_applied_dropped_or_dead_and_counted() -> None:
    order: dict[str, object] = {
        "messageId": "m-1",
        "userId": "u_1",
        "event": "Order Completed",
        "timestamp": "2026-01-01",
    }
    one = history()
    lines: list[dict[str, object] | bytes] = [order, order, {"anonymousId": "a", "event": "x"}, *[b"?"] * 7]
    for number, value in enumerate(lines, 1):
        one.feed(line(number, value))
    assert one.events == 1
    assert dict(one.dropped) == {"duplicate": 1, "anonymous": 1}
    assert dict(one.dead) == {"unreadable": 7}
    assert len(one.mistakes) == MISTAKES_KEPT
    assert one.mistakes[0].startswith("log:4  unreadable: ")


def test_everything_written_of_the_real_purchase_log_keeps_the_contract_with_whole_sequences() -> None:
    one = history()
    moves = [(move, line.time_ms) for line in read_lines([demo.DATA]) for move in one.feed(line)]
    moves += [(move, one.newest_ms or 0) for move in one.finish()]
    sequences: dict[str, int] = {}
    for move, detected_ms in moves:
        written = read_transition(one.written(move, detected_ms))
        assert str(written.id) == move.id
        assert written.sequence == sequences.get(written.user_id, 0) + 1
        assert written.replay
        sequences[written.user_id] = written.sequence
    states = [read_current(one.final(user, one.newest_ms or 0)) for user in one.users.values()]
    assert {state.user_id: state.sequence for state in states} == sequences
    assert (one.events, len(states)) == (19_725, 300)
