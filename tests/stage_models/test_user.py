"""The stored form of a user."""

from __future__ import annotations

import pytest

from stage_models.user import (
    Facts,
    Latch,
    User,
    decode,
    due_of,
    encode,
    header_of,
    rank_of,
    stage_of,
    with_due,
)

FINGERPRINT = bytes(8)


def test_a_policy_may_have_more_latches_than_a_word_has_bits() -> None:
    user = User("ada", on=1 << 200 | 1, visited=1 << 70, latches={200: Latch(5, 1)})
    assert decode("ada", encode(user, FINGERPRINT)) == user


def test_what_was_never_touched_takes_no_room() -> None:
    few, many = (User("ada", facts=Facts({place: [[5, 7]]})) for place in (0, 100))
    assert len(encode(many, FINGERPRINT)) == len(encode(few, FINGERPRINT))
    assert many.facts[3] == ()
    assert 3 not in many.facts


def test_form_that_is_not_known_is_refused() -> None:
    stored = encode(User("ada"), FINGERPRINT)
    with pytest.raises(ValueError, match="form 99"):
        decode("ada", b"\x63" + stored[1:])


def test_header_and_stage_are_read_without_the_rest() -> None:
    stored = encode(User("ada", 1, 2, 3, 4, 5, stage=6), FINGERPRINT)
    header = header_of(stored)
    assert (header.epoch, header.incarnation, header.offset, header.sequence) == (1, 2, 3, 4)
    assert (header.due, due_of(stored), due_of(with_due(stored, 7)), stage_of(stored)) == (5, 5, 7, 6)
    assert decode("ada", with_due(stored, 7)) == User("ada", 1, 2, 3, 4, 7, stage=6)


def test_newer_stored_form_has_the_greater_rank() -> None:
    ranks = [(1, 1, 5, 9), (1, 1, 300, 0), (1, 1, 300, 1), (1, 2, 0, 0), (2, 0, 0, 0)]
    stored = [encode(User("ada", *numbers), FINGERPRINT) for numbers in ranks]
    stored.reverse()
    assert sorted(stored, key=rank_of) == stored[::-1]
