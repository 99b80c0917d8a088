"""An index of a stage's records by the time they fall due. An entry's key is ``DUE``, the time (UTC ms, eight bytes,
big-endian) and the record's key; its value is empty.

The index is local and rebuilt from the records, so losing it loses nothing. It may hold a record too early or twice:
the sweep removes each entry it reads and enters the record again at its right time.
"""

from __future__ import annotations

from itertools import islice, takewhile
from struct import Struct as Packing

from topologies.runtime.handler import View

DUE = b"\x00due"
_TIME = Packing(">Q")
_LATEST = (1 << 64) - 1


def entry(at_ms: int, key: bytes) -> bytes:
    """The entry of the record ``key`` that falls due at ``at_ms`` (UTC ms)."""
    return DUE + _TIME.pack(min(max(0, at_ms), _LATEST)) + key


def key_of(one: bytes) -> bytes:
    """The record's key within an entry."""
    return one[len(DUE) + _TIME.size:]


def due(state: View, now_ms: int, most: int) -> list[bytes]:
    """At most ``most`` entries due by ``now_ms`` (UTC ms), earliest first."""
    behind = entry(now_ms + 1, b"")
    found = takewhile(lambda one: one[0] < behind, state.scan(DUE))
    return [key for key, _ in islice(found, most)]
