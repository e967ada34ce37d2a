"""One partition's world: what is applied, skipped, put back, told, and forgotten only when confirmed."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest
from confluent_kafka import Message

from stage_models.events import Event
from stage_models.instants import parse_instant
from stage_models.user import Facts, decode, due_of, encode, header_of, shape_of
from streams.codec.stored import stored_user, waiting
from streams.engine.partition import Partition
from tests.streams.engine.conftest import Feed, MakeRecord

Make = Callable[..., Partition]

BEYOND_ALL_CALENDARS = 10**17


def told(partition: Partition) -> list[dict[str, Any]]:
    return [msgspec.json.decode(news.value) for waiting_ in partition.waiting.values() for news in waiting_]


def moves(partition: Partition) -> list[tuple[str, str, str]]:
    return [(move["to_stage"], move["cause"], move["effective_at"]) for move in told(partition)]


def broken(record: Message, user_id: str) -> Event:
    """An event that makes a whole-day rule raise: no calendar has its instant."""
    return Event(
        user_id=user_id,
        event_id=f"broken-{record.offset()}",
        occurred_at=BEYOND_ALL_CALENDARS,
        name="Work Done",
    )


def stored_state(partition: Partition) -> dict[str, bytes]:
    partition.confirm(partition.snapshot())
    return dict(partition.users)


def test_event_moves_its_user_and_is_told(make_partition: Make, record: MakeRecord, feed: Feed) -> None:
    partition = make_partition()
    feed(partition, record(7, "ada", "2026-01-01T10:00:00Z"))
    assert moves(partition) == [("active", "event", "2026-01-01T10:00:00.000Z")]
    assert partition.position == 8
    [(user_id, value)] = partition.snapshot().users
    assert user_id == "ada"
    assert header_of(stored_user(value)).offset == 7
    assert [news.sequence for news in waiting(value)] == [1]


def test_record_at_or_before_the_last_applied_one_is_skipped(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    records = [record(n, "ada", f"2026-01-0{n}T10:00:00Z") for n in (1, 2, 3)]
    for message in records:
        feed(partition, message)
    before = stored_state(partition)
    for message in records:
        feed(partition, message)
    assert stored_state(partition) == before
    assert partition.notes.drops["applied"] == 3
    assert told(partition) == []


def test_known_event_id_is_a_duplicate(make_partition: Make, record: MakeRecord, feed: Feed) -> None:
    partition = make_partition()
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z", messageId="same"))
    feed(partition, record(2, "ada", "2026-01-02T10:00:00Z", messageId="same"))
    assert partition.notes.drops["duplicate"] == 1
    assert partition.notes.events["track"] == 1


def test_new_user_of_another_partition_is_a_dead_letter(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition(is_home_of=lambda key: key == b"ada")
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    feed(partition, record(2, "bo", "2026-01-01T10:00:00Z"))
    [letter] = partition.snapshot().dead
    assert letter.reason == "needs_rekey"
    assert letter.key == b"bo"
    assert ("dlq_offset", b"2") in letter.headers
    assert list(partition.users) == ["ada"]


def test_rule_that_raises_costs_one_record_and_leaves_the_user_as_he_was(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    steady, shaken = make_partition(), make_partition()
    for offset in (1, 3, 5):
        for partition in (steady, shaken):
            feed(partition, record(offset, "ada", f"2026-01-0{offset}T10:00:00Z"))
            feed(partition, record(offset + 10, "bo", f"2026-01-0{offset}T11:00:00Z"))
        failing = record(offset + 1, "ada", "2026-01-06T10:00:00Z")
        shaken.apply(broken(failing, "ada"), failing)
    assert moves(shaken) == moves(steady)
    batch = shaken.snapshot()
    shaken.confirm(batch)
    assert [letter.reason for letter in batch.dead] == ["rule_error"] * 3
    assert shaken.users == stored_state(steady)


def test_rule_that_raises_for_a_new_user_leaves_nobody_behind(
    make_partition: Make, record: MakeRecord
) -> None:
    partition = make_partition()
    failing = record(1, "ada", "2026-01-06T10:00:00Z")
    partition.apply(broken(failing, "ada"), failing)
    partition.confirm(partition.snapshot())
    assert partition.users == {}


def judged_by_nobody(partition: Partition, user_id: str) -> None:
    """Give the user a state that no rule can be judged on."""
    stored = stored_state(partition)[user_id]
    user = decode(user_id, stored)
    user.facts = Facts({place: [["no instant"]] for place in user.facts})
    partition.users[user_id] = encode(user, shape_of(stored))


def test_due_that_raises_is_one_dead_letter_and_not_looked_at_again_until_the_user_changes(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    judged_by_nobody(partition, "ada")
    rounds = 0
    while partition.tick(parse_instant("2026-02-15T00:00:00Z"), 100):
        rounds += 1
        assert rounds < 10, "looks again and again"
    [letter] = partition.snapshot().dead
    assert (letter.reason, letter.key) == ("rule_error", b"ada")
    assert msgspec.json.decode(letter.value or b"")["due"] == "2026-01-15T10:00:00.000Z"


def test_user_who_cannot_be_shown_tells_his_moves_all_the_same(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    waiting_ = list(partition.waiting["ada"])
    judged_by_nobody(partition, "ada")
    partition.waiting["ada"] = waiting_
    batch = partition.snapshot()
    [tale] = batch.tales
    assert (tale.waiting, tale.current) == (waiting_, None)
    assert [letter.reason for letter in batch.dead] == ["rule_error"]


def test_user_who_cannot_be_stored_costs_nobody_else_anything(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    for offset, user_id in enumerate(("ada", "bo"), 1):
        feed(partition, record(offset, user_id, "2026-01-01T10:00:00Z"))
    partition._open["ada"].facts[0] = [2**64]  # what sums of the greatest figures come to
    batch = partition.snapshot()
    assert [user_id for user_id, _ in batch.users] == ["bo"]
    assert batch.quarantined == ["ada"]


def test_event_whose_move_cannot_be_written_is_a_dead_letter(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    last = parse_instant("9999-12-31T23:59:59Z")
    feed(partition, record(1, "ada", "9999-12-31T23:59:59Z"))
    [news] = partition.waiting["ada"]
    assert msgspec.json.decode(news.value)["next_check_at"] is None, "it lies behind the last year"
    partition.confirm(partition.snapshot())
    failing = record(2, "bo", "2026-01-01T10:00:00Z")
    partition.apply(Event(user_id="bo", event_id="e", occurred_at=last + 1_000, name="Work Done"), failing)
    assert [letter.reason for letter in partition.snapshot().dead] == ["rule_error"]


def test_error_of_a_dead_letter_names_no_value(make_partition: Make, record: MakeRecord) -> None:
    partition = make_partition()
    failing = record(1, "ada", "2026-01-06T10:00:00Z")
    partition.apply(broken(failing, "ada"), failing)
    [letter] = partition.snapshot().dead
    error = dict(letter.headers)["dlq_error"].decode()
    assert "OverflowError" in error
    assert str(BEYOND_ALL_CALENDARS) not in error


def test_silence_is_told_at_its_exact_instant_with_the_position_it_was_judged_before(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    feed(partition, record(41, "bo", "2026-01-20T10:00:00Z"))
    partition.confirm(partition.snapshot())
    while partition.tick(parse_instant("2026-02-15T00:00:00Z"), 1):
        pass
    assert moves(partition) == [
        ("at-risk", "time", "2026-01-15T10:00:00.000Z"),
        ("churned", "time", "2026-01-31T10:00:00.000Z"),
        ("at-risk", "time", "2026-02-03T10:00:00.000Z"),
    ]
    headers = dict(partition.waiting["ada"][0].headers)
    assert headers["src_offset"] == b"42"
    assert headers["src_partition"] == b"3"


@pytest.mark.parametrize("rhythm_hours", [1, 7, 24, 24 * 40])
def test_rhythm_of_ticks_cannot_be_seen(
    make_partition: Make, record: MakeRecord, feed: Feed, rhythm_hours: int
) -> None:
    partition = make_partition()
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    start = parse_instant("2026-01-01T00:00:00Z")
    for hours in range(0, 24 * 41, rhythm_hours):
        while partition.tick(start + hours * 3_600_000, 100):
            pass
    assert moves(partition)[:2] == [
        ("active", "event", "2026-01-01T10:00:00.000Z"),
        ("at-risk", "time", "2026-01-15T10:00:00.000Z"),
    ]


def test_watermark_never_goes_back(make_partition: Make) -> None:
    partition = make_partition()
    partition.tick(2_000, 10)
    partition.tick(1_000, 10)
    assert partition.watermark == 2_000


def test_due_at_which_nothing_changes_leaves_the_stored_user_but_for_the_due(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    feed(partition, record(2, "ada", "2026-01-01T11:00:00Z"))
    before = stored_state(partition)["ada"]
    while partition.tick(parse_instant("2026-01-14T00:00:00Z"), 10):
        pass
    after = partition.users["ada"]
    assert partition.snapshot().users == []
    assert decode("ada", after).clock == decode("ada", before).clock
    assert due_of(after) >= parse_instant("2026-01-14T00:00:00Z")


def test_confirmed_flush_forgets_exactly_what_it_told(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    batch = partition.snapshot()
    feed(partition, record(2, "ada", "2026-01-02T10:00:00Z"))
    partition.confirm(batch)
    assert moves(partition) == [("busy", "event", "2026-01-02T10:00:00.000Z")]
    assert partition.durable == 2
    [(_, value)] = partition.snapshot().users
    assert [news.sequence for news in waiting(value)] == [2]


def test_changelog_keeps_what_no_flush_has_confirmed(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    partition.snapshot()
    feed(partition, record(2, "ada", "2026-01-02T10:00:00Z"))
    [(_, value)] = partition.snapshot().users
    assert [news.sequence for news in waiting(value)] == [1, 2]


def test_user_too_large_for_the_changelog_falls_back_and_tells_nothing(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition(state_limit_bytes=1)
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    batch = partition.snapshot()
    assert batch.users == []
    assert batch.tales == []
    feed(partition, record(2, "ada", "2026-01-02T10:00:00Z"))
    letters = batch.dead + partition.snapshot().dead
    assert [letter.reason for letter in letters] == ["state_too_large"] * 2
    assert told(partition) == []


def test_quarantined_user_does_not_fall_though_he_seems_silent(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    partition.confirm(partition.snapshot())
    partition._state_limit_bytes = 1
    feed(partition, record(2, "ada", "2026-01-02T10:00:00Z"))
    batch = partition.snapshot()
    assert batch.quarantined == ["ada"]
    partition.confirm(batch)
    while partition.tick(parse_instant("2027-01-01T00:00:00Z"), 100):
        pass
    assert told(partition) == []
    assert partition.stage_counts == [0, 1, 0, 0, 0]


def test_quarantine_tells_what_was_durable_before_it(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    first = make_partition()
    feed(first, record(1, "ada", "2026-01-01T10:00:00Z"))
    [(_, value)] = first.snapshot().users
    partition = make_partition(state_limit_bytes=1)
    partition.resume({"ada": stored_user(value)}, 2, 0, {"ada": waiting(value)}, {})
    feed(partition, record(2, "ada", "2026-01-02T10:00:00Z"))
    [tale] = partition.snapshot().tales
    assert [news.sequence for news in tale.waiting] == [1]


def test_trace_that_is_none_is_not_passed_on(make_partition: Make, record: MakeRecord, feed: Feed) -> None:
    partition = make_partition()
    for user_id, trace in (("ada", b"00-" + b"a" * 52), ("bo", b"x" * 900_000)):
        message = record(1, user_id, "2026-01-01T10:00:00Z")
        message.set_headers([("traceparent", trace)])
        feed(partition, message)
    assert dict(partition.waiting["ada"][0].headers)["traceparent"] == b"00-" + b"a" * 52
    assert "traceparent" not in dict(partition.waiting["bo"][0].headers)


def test_slices_wait_while_one_user_has_too_much_to_tell(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    day = 0
    while not partition.is_full:
        day += 20
        feed(partition, record(day, "ada", f"{2000 + day // 365}-01-01T00:00:00Z", messageId=f"m-{day}"))
        assert day < 10_000, "never full"
        feed(partition, record(day + 1, "ada", f"{2000 + day // 365}-06-01T00:00:00Z", messageId=f"n-{day}"))
    partition.confirm(partition.snapshot())
    assert not partition.is_full


def test_users_per_stage_follow_the_moves_and_survive_recovery(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    for number, user_id in enumerate(("ada", "bo", "cy")):
        feed(partition, record(number + 1, user_id, "2026-01-01T10:00:00Z"))
    feed(partition, record(10, "ada", "2026-01-02T10:00:00Z"))
    assert partition.stage_counts == [0, 2, 1, 0, 0]
    recovered = make_partition()
    recovered.resume(stored_state(partition), 11, 0, {}, {})
    assert recovered.stage_counts == [0, 2, 1, 0, 0]
    assert len(recovered.dues) == 3


def test_recovered_partition_goes_on_as_if_it_had_never_stopped(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    whole, first = make_partition(), make_partition()
    records = [record(n, "ada", f"2026-01-{n:02}T10:00:00Z") for n in range(1, 10)]
    for message in records:
        feed(whole, message)
    for message in records[:5]:
        feed(first, message)
    second = make_partition()
    second.resume(stored_state(first), 3, 0, {}, {})
    for message in records[2:]:
        feed(second, message)
    assert stored_state(second) == stored_state(whole)
    assert second.notes.drops["applied"] == 3


def test_copy_of_a_user_has_his_newest_state_and_is_nobody_elses(
    make_partition: Make, record: MakeRecord, feed: Feed
) -> None:
    partition = make_partition()
    assert partition.copy_of("ada") is None
    feed(partition, record(1, "ada", "2026-01-01T10:00:00Z"))
    stored_state(partition)
    from_stored = partition.copy_of("ada")
    feed(partition, record(2, "ada", "2026-01-02T10:00:00Z"))
    from_open = partition.copy_of("ada")
    assert from_stored is not None
    assert from_open is not None
    assert (from_stored.offset, from_open.offset) == (1, 2)
    from_open.facts.clear()
    from_open.latches.clear()
    assert partition.copy_of("ada") != from_open
    assert partition.open_users == 1
