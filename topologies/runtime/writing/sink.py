"""Defines the sink through which a stage writes to Kafka: its contract, and the records that go into it.

:class:`~topologies.runtime.writing.plain_sink.PlainSink` (at least once) sends as it goes;
:class:`~topologies.runtime.writing.transactional_sink.TransactionalSink` (exactly once) wraps what chunks write into
transactions. ``writing/processing.py`` says which of them a stage has, ``writing/finishing.py`` how each is used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple, Protocol

from streams.kernel.errors import Transient
from topologies.runtime.handler import Message
from topologies.runtime.reading.chunks import TopicPartition

BY_KEY = -1


class Whole(NamedTuple):
    """A record with headers, as dead letters need them. ``partition``: where it is forced to."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes]]
    partition: int = BY_KEY


class Span(NamedTuple):
    """States where a chunk's changelog records lie: the first offset, the one after the last, how many there are."""

    first: int
    end: int
    records: int


class Fenced(Transient):
    """Says that the work in hand must be abandoned: another worker took the partition over, or the outcome is unknown.

    A worker that is still in the group restores the partition and repeats the chunk.
    """


class Unit(Protocol):
    """The writes of one chunk, or of all chunks of one transaction."""

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

    def commit(self) -> None:
        """Make the writes of this unit final.

        Raises Fenced where another worker took over or it cannot be known, Fatal if anything failed.
        """

    def span(self, partition: int) -> Span | None:
        """Returns where its changes of this partition lie, once final; None where it has none."""


class Sink(Protocol):
    """Takes the writes of a stage. ``at_once``: how many units there may be at the same time, each in a thread of its
    own."""

    @property
    def at_once(self) -> int: ...

    @property
    def is_atomic(self) -> bool:
        """Whether its units are transactions."""

    def begin(self) -> Unit:
        """Begin the writes of a chunk. Raises Fenced where that cannot be done now."""

    def requests(self) -> Mapping[str, object]:
        """The requests to the broker that keep a thread at this moment, by the name of their client."""

    def close(self) -> None:
        """Write out what is queued and disconnect."""


class PlainUnit(Unit, Protocol):
    """Writes that are acknowledged as they go."""

    def flush(self) -> None:
        """Return when the broker has acknowledged everything so far. Raises Fatal if anything failed."""


class Plain(Sink, Protocol):
    """A sink without transactions."""

    def begin(self) -> PlainUnit:
        """Begin the writes of a chunk."""


class TransactionalUnit(Unit, Protocol):
    """A transaction that moves the offsets of its inputs, too."""

    def send_offsets(self, offsets: Mapping[TopicPartition, int], group_metadata: bytes) -> None:
        """Wait until the broker has all records, then hand over how far the inputs are done, in the name of the
        member and the generation of ``group_metadata``. Raises Fenced where the group has another generation."""

    def abort(self) -> None:
        """Take everything back, as far as the broker can be told; else it times out there."""


class Transactions(Sink, Protocol):
    """A sink whose units are transactions."""

    def open(self) -> None:
        """Get ready, and have what an earlier process of this worker left open aborted. Raises as ``begin``."""

    def begin(self) -> TransactionalUnit:
        """Begin a transaction. Raises Fenced where that cannot be done now, Fatal where it is not allowed."""
