"""Avro's binary primitives (specification 1.11, "Binary Encoding"), by table where that is quicker."""

from __future__ import annotations

import struct

SHORT = 1 << 14
MOST_TEXTS = 20_000


def _varint(number: int) -> bytes:
    out = bytearray()
    while number > 0x7F:
        out.append((number & 0x7F) | 0x80)
        number >>= 7
    out.append(number)
    return bytes(out)


_VARINTS = tuple(_varint(n) for n in range(SHORT))
_TWO_BYTES_MORE = tuple(bytes(((n & 0x7F) | 0x80, (n >> 7) | 0x80)) for n in range(SHORT))
LENGTHS = tuple(_varint(n << 1) for n in range(SHORT))
_FOURTEEN_BITS = tuple((n & 0x7F) | ((n >> 8) & 0x7F) << 7 for n in range(1 << 16))
_THREE_SHORTS = struct.Struct("<HHH").unpack_from
DOUBLE = struct.Struct("<d")


def write_long(value: int) -> bytes:
    """Zig-zag variable-length encoding. Raises ValueError beyond 64 bits."""
    number = (value << 1) ^ (value >> 63)
    if number < SHORT:
        return _VARINTS[number]
    if number < 1 << 28:
        return _TWO_BYTES_MORE[number & 0x3FFF] + _VARINTS[number >> 14]
    if number < 1 << 42:
        return (
            _TWO_BYTES_MORE[number & 0x3FFF]
            + _TWO_BYTES_MORE[(number >> 14) & 0x3FFF]
            + _VARINTS[number >> 28]
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


def write_time(value: int) -> bytes:
    """As ``write_long``, quickest for a timestamp in ms from 1974 to 2039."""
    if SHORT << 13 <= value < 1 << 41:
        number = value << 1
        return (
            _TWO_BYTES_MORE[number & 0x3FFF]
            + _TWO_BYTES_MORE[(number >> 14) & 0x3FFF]
            + _VARINTS[number >> 28]
        )
    return write_long(value)


class Texts(dict[str | None, bytes]):
    """Texts met before, as they are written; ``prefix`` stands before each (a union's branch)."""

    def __init__(self, prefix: bytes) -> None:
        super().__init__()
        self._prefix = prefix

    def __missing__(self, text: str | None) -> bytes:
        if text is None:
            written = b"\x00"
        else:
            data = text.encode()
            written = self._prefix + write_long(len(data)) + data
        if len(self) >= MOST_TEXTS:
            self.clear()
        self[text] = written
        return written


def write_text(data: bytes) -> bytes:
    """Length and bytes."""
    return write_long(len(data)) + data


def read_slice(data: bytes, at: int) -> tuple[int, int]:
    """Where the text or bytes at ``at`` start and end. Raises ValueError beyond the end."""
    length, start = read_long(data, at)
    if length < 0 or start + length > len(data):
        raise ValueError("a length beyond the end")
    return start, start + length
