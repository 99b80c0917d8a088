"""One shipment's documents: takes in who wants them, what came, and how fetching went. Times are UTC ms."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec.structs import replace

from streams.contracts.documents import in_message, stored_id
from streams.contracts.ids import shipment_key
from streams.contracts.model import (
    DeliveryMilestone,
    DocumentedShipment,
    DocumentWant,
    OutboundOutcome,
    ShipmentDocument,
)
from streams.documents.fetches import is_link, source_of_link
from streams.documents.policy import EARLY, KEPT, Chasing
from streams.kernel.document_vocabulary import PROOFS
from streams.kernel.vocabulary import (
    Correction,
    DocumentKind,
    DocumentOrigin,
    DocumentStatus,
    Milestone,
    OutboundStatus,
)

SHIPMENT = "shipment:"
"""How the keys of these records begin."""
_WANTS = frozenset({Milestone.DELIVERED, Milestone.POD_RECEIVED})
_ENDS = frozenset({OutboundStatus.REFUSED, OutboundStatus.GIVEN_UP})
_GOES_ON = frozenset({OutboundStatus.WAITING, OutboundStatus.RETRYING, OutboundStatus.DRY_RUN})
OFF = "fetching is off (SHIPSYNC_DOCUMENTS_FETCH)"


def record_key(carrier: str, tracking_number: str) -> str:
    """The key of a shipment's record."""
    return SHIPMENT + shipment_key(carrier, tracking_number)


def wants_documents(milestone: DeliveryMilestone) -> bool:
    """Whether a milestone says that a delivery is to have the documents of its shipment; not those that this
    context wrote."""
    proof = milestone.proof_of_delivery
    is_own = proof is not None and stored_id(proof.document_url) is not None
    return milestone.milestone in _WANTS and not is_own


def new(carrier: str, tracking_number: str, now_ms: int) -> DocumentedShipment:
    """A shipment of which no document is known."""
    return DocumentedShipment(carrier, tracking_number, now_ms)


def with_want(known: DocumentedShipment, milestone: DeliveryMilestone, now_ms: int) -> DocumentedShipment:
    """The record with a delivery that wants the documents, or wants them no more, and the link its report bears.
    Unchanged where that is known."""
    before = next((one for one in known.wants if _name(one) == (milestone.delivery_id, milestone.life)), None)
    is_withdrawal = milestone.correction is Correction.RETRACTS and milestone.corrects is None
    if milestone.correction is Correction.RETRACTS and not is_withdrawal:
        return known
    if before is not None and milestone.claim_revision < before.claim_revision:
        return known
    if before is not None and before.withdrawn and milestone.claim_revision == before.claim_revision:
        return known
    if is_withdrawal:
        if before is None:
            return known
        want = replace(before, withdrawn=True, claim_revision=milestone.claim_revision)
    else:
        earliest = milestone.occurred_at if before is None else min(before.delivered_at, milestone.occurred_at)
        first = milestone.event_id if before is None else min(before.event_id, milestone.event_id)
        want = DocumentWant(
            milestone.delivery_id, milestone.order_id, milestone.customer_id, milestone.life, earliest, first,
            milestone.claim_revision,
        )
    after = known
    if want != before:
        rest = [one for one in known.wants if one is not before]
        after = replace(known, wants=sorted([*rest, want], key=_name), changed_at=now_ms)
    return _of_its_deliveries(after if is_withdrawal else _with_link(after, milestone, now_ms))


def with_document(known: DocumentedShipment, document: ShipmentDocument) -> DocumentedShipment:
    """The record with a document as it came; unchanged where a later record of it is known."""
    before = next((one for one in known.documents if one.source_id == document.source_id), None)
    if before is not None and _age(document) <= _age(before):
        return known
    return _of_its_deliveries(put(known, document, max(known.changed_at, document.at)))


def with_outcome(known: DocumentedShipment, outcome: OutboundOutcome) -> DocumentedShipment:
    """The record with the state of one fetch; what is stored stays so."""
    before = next((one for one in known.documents if one.source_id == outcome.source_id), None)
    if before is None or before.status is DocumentStatus.STORED or outcome.status not in _ENDS | _GOES_ON:
        return known
    status = DocumentStatus.REFUSED if outcome.status in _ENDS else DocumentStatus.WAITING
    reason = OFF if outcome.status is OutboundStatus.DRY_RUN else outcome.detail or before.reason
    after = replace(
        before, status=status, at=max(before.at, outcome.at), reason=reason, attempts=outcome.attempts,
        next_at=outcome.next_at,
    )
    return known if after == before else put(known, after, max(known.changed_at, outcome.at))


def asked_again(known: DocumentedShipment, asked: ShipmentDocument) -> DocumentedShipment:
    """The record with a document that a person wants to be fetched again; unchanged where it was not given up."""
    before = next((one for one in known.documents if one.source_id == asked.source_id), None)
    if before is None or before not in refused_links(known) or asked.at <= before.at:
        return known
    again = replace(before, status=DocumentStatus.WAITING, at=asked.at, reason=asked.reason, next_at=None)
    return put(known, again, max(known.changed_at, asked.at))


