"""``/d/TOKEN``: a document, for whoever has its signed link; and the links that pages show."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fastapi import APIRouter, Request
from fastapi.responses import Response

from connectors.documents.content import checked
from connectors.documents.links import DocumentLinks, Linked, LinkExpired, WrongLink
from connectors.documents.store import DocumentStore
from portal.tracking.news import Page
from portal.words.customers import chosen
from streams.contracts.model import OrderLink, ShipmentDocument
from streams.documents.content import file_name, store_key
from streams.kernel.document_vocabulary import PROOFS
from streams.kernel.errors import Transient
from streams.kernel.vocabulary import DocumentStatus

HEADERS = {
    "Content-Security-Policy": "default-src 'none'; sandbox", "X-Content-Type-Options": "nosniff",
    "Cache-Control": "private, no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
    "Cross-Origin-Resource-Policy": "same-origin", "X-Frame-Options": "DENY",
}


@dataclass(frozen=True)
class Documents:
    """The documents as pages link to them. ``seconds``: how long a link is good; ``most``: bytes of a document;
    ``address``: of the portal, without a slash at its end."""

    store: DocumentStore
    links: DocumentLinks
    seconds: float
    most: int
    address: str = ""

    def link(self, one: ShipmentDocument) -> str:
        """A link to a stored document, good from now on; empty for one that is not stored."""
        if one.status is not DocumentStatus.STORED:
            return ""
        return self.links.to(Linked(one.document_id, one.carrier, one.tracking_number), self.seconds)

    def whole_link(self, one: ShipmentDocument) -> str:
        """The same with the portal's address, for programs."""
        link = self.link(one)
        return link and self.address + link


def own_documents(
    documents: Sequence[ShipmentDocument], orders: Sequence[OrderLink], customer: str, order: str | None = None
) -> list[ShipmentDocument]:
    """The stored documents of a shipment that its customer may see, each content once: proofs of its own deliveries
    alone, with ``order`` of this order's."""
    mine = {one.delivery_id for one in orders if one.customer_id == customer and order in (None, one.order_id)}
    found: dict[str, ShipmentDocument] = {}
    for one in documents:
        if one.status is DocumentStatus.STORED and one.kind in PROOFS and not mine.isdisjoint(one.delivery_ids):
            found.setdefault(one.document_id, one)
    return list(found.values())


def router(documents: Documents, page: Page) -> APIRouter:
    """The endpoint. ``page``: makes the page that says why there is no document."""
    api = APIRouter(include_in_schema=False)

    @api.get("/d/{token}")
    async def document(request: Request, token: str) -> Response:
        language = chosen(request.query_params.get("lang"), request.headers.get("accept-language"))
        try:
            linked = documents.links.read(token)
            content = await documents.store.get(store_key(linked.document_id))
        except LinkExpired:
            return page("plain.html", language, None, 410, what="gone")
        except WrongLink:
            return page("plain.html", language, None, 404, what="unknown")
        except Transient:
            return page("plain.html", language, None, 503, what="away")
        found = None if content is None else checked(content, documents.most)
        if content is None or found is None or found.refused or found.document_id != linked.document_id:
            return page("plain.html", language, None, 404, what="unknown")
        name = file_name(linked.carrier, linked.tracking_number, linked.document_id, found.media_type)
        return Response(content, media_type=found.media_type, headers={
            **HEADERS, "Content-Disposition": f'attachment; filename="{name}"',
        })

    return api
