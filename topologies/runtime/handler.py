"""Defines what a stage hands back for one chunk: the contract between a stage's handler and its runner.

A handler is synchronous and does no I/O of its own: bytes in, bytes out. The runner
(``runtime/runner.py``, ``writing/chunk_writer.py``) owns order and safety: outputs and dead letters first,
acknowledged by the broker; then the changelog, acknowledged; then what was held back for it; then the local
state; only then is the chunk done.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple, Protocol, TypedDict

from msgspec import Struct, field

from streams.contracts.model import Record
from streams.kernel.errors import Reject


class Message(TypedDict):
    """One output as ``confluent_kafka.Producer.produce_batch`` takes it."""

    key: bytes | None
    value: bytes | None


class Change(NamedTuple):
    """A key's new record: ``local`` for the state store, ``changelog`` for its topic. None deletes."""

    local: bytes | None
    changelog: bytes | None


Afterwards = dict[bytes, dict[str, list[Message]]]
"""Key of a change -> topic name -> messages in order."""


class Refused(NamedTuple):
    """A record that cannot be used, and why."""

    record: Record
    reject: Reject


class Handled(Struct):
    """Collects the results of one chunk.

    ``outputs``: topic name -> messages in order. ``counts``: metric label -> how many, summed by the
    runner into ``shipsync_events_total{stage, outcome}`` (accepted, duplicates, unmatched, ...).
    ``local``: what is written to the local state alone, as it can be derived (None deletes).
    ``carrier_errors``: (feed, kind) -> how many. ``flags``: (feed, flag) -> events that bear it.
    ``afterwards``: what goes out once its key's change is on the changelog, because a later input may take it back
    (``writing/outbox.py``), or because a successor may come to say something else instead.
    ``paused``: the topic is paused from here on; the outputs say so, and nothing of the chunk is done.
    """

    outputs: dict[str, list[Message]] = field(default_factory=dict)
    refused: list[Refused] = field(default_factory=list)
    changes: dict[bytes, Change] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    carrier_errors: dict[tuple[str, str], int] = field(default_factory=dict)
    flags: dict[tuple[str, str], int] = field(default_factory=dict)
    local: dict[bytes, bytes | None] = field(default_factory=dict)
    afterwards: Afterwards = field(default_factory=dict)
    paused: bool = False

    def is_said(self) -> bool:
        """Whether anything of it goes to Kafka."""
        return bool(any(self.outputs.values()) or self.refused or self.changes or self.afterwards)


class View(Protocol):
    """Read side of one partition's state."""

    def get_many(self, keys: Sequence[bytes]) -> list[bytes | None]:
        """Local records in the order of ``keys``; None where there is none."""

    def scan(self, prefix: bytes) -> Iterator[tuple[bytes, bytes]]:
        """Every (key, local record) whose key starts with ``prefix``, in key order."""


class Handler(Protocol):
    """One stage's work on a chunk."""

    def handle(self, records: Sequence[Record], state: View | None, now_ms: int) -> Handled:
        """Work on the records of one topic-partition, in offset order. ``now_ms``: the worker's clock.

        Bad records come back as ``refused``; anything raised stops the process before the ack.
        """


class StatefulHandler(Handler, Protocol):
    """A stage with a changelog."""

    def local_writes(self, key: bytes, changelog_value: bytes) -> Mapping[bytes, bytes | None]:
        """Turns a record of the changelog into local writes: the record, and the entries derived of it (restore); None
        deletes.

        Whatever it raises but Transient and Fatal means that the value is no record of this stage.
        """

    def sweep(self, state: View, now_ms: int) -> Handled:
        """Handle whatever falls due by the clock; called between chunks, one partition at a time."""
