"""Tells deliveries of the documents that prove them: the difference between what they are to know and what they were
told. Times are UTC ms."""

from __future__ import annotations

from msgspec.structs import replace

from streams.contracts.documents import stored_url
from streams.contracts.ids import digest
from streams.contracts.model import (
    DeliveryMilestone,
    DocumentedShipment,
    DocumentWant,
    ProofOfDelivery,
    ShipmentDocument,
    ToldDocument,
)
from streams.documents.shipment_record import life_of, standing
from streams.kernel.document_vocabulary import PROOFS
from streams.kernel.vocabulary import Correction, DocumentStatus, ExceptionType, Milestone, Reason

_Name = tuple[str, int, str]


def told(known: DocumentedShipment) -> tuple[DocumentedShipment, list[DeliveryMilestone]]:
    """The record as deliveries know it afterwards, and the milestones that tell them."""
    wants = {(one.delivery_id, one.life): one for one in known.wants}
    due = {(want.delivery_id, want.life, one.document_id): (want, one) for want, one in _proved(known)}
    before: dict[_Name, ToldDocument] = {(one.delivery_id, one.life, one.document_id): one for one in known.told}
    milestones = list[DeliveryMilestone]()
    after = dict(before)
    for name in sorted(before.keys() - due.keys()):
        delivery_id, life, document_id = name
        want = wants[delivery_id, life]
        milestones.append(_milestone(known, want, document_id, want.event_id, known.changed_at, Correction.RETRACTS))
        del after[name]
    for name in sorted(due.keys() - before.keys()):
        want, document = due[name]
        event_id = document.event_id or document.source_id
        milestones.append(_milestone(known, want, document.document_id, event_id, document.at, Correction.NEW))
        after[name] = ToldDocument(want.delivery_id, want.life, document.document_id, want.claim_revision)
    if not milestones:
        return known, []
    return replace(known, told=[after[name] for name in sorted(after)]), milestones


def _proved(known: DocumentedShipment) -> list[tuple[DocumentWant, ShipmentDocument]]:
    """Each delivery with each document that proves it; of the same content the one that came first."""
    wants, found = standing(known), list[tuple[DocumentWant, ShipmentDocument]]()
    for one in reversed(known.documents):
        if one.status is DocumentStatus.STORED and one.kind in PROOFS and one.document_id:
            life = life_of(one, wants)
            found += [(want, one) for want in wants if want.life == life]
    return found


def _milestone(
    known: DocumentedShipment, want: DocumentWant, document_id: str, event_id: str, at: int, correction: Correction
) -> DeliveryMilestone:
    name = digest("document", want.delivery_id, known.carrier, known.tracking_number, str(want.life), document_id)
    return DeliveryMilestone(
        name, want.delivery_id, want.order_id, want.customer_id, known.carrier, known.tracking_number,
        Milestone.POD_RECEIVED, at, ExceptionType.NONE, Reason.NORMAL,
        ProofOfDelivery(document_url=stored_url(document_id)), event_id, None, correction, None, want.claim_revision,
        want.life, None,
    )
