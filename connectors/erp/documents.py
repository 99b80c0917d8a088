"""The stored documents that postings bear: their content for ERPs that take it, else a signed link."""

from __future__ import annotations

from typing import NamedTuple

from msgspec.structs import replace

from connectors.documents.content import media_type_of
from connectors.documents.links import DocumentLinks, Linked
from connectors.documents.store import DocumentStore
from streams.contracts.documents import stored_id
from streams.contracts.postings import ErpPosting
from streams.documents.content import MEDIA_TYPES, store_key


class Content(NamedTuple):
    """A document as an ERP keeps it. ``suffix``: of its file, without a dot."""

    content: bytes
    suffix: str


class PostedDocuments:
    """The documents of an installation. ``address``: of the portal, without a slash at its end; ``seconds``: how long a
    link is good."""

    def __init__(self, store: DocumentStore, links: DocumentLinks, address: str, seconds: float) -> None:
        self._store, self._links, self._address, self._seconds = store, links, address, seconds

    def linked(self, posting: ErpPosting) -> ErpPosting:
        """The posting whose proof names a stored document by a link that leads to it; any other as it is."""
        proof = posting.proof_of_delivery
        document_id = None if proof is None else stored_id(proof.document_url)
        if proof is None or document_id is None:
            return posting
        link = self._address + self._links.to(
            Linked(document_id, posting.carrier, posting.tracking_number), self._seconds
        )
        return replace(posting, proof_of_delivery=replace(proof, document_url=link))

    async def content(self, document_id: str) -> Content | None:
        """The content; None where the store has none. Raises Transient."""
        content = await self._store.get(store_key(document_id))
        return None if content is None else Content(content, MEDIA_TYPES.get(media_type_of(content), "bin"))


def document_of(posting: ErpPosting) -> str | None:
    """The stored document that a posting bears."""
    proof = posting.proof_of_delivery
    return None if proof is None else stored_id(proof.document_url)
