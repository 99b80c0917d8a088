"""A document in a drop folder is kept as a proof of its shipment; what is none is refused with the reason."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest

from config.settings import Settings
from connectors.carriers import discover
from connectors.documents.keeping import Keeping
from connectors.documents.scanning import scanner_of
from connectors.documents.store import ObjectStore
from connectors.drop import papers, sender
from connectors.drop.alarm import Alarm
from connectors.drop.papers import Papers, is_document, tracking_number
from connectors.drop.reading import NotReadable
from connectors.drop.watcher import Watcher
from streams.contracts.model import ShipmentDocument
from streams.kernel.vocabulary import DocumentKind, DocumentStatus

PDF = b"%PDF-1.4\n1 0 obj\n<< >>\nendobj\ntrailer\n<< >>\n%%EOF\n"
NOW = 1_790_000_000_000


class Codec:
    """Keeps the values in place of writing them."""

    told: list[ShipmentDocument]

    def __init__(self, *_: object) -> None:
        self.told = []

    def encode(self, value: ShipmentDocument) -> bytes:
        self.told.append(value)
        return value.source_id.encode()


class Quiet:
    """A producer that has nothing to send."""

    def flush(self, _: float) -> int:
        return 0


def papers_in(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Papers, ObjectStore]:
    monkeypatch.setattr(papers, "ValueCodec", Codec)
    monkeypatch.setattr(papers, "Registry", lambda _: None)
    settings = Settings(_env_file=None)
    tmp_path.mkdir(exist_ok=True)
    store = ObjectStore(tmp_path.as_uri())
    return Papers(settings, Keeping(store, scanner_of(settings), 1000)), store


def test_a_document_is_kept_and_told_once_whatever_its_file_is_called(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, store = papers_in(tmp_path, monkeypatch)
    first = made.record_of("north", Path("ac 123456.pdf"), PDF, NOW)
    again = made.record_of("north", Path("AC123456_2.PDF"), PDF, NOW + 1)
    assert (first.key, first.value) == (again.key, again.value) == (b"north:AC123456", first.value)
    codec = made._codec
    assert isinstance(codec, Codec)
    one = codec.told[0]
    assert (one.kind, one.status, one.media_type, one.size) == (
        DocumentKind.PROOF_OF_DELIVERY, DocumentStatus.STORED, "application/pdf", len(PDF),
    )
    assert asyncio.run(store.get(one.store_key)) == PDF


@pytest.mark.parametrize(("name", "content", "reason"), [
    ("AC123456.pdf", b"<html>sign in</html>", "no_document"), ("AC123456.pdf", PDF + b" " * 1000, "no_document"),
    ("ab.pdf", PDF, "no_number"), ("%2e%2e.pdf", PDF, "no_number"), ("_AC123456.pdf", PDF, "no_number"),
])
def test_what_is_no_document_of_a_shipment_is_refused(
    name: str, content: bytes, reason: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _ = papers_in(tmp_path, monkeypatch)
    with pytest.raises(NotReadable) as refused:
        made.record_of("north", Path(name), content, NOW)
    assert refused.value.reason == reason


def test_a_number_ends_before_what_makes_names_different() -> None:
    numbers = {tracking_number(Path(name)) for name in ("AC123456.pdf", "AC123456.2.pdf", "AC123456_signed.tiff")}
    assert numbers == {"AC123456"}
    assert [is_document(Path(name)) for name in ("a.PDF", "a.jpeg", "a.edi", "a.json", "a")] == [
        True, True, False, False, False,
    ]


def test_the_watcher_keeps_documents_beside_messages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    made, store = papers_in(tmp_path / "store", monkeypatch)
    written: list[str] = []
    monkeypatch.setattr(sender, "producer", lambda *_, **__: Quiet())
    monkeypatch.setattr(sender, "largest_record", lambda _: 1_000_000)
    monkeypatch.setattr(sender, "deliver", lambda _, records: written.extend(one.topic for one in records))
    inbox = tmp_path / "drop" / "gls" / "inbox"
    inbox.mkdir(parents=True)
    for name, content in (("AC123456.pdf", PDF), ("AC123457.pdf", b"<html>"), ("scans.json", b"{}")):
        (inbox / name).write_bytes(content)
    settings = Settings(_env_file=None, drop_dir=str(tmp_path / "drop"), drop_unchanged=0)
    carriers = [one for one in discover() if one.feed == "gls"]
    watcher = Watcher(settings, carriers, sender.Sender(settings, papers=made), Alarm(settings))
    found = watcher.look() + watcher.look()
    watcher.close()
    assert sorted(written) == ["raw.gls.v1", "shipment.documents.v1"]
    refused = [one for one in found if one.code is not None]
    assert [(one.code, one.file.parent.name) for one in refused] == [("no_document", "quarantine")]
    [record] = [one for one in found if one.file.name == "AC123456.pdf"]
    assert (record.records, record.file.parent.parent.name) == (1, "archive")
    codec = made._codec
    assert isinstance(codec, Codec)
    assert asyncio.run(store.get(codec.told[0].store_key)) == PDF
