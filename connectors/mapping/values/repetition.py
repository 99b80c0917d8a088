"""Bounds how often what a record states once, in a heading, is repeated in its events.

A heading of 500 KB above 10,000 statuses would make 5 GB of events out of 1 MB.
"""

from __future__ import annotations

from collections.abc import Iterable

from streams.contracts.model import Reference
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

ALWAYS_BYTES = 128 * 1024
TIMES_THE_RECORD = 8
_REFERENCE_BYTES = 16
"""Estimates the bytes a reference takes beside its value."""


class Repetition:
    """The bound of one raw record: 128 KB and eight times its size. ``body_bytes``: that size."""

    __slots__ = ("_left", "_most", "body_bytes")

    def __init__(self, body_bytes: int) -> None:
        self.body_bytes = body_bytes
        self._most = self._left = ALWAYS_BYTES + TIMES_THE_RECORD * body_bytes

    def take(self, size: int, times: int = 1) -> None:
        """Count ``size`` bytes repeated so many times. Raises Reject ``too_large`` beyond the bound."""
        self._left -= size * times
        if self._left < 0:
            raise Reject(
                RejectReason.TOO_LARGE,
                f"what its headings say would be repeated in its events as more than {self._most} bytes;"
                " send the shipments in several messages",
            )


def size_of(references: Iterable[Reference]) -> int:
    """The bytes that references take in an event, about."""
    return sum(_REFERENCE_BYTES + len(one.value) for one in references)
