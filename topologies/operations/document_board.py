"""The documents of shipments, and why those that are missing are, from ``shipment.documents.v1``; and a person's wish
that one be fetched again."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable

from msgspec.structs import replace

from config import topics
from config.settings import Settings
from connectors.documents.store import store_of
from connectors.kafka.person_actions import Act, audited, take
from connectors.kafka.producer import Record
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import Reader
from streams.contracts.audit import Actor, details_of
from streams.contracts.ids import shipment_key
from streams.contracts.model import ShipmentDocument
from streams.kernel.audit_vocabulary import SubjectKind
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import DocumentStatus

_FIRST = {DocumentStatus.REFUSED: 0, DocumentStatus.WAITING: 1}


def listed(
    settings: Settings, shipment: str | None = None, status: DocumentStatus | None = None
) -> list[ShipmentDocument]:
    """Documents as they stand: those that were refused first, then those that wait, the newest first. ``shipment``,
    ``status``: only these. Raises Transient."""
    found: dict[str, ShipmentDocument] = {}

    def note(_: str, value: ShipmentDocument | None) -> None:
        if value is not None:
            found[value.source_id] = value

    reader = Reader(settings, Registry(settings), topics.SHIPMENT_DOCUMENTS, ShipmentDocument, note)
    try:
        reader.to_the_end()
    finally:
        reader.close()
    return sorted((one for one in found.values() if _is_wanted(one, shipment, status)), key=_order)


def content_of(settings: Settings, document: ShipmentDocument) -> bytes:
    """The content of a stored document. Raises Fatal where there is none, Transient, SettingsError."""
    if document.status is not DocumentStatus.STORED:
        raise Fatal(f"the document is {document.status.value}: {document.reason or 'there is no content yet'}")
    content = asyncio.run(store_of(settings).get(document.store_key))
    if content is None:
        raise Fatal(f"the store has no {document.store_key}: is SHIPSYNC_DOCUMENTS_STORE the one it was kept in?")
    return content


def one_of(documents: Iterable[ShipmentDocument], named: str) -> ShipmentDocument:
    """The document that the beginning of its id, or of its source's, names. Raises Fatal for none or several."""
    found = [
        one for one in documents if named and any(it.startswith(named) for it in (one.document_id, one.source_id))
    ]
    contents = {one.document_id or one.source_id for one in found}
    if len(contents) != 1:
        many = "several documents begin" if contents else "no document begins"
        raise Fatal(f"{many} with {named}; shipsync documents list shows them")
    return found[0]


def ask_again(settings: Settings, document: ShipmentDocument, reason: str, actor: Actor, at: int) -> None:
    """Write that a document is to be fetched again, and the audit of it. ``at``: UTC ms. Raises Fatal for one that was
    not given up, Transient."""
    check(document, reason)
    registry, key = Registry(settings), shipment_key(document.carrier, document.tracking_number)
    asked = replace(
        document, status=DocumentStatus.WAITING, at=max(at, document.at + 1), reason=f"asked for again by {actor.name}"
    )
    value = ValueCodec(topics.SHIPMENT_DOCUMENTS, ShipmentDocument, registry).encode(asked)
    audit = audited(
        actor, at, "document.fetch", SubjectKind.SHIPMENT, key, reason=reason,
        details=details_of({"link": document.link or "", "was": document.reason}),
    )
    take(settings, [Act(audit, [Record(topics.SHIPMENT_DOCUMENTS.name, key.encode(), value)])], registry)


def check(document: ShipmentDocument, reason: str) -> None:
    """Raises Fatal for a document that cannot be fetched again."""
    if not reason.isprintable() or len(reason) > 500:
        raise Fatal("--reason: at most 500 characters that can be shown")
    if not document.link or document.status is not DocumentStatus.REFUSED:
        raise Fatal(f"the document is {document.status.value}: only what was refused is fetched again")


def _is_wanted(one: ShipmentDocument, shipment: str | None, status: DocumentStatus | None) -> bool:
    key = shipment_key(one.carrier, one.tracking_number)
    return shipment in (None, key, one.tracking_number) and status in (None, one.status)


def _order(one: ShipmentDocument) -> tuple[int, int, str]:
    return _FIRST.get(one.status, 2), -one.at, one.source_id
