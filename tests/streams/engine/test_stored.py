"""What lies in the changelog survives the way there and back."""

from __future__ import annotations

import msgspec
import pytest

from stage_models.user import User, encode
from streams.codec.stored import (
    Position,
    Waiting,
    decode_position,
    encode_position,
    frame,
    stored_user,
    waiting,
)

STORED = encode(User("ada", offset=7, sequence=3), b"12345678")
NEWS = [Waiting(n, f"id-{n}", 1_000 + n, b'{"n":1}', [("ce_id", b"x"), ("src_offset", b"7")]) for n in (2, 3)]


@pytest.mark.parametrize("news", [[], NEWS[:1], NEWS])
def test_user_and_what_he_has_to_tell_survive_framing(news: list[Waiting]) -> None:
    value = frame(STORED, news)
    assert stored_user(value) == STORED
    assert waiting(value) == news


def test_user_who_has_told_everything_costs_four_bytes_of_frame() -> None:
    assert len(frame(STORED, [])) == len(STORED) + 4


def test_position_record_survives_framing() -> None:
    record = Position(position=5, delivered=9, watermark=-3, policy="saas", version=2, fingerprint="ab" * 8)
    assert decode_position(encode_position(record)) == record


def test_position_record_written_before_it_named_source_and_quarantine_is_read() -> None:
    written = msgspec.msgpack.encode([1, 5, 9, -3, 0, "saas", 2, "ab" * 8])
    assert decode_position(written) == Position(
        position=5, delivered=9, watermark=-3, policy="saas", version=2, fingerprint="ab" * 8
    )


def test_position_record_of_a_later_form_is_refused() -> None:
    record = Position(form=2, position=5, delivered=9, watermark=0, policy="saas", version=2, fingerprint="x")
    with pytest.raises(ValueError, match="form 2"):
        decode_position(encode_position(record))
