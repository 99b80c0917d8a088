"""Sends a claimed file's records in batches, and notes after each how many the broker has acknowledged."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

from config.settings import Settings
from connectors.carriers import Carrier
from connectors.drop.cutting import pieces
from connectors.drop.folder import DropFolder, Note
from connectors.drop.papers import Papers, is_document
from connectors.drop.reading import ClaimedFile, NotReadable, reading
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


def nothing() -> None:
    """Do nothing."""


class Sent(NamedTuple):
    """The outcome of a file: its new path, its number of records, and, if it is in quarantine, the reason in words and
    in one."""

    file: Path
    records: int
    reason: str | None = None
    code: str | None = None


class Sender:
    """One producer for all folders. Close it when done."""

    def __init__(
        self, settings: Settings, beat: Callable[[], None] = nothing, papers: Papers | None = None
    ) -> None:
        """``beat`` is called for every file and after every batch. ``papers``: in place of the settings' store."""
        self._beat, self._papers = beat, papers or Papers(settings)
        self._piece_bytes = min(settings.drop.piece_bytes, settings.intake.max_record_bytes)
        self._whole_bytes = settings.intake.max_record_bytes
        self._producer = producer(settings, largest=largest_record(settings))

    def send(self, folder: DropFolder, carrier: Carrier, claimed: Path, now_ms: int) -> Sent:
        """Send the records not yet acknowledged, then archive the file; quarantine one that cannot be read or cut, or
        that was changed meanwhile.

        Raises Transient if the broker does not acknowledge, OSError where disk or file system fails: the file stays
        claimed, and the next call resumes there.
        """
        self._beat()
        try:
            with reading(claimed) as file:
                if is_document(claimed):
                    return self._kept(folder, carrier, claimed, file, now_ms)
                for note in self._sent(folder, carrier, claimed, file, now_ms):
                    folder.write_note(claimed, note)
                sha256 = file.sha256()
        except Reject as reject:
            return _refused(folder, claimed, reject.reason.value, reject.detail)
        except NotReadable as fault:
            return _refused(folder, claimed, fault.reason, fault.detail)
        records = folder.note(claimed).records
        if not records:
            return _refused(folder, claimed, "empty", "nothing in it")
        return Sent(folder.archive(claimed, sha256), records)

    def _kept(
        self, folder: DropFolder, carrier: Carrier, claimed: Path, file: ClaimedFile, now_ms: int
    ) -> Sent:
        """Keep a document, and tell of it. Raises NotReadable, Transient, SettingsError."""
        if carrier.slug is None:
            raise NotReadable("no_carrier", "files of this feed are of several carriers: post it to /v1/documents")
        content = file.stream.read(self._papers.most_bytes + 1)
        record = self._papers.record_of(carrier.slug, claimed, content, now_ms)
        sha256 = file.sha256()
        deliver(self._producer, [record])
        return Sent(folder.archive(claimed, sha256), 1)

    def _sent(
        self, folder: DropFolder, carrier: Carrier, claimed: Path, file: ClaimedFile, now_ms: int
    ) -> Iterator[Note]:
        """Send the file; what to note after each batch the broker has acknowledged."""
        version, before = file.version, folder.note(claimed)
        if before.size is not None and (before.size, before.modified) != (version.size, version.modified):
            raise NotReadable("changed", "it was changed after part of it was sent: deliver it again under a new name")
        most = self._piece_bytes if carrier.formats[0] in ("x12", "ndjson", "csv") else self._whole_bytes
        records = before.records
        for handful in _handfuls(pieces(carrier, file.stream, most), records):
            self._deliver(carrier, claimed, str(version.modified), handful, records, now_ms)
            records += len(handful)
            self._beat()
            yield Note(records, version.size, version.modified)

    def _deliver(
        self, carrier: Carrier, claimed: Path, written_at: str, handful: list[bytes], first: int, now_ms: int
    ) -> None:
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


def _refused(folder: DropFolder, claimed: Path, code: str, detail: str) -> Sent:
    records = folder.note(claimed).records
    return Sent(folder.quarantine(claimed, code, detail, records), records, detail, code)


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
