"""Deliveries that want documents, documents, and what hosts give."""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from msgspec.structs import replace

from streams.contracts.ids import digest
from streams.contracts.model import DeliveryMilestone, ProofOfDelivery, ShipmentDocument
from streams.kernel.vocabulary import (
    Correction,
    DocumentKind,
    DocumentOrigin,
    DocumentStatus,
    ExceptionType,
    Milestone,
    Reason,
)

NOW = 1_790_000_000_000
DAY = 86_400_000
LINK = "https://pod.example.com/77"
PDF = b"%PDF-1.4\n1 0 obj <<>> endobj\ntrailer <<>>\n%%EOF\n"
OF_PDF = sha256(PDF).hexdigest()
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x00\x00\x00\x00"
PAGE = b"<!DOCTYPE html><html><body>Please sign in</body></html>"
EICAR = "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


def delivered(
    link: str | None = LINK, delivery: str = "D-1", number: str = "N100", at: int = NOW, **changes: Any
) -> DeliveryMilestone:
    """The report that a shipment of a delivery was delivered, with a link to its proof."""
    proof = None if link is None else ProofOfDelivery("Ingrid Bakke", None, link)
    return replace(DeliveryMilestone(
        f"m-{delivery}-{number}", delivery, "O-1", "C-1", "north", number, Milestone.DELIVERED, at,
        ExceptionType.NONE, Reason.NORMAL, proof, f"e-{number}", claim_revision=1,
    ), **changes)


def withdrawn(one: DeliveryMilestone) -> DeliveryMilestone:
    """The word that the delivery is not of the shipment after all."""
    return replace(one, correction=Correction.RETRACTS, claim_revision=one.claim_revision + 1)


def pushed(content: str = "5e" * 32, number: str = "N100", at: int = NOW, **changes: Any) -> ShipmentDocument:
    """A document as the gateway stored it."""
    return replace(ShipmentDocument(
        digest("pushed", "north", number, content), "north", number, DocumentKind.PROOF_OF_DELIVERY,
        DocumentOrigin.PUSHED, DocumentStatus.STORED, at, at, content, "application/pdf", 48,
        f"documents/{content[:2]}/{content}",
    ), **changes)
