"""Limits how many interchanges, messages or lines a body of a size can hold: more of them are none, and each costs much
more to map, to refuse and to acknowledge than its few bytes."""

from __future__ import annotations

from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

X12_INTERCHANGE_BYTES, EDIFACT_INTERCHANGE_BYTES = 128, 64
X12_SET_BYTES, EDIFACT_MESSAGE_BYTES, LINE_BYTES = 36, 40, 12
"""Fewer than the least an interchange (ISA to IEA, UNB to UNZ), a message (ST to SE, UNH to UNT) or a line of a table
or of NDJSON can have, one with another."""
ALWAYS = 16


class Room:
    """The room of one body of ``size`` bytes for things of ``least`` bytes. ``what``: these things, for the error."""

    __slots__ = ("_left", "_size", "_what")

    def __init__(self, size: int, least: int, what: str) -> None:
        self._left = ALWAYS + size // least
        self._size, self._what = size, what

    def take(self) -> None:
        """Count one. Raises Reject ``malformed`` where it has no room."""
        self._left -= 1
        if self._left < 0:
            raise Reject(RejectReason.MALFORMED, f"more {self._what} than {self._size} bytes can hold")
