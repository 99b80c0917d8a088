"""Reads from the read model the documents of shipments."""

from __future__ import annotations

from msgspec import msgpack

from connectors.formats.prepared_types import prepared
from connectors.read_store.connections import Connections
from streams.contracts.model import ShipmentDocument

MOST_OF_A_SHIPMENT, MOST_LISTED = 200, 1_000


class DocumentReads(Connections):
    """The lists of documents."""

    def documents_of(self, shipment: str) -> list[ShipmentDocument]:
        """Those of one shipment, the newest first. Raises Transient where there is no file that can be read."""
        return self._documents("shipment = ?", shipment, most=MOST_OF_A_SHIPMENT)

    def documents(self, status: str | None = None, document_id: str | None = None) -> list[ShipmentDocument]:
        """Those in this state, or with this content, at most ``MOST_LISTED``, the newest first. Raises Transient."""
        if document_id is not None:
            return self._documents("document_id = ?", document_id, most=MOST_LISTED)
        return self._documents("? IN ('', status)", status or "", most=MOST_LISTED)

    def _documents(self, which: str, value: str, *, most: int) -> list[ShipmentDocument]:
        rows = self._rows(f"SELECT doc FROM documents WHERE {which} ORDER BY at DESC, source_id LIMIT {most}", value)
        return [msgpack.decode(doc, type=prepared(ShipmentDocument)) for [doc] in rows]
