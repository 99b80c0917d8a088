"""Avro's binary primitives (specification 1.11, "Binary Encoding"), by table where that is faster."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Any

from streams.kernel.memo import Memory

SHORT = 1 << 14


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append((number & 0x7F) | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_LOW_BYTES, _HIGH_BYTES = range(0x80), range(0x80, 0x100)
MORE = tuple(bytes((low, high)) for high in _HIGH_BYTES for low in _HIGH_BYTES)
STARTS = MORE[::2]
"""The first two bytes of a long from 0 of more than two, by its last 13 bits."""
VARINTS = (
    *(bytes((low,)) for low in _LOW_BYTES), *(bytes((low, high)) for high in _LOW_BYTES[1:] for low in _HIGH_BYTES)
)
LENGTHS = (*VARINTS[::2], *(start + b"\x01" for start in STARTS))
"""The zig-zag encoding of lengths from 0."""
STEPS: tuple[int | None, ...] = tuple(1 + (n >> 1) if not n & 1 else None for n in range(128))
"""First byte of a text -> bytes it takes, its length included. None for a negative length, from which no offset can be
computed."""
_FOURTEEN_BITS = tuple(high << 7 | low for high in (*_LOW_BYTES, *_LOW_BYTES) for low in (*_LOW_BYTES, *_LOW_BYTES))
_THREE_SHORTS = struct.Struct("<HHH").unpack_from
MEDIUM = SHORT << 13
"""Longs from 0 to below this take at most four bytes."""
FIRST_TIME, LAST_TIME = MEDIUM, 1 << 41
"""Timestamps in ms between these (1974 to 2039) take six bytes."""
DOUBLE = struct.Struct("<d")


def write_long(value: int) -> bytes:
    """Zig-zag variable-length encoding. Raises ValueError beyond 64 bits."""
    number = (value << 1) ^ (value >> 63)
    if number < SHORT:
        return VARINTS[number]
    if number < 1 << 28:
        return MORE[number & 0x3FFF] + VARINTS[number >> 14]
    if number < 1 << 42:
        return (
            MORE[number & 0x3FFF]
            + MORE[(number >> 14) & 0x3FFF]
            + VARINTS[number >> 28]
        )
    if not -(1 << 63) <= value < 1 << 63:
        raise ValueError(f"{value} does not fit an Avro long")
    return _varint(number)


def read_long(data: bytes, at: int) -> tuple[int, int]:
    """The number at ``at`` and where the next value starts. Raises IndexError or ValueError."""
    shift = number = 0
    while True:
        byte = data[at]
        at += 1
        number |= (byte & 0x7F) << shift
        if byte < 0x80:
            if number >> 64:
                raise ValueError("an Avro long of more than 64 bits")
            return (number >> 1) ^ -(number & 1), at
        shift += 7
        if shift > 63:
            raise ValueError("an Avro long of more than 10 bytes")


def read_time(data: bytes, at: int) -> tuple[int, int]:
    """A long that is usually six bytes: a timestamp in ms from 1987 to 2039."""
    if at + 6 > len(data):
        return read_long(data, at)
    low, middle, high = _THREE_SHORTS(data, at)
    if low & middle & 0x8080 != 0x8080 or high & 0x8080 != 0x0080:
        return read_long(data, at)
    number = _FOURTEEN_BITS[low] | _FOURTEEN_BITS[middle] << 14 | _FOURTEEN_BITS[high] << 28
    return (number >> 1) ^ -(number & 1), at + 6


def nullable(write: Callable[[Any], bytes]) -> Memory:
    """Extends ``write`` to the union of null and its type: writes the branch, then the value."""
    return Memory(lambda value: b"\x02" + write(value), {None: b"\x00"})


def write_string(text: str) -> bytes:
    """Length and UTF-8. Raises UnicodeEncodeError for a lone surrogate."""
    return write_text(text.encode())


def write_text(data: bytes) -> bytes:
    """Length and bytes."""
    return write_long(len(data)) + data


def read_slice(data: bytes, at: int) -> tuple[int, int]:
    """Returns where the text or bytes at ``at`` start and end. Raises ValueError beyond the end."""
    length, start = read_long(data, at)
    if length < 0 or start + length > len(data):
        raise ValueError("a length beyond the end")
    return start, start + length
