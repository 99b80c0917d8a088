"""How many envelopes and messages an EDI body of a size can hold: more of them are no EDI, and each costs much more to
map and to acknowledge than its few bytes."""

from __future__ import annotations

from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

ENVELOPE_BYTES, MESSAGE_BYTES = 64, 32
"""Fewer than the least an interchange (ISA to IEA, UNB to UNZ) or a message (ST to SE, UNH to UNT) can have."""
ALWAYS = 16


class Room:
    """The room of one body of ``size`` bytes. ``what``: the things counted, for the error."""

    __slots__ = ("_envelopes", "_messages", "_size", "_what")

    def __init__(self, size: int, what: str) -> None:
        self._envelopes = ALWAYS + size // ENVELOPE_BYTES
        self._messages = ALWAYS + size // MESSAGE_BYTES
        self._size, self._what = size, what

    def envelope(self) -> None:
        """Count an interchange. Raises Reject ``malformed`` where it has no room."""
        self._envelopes -= 1
        if self._envelopes < 0:
            raise self._full()

    def message(self) -> None:
        """Count a message. Raises Reject ``malformed`` where it has no room."""
        self._messages -= 1
        if self._messages < 0:
            raise self._full()

    def _full(self) -> Reject:
        return Reject(RejectReason.MALFORMED, f"more {self._what} than {self._size} bytes can hold")
