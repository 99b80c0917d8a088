"""Notices transactions that stay open: readers of committed records wait before them, and nothing else says so."""

from __future__ import annotations

import logging
from collections.abc import Callable

from topologies.runtime.reading.chunks import TopicPartition

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0


def still_open(topic: str, partition: int, offset: int, seconds: float) -> str:
    """Returns the warning of a transaction that has been open for so long, with what to do."""
    return (
        f"{topic}[{partition}]: a transaction has been open at offset {offset} for {seconds:.0f} s; where that"
        " goes on, the broker has lost its end: kafka-transactions.sh find-hanging and abort (docs/operations.md)"
    )


class OpenTransactions:
    """Warns of partitions whose readable end has stood before their true end for ``patience`` seconds, and again each
    time as much later. ``clock``: seconds. Used by one thread."""

    def __init__(self, patience: float, clock: Callable[[], float]) -> None:
        self._patience = patience
        self._clock = clock
        self._looked_at = clock()
        self._ends: dict[TopicPartition, int] = {}
        self._open_since: dict[TopicPartition, float] = {}
        self._told_at: dict[TopicPartition, float] = {}

    def came_to_end(self, tp: TopicPartition, offset: int | None) -> None:
        """Note where a reader found the readable end; None where it has read on and not come to the next."""
        if offset is None:
            self._ends.pop(tp, None)
            self._open_since.pop(tp, None)
        elif self._ends.get(tp) != offset:
            self._ends[tp] = offset
            self._open_since.pop(tp, None)

    def forget(self) -> None:
        """The partitions are no longer ours."""
        self._ends.clear()
        self._open_since.clear()

    def look(self, true_end: Callable[[TopicPartition], int]) -> None:
        """Look, once a second at most. ``true_end``: the offset after a partition's last record, committed or not."""
        now = self._clock()
        if now - self._looked_at < LOOK_SECONDS:
            return
        self._looked_at = now
        for tp, offset in self._ends.items():
            if true_end(tp) <= offset:
                self._open_since.pop(tp, None)
                continue
            since = self._open_since.setdefault(tp, now)
            if now - max(since, self._told_at.get(tp, since)) >= self._patience:
                self._told_at[tp] = now
                log.warning("%s", still_open(tp.topic, tp.partition, offset, now - since))
