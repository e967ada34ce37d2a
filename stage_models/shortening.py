"""Shortening: the instants in msgpack take five or six bytes each instead of nine. Whatever the bytes are, they come
back as they were.

Instants of one user share their upper bytes: with every instant from 2004 to 2039 the first four, with one less than
fifty days away mostly five. Single bytes stand for these; they begin nothing that we write in msgpack, so they are rare.
Where they occur nevertheless, in a hash or a text, they are escaped.
"""

from __future__ import annotations

import struct

_ESCAPE = b"\xc1"
_SAME, _BEFORE, _ANY = b"\xd4", b"\xd5", b"\xd6"  # stand for the upper bytes of an instant
_ESCAPED = [(_ESCAPE, b"\xc1\x00"), (_SAME, b"\xc1\x01"), (_BEFORE, b"\xc1\x02"), (_ANY, b"\xc1\x03")]

_UPPER = struct.Struct(">BI")  # the byte that begins a number of 64 bits in msgpack, and its upper half
_NUMBER = 0xCF
_FOR_ANY = b"\xcf\x00\x00\x01"


def shortened(written: bytes, near_ms: int) -> bytes:
    """The bytes with their instants shortened, those near to this one the most."""
    for plain, escaped in _ESCAPED:
        written = written.replace(plain, escaped)
    same, before = _upper(near_ms)
    return written.replace(same, _SAME).replace(before, _BEFORE).replace(_FOR_ANY, _ANY)


def restored(short: bytes, near_ms: int) -> bytes:
    """The bytes that were shortened near to this instant."""
    same, before = _upper(near_ms)
    written = short.replace(_ANY, _FOR_ANY).replace(_BEFORE, before).replace(_SAME, same)
    for plain, escaped in reversed(_ESCAPED):
        written = written.replace(escaped, plain)
    return written


def _upper(near_ms: int) -> tuple[bytes, bytes]:
    """The upper bytes of the instants of the fifty days around this one, and of those before."""
    half = near_ms >> 32 & 0xFFFF_FFFF
    return _UPPER.pack(_NUMBER, half), _UPPER.pack(_NUMBER, half - 1 & 0xFFFF_FFFF)
