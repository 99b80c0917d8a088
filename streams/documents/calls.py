"""Asks a carrier's own API for the proof of a delivery that has none. Times are UTC ms."""

from __future__ import annotations

from streams.contracts.documents import call_url
from streams.contracts.model import DocumentedShipment, ShipmentDocument
from streams.documents.fetches import source_of_call
from streams.documents.policy import Calls
from streams.documents.shipment_record import life_of, put, standing
from streams.kernel.document_vocabulary import PROOFS
from streams.kernel.vocabulary import DocumentKind, DocumentOrigin, DocumentStatus


def called_at_once(known: DocumentedShipment, calls: Calls, now_ms: int) -> DocumentedShipment:
    """The record whose carrier is asked for a proof, where a delivery waits for nothing else and no report bears a
    link to one; else unchanged."""
    wants = standing(known)
    if not calls.is_at_once(wants):
        return known
    life = max(one.life for one in wants)
    is_on_its_way = any(life_of(one, wants) == life and one.kind in PROOFS for one in known.documents)
    return known if is_on_its_way else called(known, calls, now_ms)


def called(known: DocumentedShipment, calls: Calls, now_ms: int) -> DocumentedShipment:
    """The record whose carrier is asked for a proof of the last delivery; unchanged where that was asked before, where
    there is a proof, and where the carrier has no API for it."""
    wants, feed = standing(known), calls.feed_of(known.carrier, known.tracking_number)
    if feed is None or not wants:
        return known
    last = max(wants, key=lambda one: (one.life, one.delivered_at))
    source = source_of_call(known.carrier, known.tracking_number, feed, last.life)
    for one in known.documents:
        is_proof = one.status is DocumentStatus.STORED and one.kind in PROOFS and life_of(one, wants) == last.life
        if is_proof or one.source_id == source:
            return known
    return put(known, ShipmentDocument(
        source, known.carrier, known.tracking_number, DocumentKind.PROOF_OF_DELIVERY, DocumentOrigin.ASKED,
        DocumentStatus.WAITING, now_ms, now_ms, link=call_url(feed), life=last.life, event_id=last.event_id,
        delivery_ids=sorted({one.delivery_id for one in wants if one.life == last.life}),
        order_ids=sorted({one.order_id for one in wants if one.life == last.life}),
    ), now_ms)
