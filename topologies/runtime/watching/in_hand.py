"""Records what the handler works on at this moment, for other threads and for the next run of the worker.

It is noted in one small file before the handler is called and taken back after it, so that it is known whatever ends
the process: an exception, a hang, memory, a kill. Two writes a chunk, some microseconds; the page cache keeps them.
"""

from __future__ import annotations

import logging
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from connectors.formats.prepared_types import prepared
from topologies.runtime.reading.chunks import TopicPartition

log = logging.getLogger(__name__)

FILE = "in_hand.json"
SIZE = 512
NOTHING = b"-".ljust(SIZE)


def most_seconds(record_seconds: float, stuck_timeout: float) -> float:
    """Returns how long a handler may have the same in hand: ``record_seconds``, at most half of ``stuck_timeout``."""
    return min(record_seconds, stuck_timeout / 2)


class Held(msgspec.Struct, frozen=True):
    """Records from offset ``first`` to before ``end``. ``turn``: counts what this worker took in hand."""

    topic: str
    partition: int
    first: int
    end: int
    turn: int = 0

    @property
    def tp(self) -> TopicPartition:
        """Topic and partition."""
        return TopicPartition(self.topic, self.partition)

    def __str__(self) -> str:
        to = f" to {self.end}" if self.end > self.first + 1 else ""
        return f"{self.topic}[{self.partition}] @ {self.first}{to}"


class InHand:
    """Tracks the records one worker's handler has in hand; ``folder``: of the worker, ``clock``: seconds. One thread
    writes, any may read ``now`` and ``held_for``."""

    def __init__(self, folder: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._path = folder / FILE
        self._clock = clock
        self._since = 0.0
        self._file: int | None = None
        self._turn = 0
        self.now: Held | None = None

    def left(self) -> Held | None:
        """Returns the records the previous run had in hand when it ended, and forgets them; None after an orderly
        end."""
        try:
            found = self._path.read_bytes()
        except OSError:
            return None
        self._path.unlink(missing_ok=True)
        try:
            return msgspec.json.decode(found, type=prepared(Held))
        except msgspec.DecodeError:
            return None

    @contextmanager
    def holding(self, tp: TopicPartition, first: int, end: int) -> Iterator[None]:
        """Have these records in hand while the block runs."""
        self._turn += 1
        self._since = self._clock()
        self.now = held = Held(*tp, first, end, self._turn)
        self._write(msgspec.json.encode(held).ljust(SIZE))
        try:
            yield
        finally:
            self.now = None
            self._write(NOTHING)

    def held_for(self) -> tuple[Held, float] | None:
        """Returns the records in hand, and for how many seconds; None with nothing in hand."""
        held, since = self.now, self._since
        return None if held is None or held is not self.now else (held, self._clock() - since)

    def forget(self) -> None:
        """The process ends for another reason: the next run need not know what was in hand."""
        if self._file is not None:
            self._write(NOTHING)

    def _write(self, noted: bytes) -> None:
        try:
            if self._file is None:
                self._path.parent.mkdir(parents=True, exist_ok=True)
                self._file = os.open(self._path, os.O_RDWR | os.O_CREAT, 0o600)
            os.pwrite(self._file, noted, 0)
        except OSError as error:
            if self._turn == 1:
                log.warning(
                    "what is in hand cannot be noted at %s, so a record that hangs is not found: %s", self._path, error
                )
