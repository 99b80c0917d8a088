"""Closed vocabularies of documents: what one is, where it came from, and what became of it."""

from __future__ import annotations

from enum import StrEnum


class DocumentKind(StrEnum):
    """Names what a document shows. ``other`` proves no delivery; ``unknown`` is one of a later version."""

    UNKNOWN = "unknown"
    PROOF_OF_DELIVERY = "proof_of_delivery"
    SIGNATURE = "signature"
    PHOTO = "photo"
    OTHER = "other"


class DocumentOrigin(StrEnum):
    """Names how a document came: fetched from the link of a message, out of a carrier's message itself, pushed to the
    gateway, or asked of the carrier's API."""

    UNKNOWN = "unknown"
    LINK = "link"
    MESSAGE = "message"
    PUSHED = "pushed"
    ASKED = "asked"


class DocumentStatus(StrEnum):
    """Where a document is: ``waiting`` to be fetched, ``stored``, or ``refused``: it cannot be had, or is not what it
    should be."""

    UNKNOWN = "unknown"
    WAITING = "waiting"
    STORED = "stored"
    REFUSED = "refused"


PROOFS = frozenset({DocumentKind.PROOF_OF_DELIVERY, DocumentKind.SIGNATURE, DocumentKind.PHOTO})
"""The kinds that prove a delivery."""
DOCUMENT_PREFIX = "document:"
"""Destinations that documents are fetched from begin with it: ``document:HOST``."""
