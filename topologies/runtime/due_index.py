"""What falls due by the clock, in the order of time, beside a stage's records: ``DUE``, eight bytes of the time (ms,
big-endian), the record's key.

The index is local and made of the records, so losing it costs nothing. It may hold a record too early or twice; the
sweep that meets an entry takes it away and puts the record where it belongs.
"""

from __future__ import annotations

from itertools import islice, takewhile
from struct import Struct as Packing

from topologies.runtime.handler import View

DUE = b"\x00due"
_TIME = Packing(">Q")
_LATEST = (1 << 64) - 1


def entry(at_ms: int, key: bytes) -> bytes:
    """The entry of a record that falls due then; its value is empty."""
    return DUE + _TIME.pack(min(max(0, at_ms), _LATEST)) + key


def key_of(one: bytes) -> bytes:
    """The key of the record an entry is about."""
    return one[len(DUE) + _TIME.size:]


def due(state: View, now_ms: int, most: int) -> list[bytes]:
    """The entries due by now, soonest first, no more than ``most``."""
    behind = entry(now_ms + 1, b"")
    found = takewhile(lambda one: one[0] < behind, state.scan(DUE))
    return [key for key, _ in islice(found, most)]
