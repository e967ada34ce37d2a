"""Homes: to which partition a key belongs, as the input's producers hash keys."""

from __future__ import annotations

from collections.abc import Callable
from zlib import crc32

from aiokafka.partitioner import murmur2


def home_of(partitioner: str, partitions: int) -> Callable[[bytes], int] | None:
    """Gives the partition of a key; None where producers may put it anywhere."""
    match partitioner:
        case "murmur2":
            return lambda key: (murmur2(key) & 0x7FFFFFFF) % partitions
        case "crc32":
            return lambda key: crc32(key) % partitions
        case _:
            return None


def home_check(partitioner: str, number: int, partitions: int) -> Callable[[bytes], bool]:
    """Says whether a key belongs to the partition."""
    home = home_of(partitioner, partitions)
    return (lambda _: True) if home is None else (lambda key: home(key) == number)
