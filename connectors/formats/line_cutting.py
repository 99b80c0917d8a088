"""Splits files of lines (NDJSON, tables) of any size into records, in constant memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import BinaryIO

from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason


def split(stream: BinaryIO, max_bytes: int, with_header: bool) -> Iterator[bytes]:
    """Yield parts of whole lines of at most ``max_bytes``; ``with_header`` repeats the first line in each part.

    Raises Reject ``too_large`` for a longer line.
    """
    header = _line(stream, max_bytes) if with_header else b""
    held: list[bytes] = []
    size = len(header)
    while line := _line(stream, max_bytes):
        if held and size + len(line) > max_bytes:
            yield header + b"".join(held)
            held, size = [], len(header)
        held.append(line)
        size += len(line)
    if held or header:
        yield header + b"".join(held)


def _line(stream: BinaryIO, max_bytes: int) -> bytes:
    line = stream.readline(max_bytes + 1)
    if len(line) > max_bytes:
        raise Reject(RejectReason.TOO_LARGE, f"a line of more than {max_bytes} bytes")
    return line
