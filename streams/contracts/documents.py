"""Documents of shipments: the values of ``shipment.documents`` and of the state of their stage. Times are UTC
milliseconds."""

from __future__ import annotations

from typing import NamedTuple

from msgspec import Struct, field

from streams.contracts.outbound import OutboundDestination, OutboundQueue
from streams.kernel.vocabulary import DocumentKind, DocumentOrigin, DocumentStatus

_URN = "urn:shipsync:document:"
_DIGITS = 64
_MESSAGE = "urn:shipsync:message:"
_CALL = "urn:shipsync:document-call:"


class ShipmentDocument(Struct, frozen=True):
    """One document of a shipment, or the link to one, as it stands. ``source_id``: what it came from; the last record
    of each counts. ``document_id``: SHA-256 of the content in hex, empty while there is none. ``at``: since when it is
    so; ``first_at``: when it was first heard of. ``media_type``: found by the content. ``link``: where it lies at the
    carrier. ``reason``: why it waits or was refused. ``life``: which shipment under its number, 0 where that was not
    said."""

    source_id: str
    carrier: str
    tracking_number: str
    kind: DocumentKind
    origin: DocumentOrigin
    status: DocumentStatus
    first_at: int
    at: int
    document_id: str = ""
    media_type: str = ""
    size: int = 0
    store_key: str = ""
    link: str | None = None
    reason: str = ""
    attempts: int = 0
    next_at: int | None = None
    life: int = 0
    event_id: str = ""
    delivery_ids: list[str] = field(default_factory=list)
    order_ids: list[str] = field(default_factory=list)


class DocumentWant(Struct, frozen=True):
    """An ERP delivery that is to have the documents of a shipment. ``delivered_at``: when its delivery or proof was
    reported to have happened; ``withdrawn``: the delivery is not of the shipment after all."""

    delivery_id: str
    order_id: str
    customer_id: str
    life: int
    delivered_at: int
    event_id: str
    claim_revision: int
    withdrawn: bool = False


class ToldDocument(Struct, frozen=True):
    """A document that a delivery was told of, in which version of its claim."""

    delivery_id: str
    life: int
    document_id: str
    claim_revision: int


class DocumentChase(Struct, frozen=True):
    """A missing document of a delivery was asked for again. ``times``: how often by then; ``found``: why it was
    missing, in the other side's own words where there are any."""

    delivery_id: str
    carrier: str
    tracking_number: str
    at: int
    times: int
    found: str = ""


class DocumentedShipment(Struct, frozen=True):
    """All that is known of one shipment's documents. ``chases``: how often they were asked for again since the last
    delivery; ``chased_at``: when last."""

    carrier: str
    tracking_number: str
    changed_at: int
    wants: list[DocumentWant] = field(default_factory=list)
    documents: list[ShipmentDocument] = field(default_factory=list)
    told: list[ToldDocument] = field(default_factory=list)
    chases: int = 0
    chased_at: int | None = None


class DocumentState(Struct):
    """One record of the changelog: exactly one of the three."""

    shipment: DocumentedShipment | None = None
    destination: OutboundDestination | None = None
    queue: OutboundQueue | None = None


class InMessage(NamedTuple):
    """A document that a carrier's message itself carries: the raw record's place, and the hash of the content."""

    topic: str
    partition: int
    offset: int
    document_id: str


def message_url(place: InMessage) -> str:
    """The address of a document within a message."""
    return f"{_MESSAGE}{place.topic}:{place.partition}:{place.offset}:{place.document_id}"


def in_message(url: str | None) -> InMessage | None:
    """The document that an address of :func:`message_url` names; None for any other."""
    parts = (url or "").removeprefix(_MESSAGE).split(":")
    if url is None or not url.startswith(_MESSAGE) or len(parts) != 4 or not all(map(str.isdecimal, parts[1:3])):
        return None
    return InMessage(parts[0], int(parts[1]), int(parts[2]), parts[3])


def call_url(feed: str) -> str:
    """The address of a document that a carrier's API is asked for, as the feed's ``document_call`` says."""
    return _CALL + feed


def called_feed(url: str | None) -> str | None:
    """The feed that an address of :func:`call_url` names; None for any other."""
    return url.removeprefix(_CALL) or None if url is not None and url.startswith(_CALL) else None


def stored_url(document_id: str) -> str:
    """The address of a stored document in a proof of delivery: no link that leads anywhere by itself."""
    return _URN + document_id


def stored_id(url: str | None) -> str | None:
    """The document that an address of :func:`stored_url` names; None for any other."""
    if url is None or not url.startswith(_URN):
        return None
    found = url.removeprefix(_URN)
    is_digest = len(found) == _DIGITS and all(one in "0123456789abcdef" for one in found)
    return found if is_digest else None
