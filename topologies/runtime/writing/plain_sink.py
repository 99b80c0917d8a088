"""At least once: outputs and changelog go out as the chunk is written, and what was sent stays sent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from config.settings import Settings
from streams.kernel.errors import Fatal
from topologies.runtime.handler import Message
from topologies.runtime.writing.sink import Span, Whole
from topologies.runtime.writing.writer import FLUSH_SECONDS, Offsets, Writer


class PlainSink:
    """At least once: what was sent stays sent.

    The changelog has a producer of its own, which alone is asked for offsets: to report each output costs 0.5 µs.
    """

    is_atomic = False
    at_once = 1

    def __init__(self, settings: Settings) -> None:
        self._outputs = Writer(settings)
        self._changes = Writer(settings, reports_all=True)

    def begin(self) -> ChunkUnit:
        """Nothing separates one chunk's writes from another's but the offsets that are noted."""
        return ChunkUnit(self._outputs, self._changes)

    def requests(self) -> dict[str, object]:
        """None: its producers keep their time limits."""
        return {}

    def close(self) -> None:
        """Write out what is queued."""
        for writer in (self._outputs, self._changes):
            writer.producer.flush(FLUSH_SECONDS)


class ChunkUnit:
    """The writes of one chunk, at least once."""

    is_atomic = False

    def __init__(self, outputs: Writer, changes: Writer) -> None:
        self._outputs = outputs
        self._changes = changes
        self._offsets = Offsets()

    def send(self, outputs: Mapping[str, list[Message]], partition: int | None = None) -> None:
        """Hand over messages, in order, waiting while too much is in flight."""
        for topic, messages in outputs.items():
            self._outputs.send(topic, messages, partition)

    def send_whole(self, records: Sequence[Whole]) -> None:
        """Hand over records with headers."""
        for record in records:
            self._outputs.send_whole(record)

    def send_changes(
        self, topic: str, partition: int, changes: Sequence[Message], carrying: Sequence[Whole] = ()
    ) -> None:
        """Hand over records of the changelog."""
        self._changes.send_changes(topic, partition, changes, carrying, self._offsets)

    def flush(self) -> None:
        """Return when the broker has acknowledged everything. Raises Fatal if anything failed."""
        self._outputs.flush()
        self._changes.flush()
        span = self._offsets.span()
        if self._offsets.sent and (span is None or span.end - span.first < span.records):
            raise Fatal(f"{self._offsets.sent} records of the changelog were sent, and lie at {span}")

    def commit(self) -> None:
        """Flushes; there is no transaction to commit."""
        self.flush()

    def span(self, partition: int) -> Span | None:
        """Returns where the changes lie: all of a chunk's are of one partition."""
        del partition
        return self._offsets.span()