def missing(known: DocumentedShipment) -> str:
    """Why there is no document that proves a delivery, as the last of those that were looked for says."""
    tried = [one for one in known.documents if one.status is not DocumentStatus.STORED and one.reason]
    return max(tried, key=lambda one: one.at).reason if tried else "the carrier states no link to one"


def refused_links(known: DocumentedShipment) -> list[ShipmentDocument]:
    """The documents that were given up and can be fetched again."""
    return [
        one for one in known.documents
        if one.status is DocumentStatus.REFUSED and one.link
    ]


def standing(known: DocumentedShipment) -> list[DocumentWant]:
    """The deliveries that want the documents."""
    return [one for one in known.wants if not one.withdrawn]


def unproved(known: DocumentedShipment) -> list[DocumentWant]:
    """The deliveries of the last shipment under the number of which no document is stored that proves it."""
    wants = standing(known)
    proved = {
        life_of(one, wants) for one in known.documents if one.status is DocumentStatus.STORED and one.kind in PROOFS
    }
    last = max((one.life for one in wants if one.life not in proved), default=None)
    return [one for one in wants if one.life == last]


def chase_due(known: DocumentedShipment, chasing: Chasing) -> int | None:
    """When the documents are to be asked for again; None: not again. A delivery of another shipment under the number
    begins the schedule anew."""
    wants = unproved(known)
    last = max((one.delivered_at for one in wants), default=0)
    due = (last + after for after in chasing.of(wants))
    return next((at for at in due if known.chased_at is None or at > known.chased_at), None)


def next_due(known: DocumentedShipment, chasing: Chasing) -> int:
    """When the clock alone changes the record: a chase, or it is forgotten."""
    at = chase_due(known, chasing)
    return known.changed_at + KEPT if at is None else at


def chased(known: DocumentedShipment, chasing: Chasing, now_ms: int) -> DocumentedShipment:
    """The record once its documents were asked for again; what fell due meanwhile is asked for at once."""
    wants = unproved(known)
    last = max(one.delivered_at for one in wants)
    return replace(known, chases=sum(last + after <= now_ms for after in chasing.of(wants)), chased_at=now_ms)


def _with_link(known: DocumentedShipment, milestone: DeliveryMilestone, now_ms: int) -> DocumentedShipment:
    proof = milestone.proof_of_delivery
    link = None if proof is None else proof.document_url
    if link is None or not (is_link(link) or in_message(link)):
        return known
    source = source_of_link(known.carrier, known.tracking_number, link)
    if any(one.source_id == source for one in known.documents):
        return known
    origin = DocumentOrigin.LINK if is_link(link) else DocumentOrigin.MESSAGE
    return put(known, ShipmentDocument(
        source, known.carrier, known.tracking_number, DocumentKind.PROOF_OF_DELIVERY, origin, DocumentStatus.WAITING,
        now_ms, now_ms, link=link, life=milestone.life, event_id=milestone.event_id,
    ), now_ms)


def life_of(document: ShipmentDocument, wants: Sequence[DocumentWant]) -> int:
    """Which shipment under the number a document is of: where it does not say, the last that was delivered by the time
    it came, or shortly after; 0: none."""
    return document.life or max((one.life for one in wants if one.delivered_at - EARLY <= document.first_at), default=0)


def _of_its_deliveries(known: DocumentedShipment) -> DocumentedShipment:
    """The record whose documents name the deliveries and orders they are known to be of."""
    wants = standing(known)
    documents = list[ShipmentDocument]()
    for one in known.documents:
        life = life_of(one, wants)
        mine = [want for want in wants if want.life == life]
        deliveries, orders = sorted({want.delivery_id for want in mine}), sorted({want.order_id for want in mine})
        same = (deliveries, orders) == (one.delivery_ids, one.order_ids)
        documents.append(one if same else replace(one, delivery_ids=deliveries, order_ids=orders))
    return known if _same(documents, known.documents) else replace(known, documents=documents)


def _same(one: Sequence[ShipmentDocument], other: Sequence[ShipmentDocument]) -> bool:
    return all(first is second for first, second in zip(one, other, strict=True))


def put(known: DocumentedShipment, document: ShipmentDocument, changed_at: int) -> DocumentedShipment:
    """The record with a document in place of what was known of it."""
    rest = [one for one in known.documents if one.source_id != document.source_id]
    documents = sorted([*rest, document], key=lambda one: (one.first_at, one.source_id))
    return replace(known, documents=documents, changed_at=changed_at)


def _name(want: DocumentWant) -> tuple[str, int]:
    return want.delivery_id, want.life


def _age(document: ShipmentDocument) -> tuple[bool, int, str]:
    return document.status is DocumentStatus.STORED, document.at, document.document_id
