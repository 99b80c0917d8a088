"""Counts the deliveries that wait, for the metrics: by what they wait for, who sees to it, and whether it is overdue.

Beside the records lies an entry for each delivery that waits, local and rebuilt from them. Each partition counts its
own entries, now and then; nobody needs the deliveries of all.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple
from weakref import WeakKeyDictionary

from msgspec import msgpack

from streams.contracts.model import FulfilmentWait
from topologies.runtime.handler import View
from topologies.runtime.watching import metrics

WAITS = b"\x00wait"
EVERY_MS = 15_000
"""So often a partition is counted anew."""
Labels = tuple[str, str, str]
"""The kind of wait, its owner, and ``true`` or ``false`` for overdue."""


class _Count(NamedTuple):
    at: int
    waits: Counter[Labels]


def entry(key: bytes, wait: FulfilmentWait | None) -> dict[bytes, bytes | None]:
    """The local write that notes how the delivery waits; it takes the entry away where it does not."""
    if wait is None:
        return {WAITS + key: None}
    labels: Labels = (wait.kind.value, wait.owner, str(wait.overdue).lower())
    return {WAITS + key: msgpack.encode(labels)}


class WaitCounts:
    """The counts of the partitions that this worker has. A partition that is let go is forgotten with its state."""

    def __init__(self) -> None:
        self._counts: WeakKeyDictionary[View, _Count] = WeakKeyDictionary()
        self._shown = set[Labels]()

    def look(self, state: View, now_ms: int) -> None:
        """Count the partition's waits where that is due, and show those of all partitions. ``now_ms``: UTC ms."""
        known = self._counts.get(state)
        if known is None or not 0 <= now_ms - known.at < EVERY_MS:
            decode: Callable[[bytes], Labels] = msgpack.Decoder(tuple[str, str, str]).decode
            self._counts[state] = _Count(now_ms, Counter(decode(value) for _, value in state.scan(WAITS)))
        total = Counter[Labels]()
        for one in list(self._counts.values()):
            total.update(one.waits)
        for labels in self._shown | total.keys():
            metrics.FULFILMENT_WAITS.labels(*labels).set(total[labels])
        self._shown |= total.keys()
