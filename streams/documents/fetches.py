"""From a link to the message that has it fetched, and back."""

from __future__ import annotations

import msgspec

from streams.contracts.documents import called_feed, in_message
from streams.contracts.ids import digest, shipment_key
from streams.contracts.model import NewMessage, ShipmentDocument
from streams.kernel.document_vocabulary import DOCUMENT_PREFIX
from streams.kernel.vocabulary import Correction, DocumentKind

_SCHEMES = ("https://", "http://")
LONGEST_HOST = 253
OUR_CALL = "/api"
OUR_KAFKA = "kafka"
"""Documents within messages are read there."""


class Fetch(msgspec.Struct, frozen=True):
    """One document to fetch, as a request carries it. ``link``: at the carrier. ``first_at``: UTC ms."""

    source_id: str
    carrier: str
    tracking_number: str
    link: str
    kind: DocumentKind
    life: int
    event_id: str
    first_at: int


_fetch = msgspec.json.Decoder(Fetch)


def is_link(text: str | None) -> bool:
    """Whether it leads to a document outside."""
    return text is not None and text.lower().startswith(_SCHEMES) and bool(host_of(text))


def host_of(link: str) -> str:
    """The host a link names, in lower case; empty where it names none."""
    rest = link.partition("://")[2]
    for end in ("/", "?", "#", "\\"):
        rest = rest.partition(end)[0]
    host = rest.rpartition("@")[2].lower()
    return host if 0 < len(host) <= LONGEST_HOST and host.isprintable() else ""


def source_of_link(carrier: str, tracking_number: str, link: str) -> str:
    """The id of what is fetched from a link for a shipment; of a document within a message, by its content, as the
    carrier may send it again and again."""
    place = in_message(link)
    if place is not None:
        return digest("document in a message", carrier, tracking_number, place.document_id)
    return digest("document link", carrier, tracking_number, link)


def source_of_call(carrier: str, tracking_number: str, feed: str, life: int) -> str:
    """The id of what a carrier's API is asked for, for one shipment under a number."""
    return digest("document call", carrier, tracking_number, feed, str(life))


def message_of(document: ShipmentDocument) -> NewMessage:
    """The message that has a document fetched from its link; the same for the same document."""
    link = document.link or ""
    fetch = Fetch(
        document.source_id, document.carrier, document.tracking_number, link, document.kind, document.life,
        document.event_id, document.first_at,
    )
    place = _place_of(link)
    return NewMessage(
        document.source_id, DOCUMENT_PREFIX + place, document.carrier,
        shipment_key(document.carrier, document.tracking_number), document.kind.value, Correction.NEW,
        msgspec.json.encode(fetch).decode(),
    )


def _place_of(link: str) -> str:
    """The place that is waited for as a whole where it does not answer. An API's has a slash, a host's has none."""
    feed = called_feed(link)
    if feed is not None:
        return f"{feed}{OUR_CALL}"
    return OUR_KAFKA if in_message(link) is not None else host_of(link)


def fetch_of(body: str) -> Fetch:
    """The document that a request asks for. Raises msgspec.DecodeError for another body."""
    return _fetch.decode(body)

