"""The ledger: every transition that came out, held to the contract record by record, and at the end to replay.

ids       exactly those of replay
doubles   the same record, byte for byte
sequence  1, 2, 3, ... for every user, in the order of the topic, not counting doubles
home      all transitions of a user lie in one partition, under his key
users     the last current-stage record of everybody says what replay says
"""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from uuid import UUID

import msgspec

from tests.chaos.expected import Expected, Place

_KEPT = 10  # problems that are spelt out; all are counted


class _Transition(msgspec.Struct):
    id: str
    user_id: str
    sequence: int


_transition = msgspec.json.Decoder(_Transition).decode


class Problems:
    """What is wrong: the first few in words, all of them counted."""

    def __init__(self) -> None:
        self.count = 0
        self.words: list[str] = []

    def add(self, text: str) -> None:
        """Note a problem."""
        self.count += 1
        if len(self.words) < _KEPT:
            self.words.append(text)


class Ledger:
    """Takes the records of the transitions topic in their order."""

    def __init__(self) -> None:
        self.doubles = 0
        self.problems = Problems()
        self._digests: dict[bytes, bytes] = {}  # id -> digest of the whole record
        self._newest: dict[str, tuple[int, int]] = {}  # user -> partition, sequence

    @property
    def transitions(self) -> int:
        """How many different transitions there are."""
        return len(self._digests)

    def take(self, partition: int, key: bytes, value: bytes, headers: object) -> None:
        """Take the next record of a partition."""
        told = _transition(value)
        transition_id = UUID(told.id).bytes
        digest = blake2b(repr((key, value, headers)).encode(), digest_size=8).digest()
        seen = self._digests.setdefault(transition_id, digest)
        if seen is not digest:
            self.doubles += 1
            if seen != digest:
                self.problems.add(f"transition {told.id} of {told.user_id} came twice, but not the same")
            return
        if key.decode() != told.user_id:
            self.problems.add(f"transition {told.id} of {told.user_id} has the key {key!r}")
        home, newest = self._newest.get(told.user_id, (partition, 0))
        if told.sequence != newest + 1:
            self.problems.add(f"{told.user_id}: sequence {told.sequence} comes after {newest}")
        if partition != home:
            self.problems.add(f"{told.user_id}: transitions lie in partitions {home} and {partition}")
        self._newest[told.user_id] = (partition, told.sequence)

    def compare(self, expected: Expected, places: Mapping[str, Place]) -> None:
        """Note every difference between what came out and what replay made of the same events."""
        for missing in expected.ids - self._digests.keys():
            self.problems.add(f"transition {UUID(bytes=missing)} of replay did not come")
        for extra in self._digests.keys() - expected.ids:
            self.problems.add(f"transition {UUID(bytes=extra)} is not one of replay")
        for user_id in places.keys() | expected.users.keys():
            found, wanted = places.get(user_id), expected.users.get(user_id)
            if found != wanted:
                self.problems.add(f"{user_id}: current-stage says {found}, replay says {wanted}")
