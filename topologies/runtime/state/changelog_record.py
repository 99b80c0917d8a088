"""One record of a changelog as a stage reads it back: what it is locally, and what it still carries; or why neither.

A record that cannot be read is superseded by any later one of its key, as every record of a changelog is. So a person
mends it by writing such a record (``shipsync state skip`` or ``repair``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple

from streams.contracts.model import Record
from streams.kernel.errors import Fatal, Reject, Transient
from streams.kernel.vocabulary import RejectReason
from topologies.runtime.writing.outbox import HeldBack, carried

LocalWrites = Callable[[bytes, bytes], Mapping[bytes, bytes | None]]
SHOWN = 3


class Unreadable(NamedTuple):
    """A record that cannot be read, and that no later one of its key supersedes."""

    record: Record
    reject: Reject

    def __str__(self) -> str:
        record = self.record
        return f"{record.topic}[{record.partition}] at offset {record.offset}, key {record.key!r}: {self.reject.detail}"


class UnreadableChangelog(Transient):
    """A partition cannot be restored until somebody has mended these records of its changelog."""

    def __init__(self, stage: str, records: Sequence[Unreadable]) -> None:
        first = records[0].record
        more = f"; and {len(records) - SHOWN} more" if len(records) > SHOWN else ""
        super().__init__(
            f"{len(records)} records cannot be read: {'; '.join(map(str, records[:SHOWN]))}{more}. "
            f"Stop the stage, then: shipsync state check {stage}; "
            f"shipsync state repair {stage} {first.partition} {first.offset}"
        )
        self.records = records


def read(
    record: Record, local_writes: LocalWrites, outputs: Collection[str]
) -> tuple[dict[bytes, bytes | None], HeldBack | None]:
    """The local writes of a record with a key, and what it carries for the topics ``outputs``.

    Raises Reject where it cannot be read, whatever is wrong with it; Transient where the registry does not answer.
    """
    key, value = record.key or b"", record.value
    try:
        key.decode()
        held = carried(value, record.headers, outputs)
        return ({key: None} if value is None else dict(local_writes(key, value))), held
    except (Reject, Transient, Fatal):
        raise
    except Exception as error:  # its content is anything, and so is what a reader says of it
        raise Reject(RejectReason.MALFORMED, f"it is none of this stage's records: {error!r}"[:500]) from error
