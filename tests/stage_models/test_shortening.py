"""Shortened instants come back as they were, and so does everything else."""

from __future__ import annotations

import random

import msgspec
import pytest

from stage_models.instants import DAY, parse_instant
from stage_models.shortening import restored, shortened

NOW = parse_instant("2026-05-02")


def test_an_instant_takes_five_bytes_or_six() -> None:
    lengths = [len(shortened(msgspec.msgpack.encode(NOW - days * DAY), NOW)) for days in (0, 50, 900)]
    assert lengths == [5, 5, 6]


@pytest.mark.parametrize("near", [NOW, 0, -(2**63) + 1, 2**63 - 1, *(0x1C1 + n << 32 for n in range(24))])
def test_any_bytes_come_back(near: int) -> None:
    dice = random.Random(near)  # noqa: S311 -- a seed repeats a failure
    upper = (near >> 32 & 0xFFFF_FFFF).to_bytes(4)
    pieces = (
        b"\xcf",
        b"\x00",
        b"\x00\x00\x01",
        b"\x01",
        b"\x02",
        b"\x03",
        b"\xc1",
        b"\xd4",
        b"\xd5",
        b"\xd6",
        upper,
    )
    for _ in range(2_000):
        written = b"".join(dice.choices(pieces, k=12))
        assert restored(shortened(written, near), near) == written
