"""Takes content in: checks it, looks for viruses in it, and keeps it. Who shows a document asks the store for what was
kept here, never for what was refused."""

from __future__ import annotations

from typing import NamedTuple

from connectors.documents import metrics
from connectors.documents.content import checked
from connectors.documents.scanning import Scanner
from connectors.documents.store import DocumentStore
from streams.documents.content import quarantine_key, store_key


class Kept(NamedTuple):
    """Content that was taken in. ``refused``: why it was not, and nothing of it can be shown."""

    document_id: str
    media_type: str
    size: int
    store_key: str
    refused: str = ""


class Keeping:
    """The store and the scanner of an installation."""

    def __init__(self, store: DocumentStore, scanner: Scanner, most_bytes: int) -> None:
        self._store, self._scanner, self.most_bytes = store, scanner, most_bytes

    async def take(self, content: bytes) -> Kept:
        """Check and keep it. Content in which a virus is found is put aside. Raises Transient where the store or the
        scanner does not answer."""
        found = checked(content, self.most_bytes)
        if found.refused:
            metrics.REFUSED.labels("content").inc()
            return Kept(found.document_id, found.media_type, found.size, "", found.refused)
        if virus := await self._scanner.refusal(content):
            await self._store.put(quarantine_key(found.document_id), content)
            metrics.REFUSED.labels("virus").inc()
            return Kept(found.document_id, found.media_type, found.size, "", virus)
        key = store_key(found.document_id)
        await self._store.put(key, content)
        metrics.STORED.labels(found.media_type).inc()
        metrics.BYTES.inc(found.size)
        return Kept(found.document_id, found.media_type, found.size, key)
