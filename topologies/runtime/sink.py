"""What a stage writes to Kafka through: the contract of its sink, and the records that go into it.

:class:`~topologies.runtime.plain_sink.PlainSink` (at least once) sends as it goes;
:class:`~topologies.runtime.transactional_sink.TransactionalSink` (exactly once) wraps what a chunk writes into one
transaction. ``runtime/processing.py`` says which of them a stage has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from streams.kernel.errors import Transient
from topologies.runtime.handler import Message

BY_KEY = -1


class Whole(NamedTuple):
    """A record with headers, as dead letters need them. ``partition``: where it is forced to."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    partition: int = BY_KEY


class Span(NamedTuple):
    """Where a chunk's changelog records lie: the first offset, the one after the last, how many there are."""

    first: int
    end: int
    records: int


class Fenced(Transient):
    """What was in hand must be abandoned: another worker took the partition over, or the outcome is unknown.

    A worker that is still in the group opens the partition anew, restores it and repeats the chunk.
    """


class Unit(Protocol):
    """The writes of one chunk."""

    @property
    def is_atomic(self) -> bool:
        """Whether all of it becomes final, and can be read, together."""

    def send(self, outputs: Mapping[str, list[Message]], partition: int | None = None) -> None:
        """Hand over messages, in order; ``partition`` forces one for all of them."""

    def send_whole(self, records: Sequence[Whole]) -> None:
        """Hand over records with headers."""

    def send_changes(
        self, topic: str, partition: int, changes: Sequence[Message], carrying: Sequence[Whole] = ()
    ) -> None:
        """Hand over records of the changelog, ``carrying`` those with headers; their offsets are noted."""

    def flush(self) -> None:
        """Return when the broker has acknowledged everything so far. Raises Fatal if anything failed."""

    def commit(self) -> Span | None:
        """Make the writes of this unit final; where its changes lie, None where it has none.

        Raises Fenced where another worker took over or it cannot be known, Fatal if anything failed.
        """

    def abort(self) -> None:
        """Take back what can be taken back: with transactions everything, without nothing."""


class Sink(Protocol):
    """Where a stage writes."""

    @property
    def at_once(self) -> int:
        """How many partitions may write at the same time, each in a thread of its own."""

    def begin(self, partition: int) -> Unit:
        """Begin the writes of one chunk of this input partition. Raises Fenced where it is not open."""

    def open(self, partition: int) -> None:
        """Get ready for an input partition; fences whoever wrote for it before."""

    def release(self, partition: int) -> None:
        """Let go of an input partition."""

    def close(self) -> None:
        """Write out what is queued and disconnect."""
