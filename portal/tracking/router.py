"""``/t/TOKEN``: the tracking page, and what belongs to its looks."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from fastapi import APIRouter, HTTPException, Request
from fastapi.responses import HTMLResponse, Response

from connectors.read_store.reader import ReadStore
from portal.pages.templates import html
from portal.tracking import documents, news
from portal.tracking.brands import Brand, load, name_of
from portal.tracking.documents import Documents, own_documents
from portal.tracking.news import News
from portal.tracking.times import whole
from portal.tracking.tokens import Expired, Subject, Tokens, WrongToken
from portal.tracking.view import STEPS, DocumentLink, Parcel, parcel
from portal.views.own import as_told
from portal.words.customers import LANGUAGES, catalogue, chosen
from streams.contracts.model import ShipmentState
from streams.documents.content import MEDIA_TYPES
from streams.kernel.errors import Transient
from streams.read_model.project import key_of

POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self';"
    " frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY, "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex",
    "Cache-Control": "private, no-store",
}
LOGO_POLICY = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""Of a logo opened by itself: an SVG file may style itself, and do nothing else."""
MOST_PARCELS = 50


@dataclass(frozen=True)
class TrackingServices:
    """``now``: UTC ms; ``brands``: the file of brands, None for the plain look; ``news``: of who wants to be told by
    e-mail, None where nobody may ask; ``documents``: None where none are shown."""

    store: ReadStore
    tokens: Tokens
    now: Callable[[], int]
    brands: Path | None = None
    news: News | None = None
    documents: Documents | None = None


def router(services: TrackingServices) -> APIRouter:
    """The page. Raises Fatal for a file of brands that cannot be used."""
    api = APIRouter(include_in_schema=False)
    brands, by_name, logos = load(services.brands)

    def page(template: str, language: str, brand: Brand, status: int, **context: object) -> HTMLResponse:
        return html(f"tracking/{template}", {
            **context, "texts": catalogue(language).page, "language": language, "brand": brand,
            "brand_name": name_of(brand), "has_logo": name_of(brand) in logos,
            "languages": {one: catalogue(one).name for one in LANGUAGES},
        }, status, HEADERS)

    @api.get("/t/{token}")
    def track(request: Request, token: str) -> HTMLResponse:
        language = chosen(request.query_params.get("lang"), request.headers.get("accept-language"))
        try:
            subject = services.tokens.read(token)
            read_at = services.store.standing().read_at
            parcels = _parcels(services, subject, language)
        except Expired:
            return page("plain.html", language, brands.default, 410, what="gone")
        except WrongToken:
            return page("plain.html", language, brands.default, 404, what="unknown")
        except Transient:
            return page("plain.html", language, brands.default, 503, what="away")
        brand = brands.of(subject.customer)
        if not parcels:
            return page("plain.html", language, brand, 404, what="unknown")
        return page(
            "page.html", language, brand, 200, subject=subject, parcels=parcels[:MOST_PARCELS], steps=STEPS,
            statuses=Counter(one.status for one in parcels[:MOST_PARCELS]),
            first_shown=MOST_PARCELS if len(parcels) > MOST_PARCELS else None,
            news_form=f"/t/{token}/news" if services.news is not None and subject.kind == "order" else "",
            read=whole(read_at, None, language) if read_at else "",
        )

    def page_of(template: str, language: str, customer: str | None, status: int, **context: object) -> HTMLResponse:
        return page(template, language, brands.default if customer is None else brands.of(customer), status, **context)

    if services.news is not None:
        api.include_router(news.router(services.news, services.tokens, services.now, page_of))
    if services.documents is not None:
        api.include_router(documents.router(services.documents, page_of))

    @api.get("/brand/{name}.css")
    def colours(name: str) -> Response:
        if name not in by_name:
            raise HTTPException(404, "there is no such brand")
        return Response(f":root {{ --brand: {by_name[name].colour}; }}\n", media_type="text/css")

    @api.get("/brand/{name}")
    def logo(name: str) -> Response:
        if name not in logos:
            raise HTTPException(404, "there is no such logo")
        found = logos[name]
        return Response(found.content, media_type=found.kind, headers={
            "Content-Security-Policy": LOGO_POLICY, "X-Content-Type-Options": "nosniff",
        })

    return api


def _parcels(services: TrackingServices, subject: Subject, language: str) -> list[Parcel]:
    """The parcels a customer's link leads to, one more than are shown; nothing where it is no longer theirs."""
    store, of_order = services.store, subject.kind == "order"
    states: list[ShipmentState] = []
    if of_order:
        states = store.shipments_of(subject.key, subject.customer)[:MOST_PARCELS + 1]
    elif (state := store.shipment(subject.key, subject.customer)) is not None:
        states = [state]
    order = subject.key if of_order else None
    return [
        parcel(
            as_told(store, one, subject.customer, order),
            store.words(key_of(one.carrier, one.tracking_number), subject.customer), subject.customer, language, order,
        )._replace(documents=_documents(services, one, subject.customer, order))
        for one in states
        if any(link.customer_id == subject.customer and order in (None, link.order_id) for link in one.orders)
    ]


def _documents(
    services: TrackingServices, state: ShipmentState, customer: str, order: str | None
) -> tuple[DocumentLink, ...]:
    if services.documents is None:
        return ()
    known = services.store.documents_of(key_of(state.carrier, state.tracking_number))
    return tuple(
        DocumentLink(MEDIA_TYPES.get(one.media_type, "").upper(), services.documents.link(one))
        for one in own_documents(known, state.orders, customer, order)
    )
