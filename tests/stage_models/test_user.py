"""The stored form of a user."""

from __future__ import annotations

from stage_models.user import Facts, Latch, User, decode, encode

FINGERPRINT = bytes(8)


def test_a_policy_may_have_more_latches_than_a_word_has_bits() -> None:
    user = User("ada", on=1 << 200 | 1, visited=1 << 70, latches={200: Latch(5, 1)})
    assert decode("ada", encode(user, FINGERPRINT)) == user


def test_what_was_never_touched_takes_no_room() -> None:
    few, many = (User("ada", facts=Facts({place: [[5, 7]]})) for place in (0, 100))
    assert len(encode(many, FINGERPRINT)) == len(encode(few, FINGERPRINT))
    assert many.facts[3] == ()
    assert 3 not in many.facts
