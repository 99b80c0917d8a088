"""Sends a claimed file's records in batches, and notes after each how many the broker has acknowledged."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from config.settings import Settings
from connectors.carriers import Carrier
from connectors.drop.cutting import pieces
from connectors.drop.folder import DropFolder
from connectors.kafka.producer import ACK_SECONDS, deliver, producer
from connectors.kafka.raw_record import raw_record
from connectors.kafka.topic_admin import largest_record
from streams.contracts.ids import digest
from streams.kernel.errors import Reject, Transient

CHANNEL = "file"
HANDFUL_RECORDS, HANDFUL_BYTES = 1_000, 32 * 1024 * 1024
_TYPES = {
    "json": "application/json", "ndjson": "application/x-ndjson", "xml": "application/xml", "csv": "text/csv",
    "x12": "application/edi-x12", "edifact": "application/edifact",
}


class Sent(NamedTuple):
    """The outcome of a file: its new path, its number of records, and the reason if it is in quarantine."""

    file: Path
    records: int
    reason: str | None = None


class Sender:
    """One producer for all folders. Close it when done."""

    def __init__(self, settings: Settings) -> None:
        self._piece_bytes = min(settings.drop.piece_bytes, settings.intake.max_record_bytes)
        self._whole_bytes = settings.intake.max_record_bytes
        self._producer = producer(settings, largest=largest_record(settings))

    def send(self, folder: DropFolder, carrier: Carrier, claimed: Path, now_ms: int) -> Sent:
        """Send the records not yet acknowledged, then archive the file; quarantine one that cannot be cut.

        Raises Transient if the broker does not acknowledge: the file stays claimed, and the next call resumes there.
        """
        records = folder.acknowledged(claimed)
        most = self._piece_bytes if carrier.formats[0] in ("x12", "ndjson", "csv") else self._whole_bytes
        try:
            with claimed.open("rb") as stream:
                for handful in _handfuls(pieces(carrier, stream, most), records):
                    self._deliver(carrier, claimed, handful, records, now_ms)
                    records += len(handful)
                    folder.note(claimed, records)
        except Reject as reject:
            return Sent(folder.quarantine(claimed, reject.reason.value, reject.detail, records), records, reject.detail)
        if not records:
            return Sent(folder.quarantine(claimed, "empty", "nothing in it", 0), 0, "nothing in it")
        return Sent(folder.archive(claimed), records)

    def _deliver(self, carrier: Carrier, claimed: Path, handful: list[bytes], first: int, now_ms: int) -> None:
        written_at = str(claimed.stat().st_mtime_ns)
        try:
            deliver(self._producer, (
                raw_record(
                    carrier.feed, body, _TYPES[carrier.formats[0]], now_ms,
                    digest("drop", carrier.feed, claimed.name, written_at, str(place))[:16], CHANNEL,
                )
                for place, body in enumerate(handful, first)
            ))
        except Transient as error:
            raise Transient(f"{claimed.name}: the broker did not take all of it: {error}") from error

    def close(self) -> None:
        """Wait up to ``ACK_SECONDS`` for unacknowledged records."""
        self._producer.flush(ACK_SECONDS)


def _handfuls(found: Iterator[bytes], acknowledged: int) -> Iterator[list[bytes]]:
    held: list[bytes] = []
    size = 0
    for place, body in enumerate(found):
        if place < acknowledged:
            continue
        held.append(body)
        size += len(body)
        if len(held) >= HANDFUL_RECORDS or size >= HANDFUL_BYTES:
            yield held
            held, size = [], 0
    if held:
        yield held
