"""The beginning of an EDI body, from which its shape is told: a whole file would have to be read twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeVar

MOST_BYTES = 64 * 1024
_LONGEST_CHARACTER = 4


class Part(Protocol):
    """A transaction set or message."""

    @property
    def segments(self) -> list[Any]: ...


P = TypeVar("P", bound=Part)


def parts_at_beginning(body: bytes, read: Callable[[bytes], tuple[Sequence[P], object]]) -> Sequence[P]:
    """Return what ``read`` finds in the first 64 KB, without the segment that may be cut. Raises Reject."""
    if len(body) <= MOST_BYTES:
        return read(body)[0]
    end = MOST_BYTES
    while end > MOST_BYTES - _LONGEST_CHARACTER and body[end] & 0xC0 == 0x80:
        end -= 1
    parts = read(body[:end])[0]
    del parts[-1].segments[-1:]
    return parts
