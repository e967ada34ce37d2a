"""The ledger finds what is wrong: it is given a good copy of an outcome, and broken ones."""

from __future__ import annotations

import json
from uuid import UUID, uuid5

from stage_models.transitions import NAMESPACE
from tests.chaos.expected import Expected, Place
from tests.chaos.ledger import Ledger

Written = tuple[int, bytes, bytes, list[tuple[str, bytes]]]


def identity(user_id: str, sequence: int) -> UUID:
    return uuid5(NAMESPACE, f"{user_id} {sequence}")


def record(user_id: str, sequence: int, partition: int = 0, note: str = "") -> Written:
    value = {"id": str(identity(user_id, sequence)), "user_id": user_id, "sequence": sequence, "note": note}
    return partition, user_id.encode(), json.dumps(value).encode(), [("ce_specversion", b"1.0")]


GOOD = [record("ann", 1), record("bob", 1, 1), record("ann", 2), record("bob", 2, 1), record("ann", 3)]
PLACES = {"ann": Place("power", (), 3), "bob": Place("signup", ("deal-seeker",), 2)}
EXPECTED = Expected(
    9,
    {identity(user, n).bytes for user, n in [("ann", 1), ("ann", 2), ("ann", 3), ("bob", 1), ("bob", 2)]},
    PLACES,
)


def ledger(records: list[Written], places: dict[str, Place] | None = None) -> Ledger:
    kept = Ledger()
    for written in records:
        kept.take(*written)
    kept.compare(EXPECTED, PLACES if places is None else places)
    return kept


def only_problem(records: list[Written], places: dict[str, Place] | None = None) -> str:
    [words] = ledger(records, places).problems.words
    return words


def test_a_good_copy_has_no_problems() -> None:
    kept = ledger(GOOD)
    assert (kept.problems.words, kept.transitions, kept.doubles) == ([], 5, 0)


def test_equal_doubles_are_counted_and_no_problem() -> None:
    kept = ledger([*GOOD[:3], *GOOD[:3], *GOOD[3:]])
    assert (kept.problems.words, kept.transitions, kept.doubles) == ([], 5, 3)


def test_a_double_with_other_bytes_is_found() -> None:
    assert "came twice, but not the same" in only_problem([*GOOD, record("ann", 2, note="changed")])


def test_a_double_with_other_headers_is_found() -> None:
    partition, key, value, _ = GOOD[0]
    assert "came twice, but not the same" in only_problem([*GOOD, (partition, key, value, [])])


def test_a_missing_transition_at_the_end_is_found() -> None:
    assert only_problem(GOOD[:-1]) == f"transition {identity('ann', 3)} of replay did not come"


def test_a_hole_in_a_sequence_is_found() -> None:
    words = ledger([written for written in GOOD if written != record("ann", 2)]).problems.words
    assert words[0] == "ann: sequence 3 comes after 1"


def test_a_sequence_out_of_order_is_found() -> None:
    assert "bob: sequence 2 comes after 0" in ledger([GOOD[3], *GOOD[:3], GOOD[4]]).problems.words


def test_a_transition_that_replay_does_not_have_is_found() -> None:
    assert (
        only_problem([*GOOD, record("bob", 3, 1)]) == f"transition {identity('bob', 3)} is not one of replay"
    )


def test_a_user_in_two_partitions_is_found() -> None:
    assert only_problem([*GOOD[:-1], record("ann", 3, 1)]) == "ann: transitions lie in partitions 0 and 1"


def test_a_key_that_is_not_the_user_is_found() -> None:
    partition, _, value, headers = GOOD[-1]
    assert "has the key b'bob'" in only_problem([*GOOD[:-1], (partition, b"bob", value, headers)])


def test_another_place_at_the_end_is_found() -> None:
    words = only_problem(GOOD, PLACES | {"ann": Place("engaged", (), 3)})
    assert words.startswith("ann: current-stage says Place(stage='engaged'")


def test_a_user_without_a_place_is_found() -> None:
    assert "ann: current-stage says None" in only_problem(GOOD, {"bob": PLACES["bob"]})
