"""Closed vocabularies of fulfilment: what is posted, where an ERP delivery stands, and what it waits for."""

from __future__ import annotations

from enum import StrEnum


class PostingKind(StrEnum):
    """Names the financially relevant facts of a delivery; an ERP posting records one."""

    GOODS_ISSUE = "goods_issue"
    DELIVERY_ATTEMPT = "delivery_attempt"
    DELIVERY_CONFIRMATION = "delivery_confirmation"
    PROOF_OF_DELIVERY = "proof_of_delivery"
    RETURN_STARTED = "return_started"
    RETURN_RECEIPT = "return_receipt"
    LOSS = "loss"
    CANCELLATION = "cancellation"


class DeliveryPhase(StrEnum):
    """Where an ERP delivery stands, over all its shipments. ``unknown``: it began before phases were kept;
    ``waiting_for_proof``: all is delivered, and a confirmation is held back; ``waiting_for_delivery``: there is a proof
    and nobody reported the delivery; ``closed``: a person waits for nothing more."""

    UNKNOWN = "unknown"
    OPEN = "open"
    IN_TRANSIT = "in_transit"
    WAITING_FOR_DELIVERY = "waiting_for_delivery"
    PARTLY_DELIVERED = "partly_delivered"
    WAITING_FOR_PROOF = "waiting_for_proof"
    CONFIRMED = "confirmed"
    RETURNING = "returning"
    RETURNED = "returned"
    LOST = "lost"
    CANCELLED = "cancelled"
    CLOSED = "closed"


class FulfilmentAction(StrEnum):
    """Names a person's decisions about a delivery. ``release``: confirm what is delivered, whatever is missing;
    ``waive``: no proof is needed; ``close``: wait for nothing more; ``unknown`` is one of a later version, and is
    refused."""

    UNKNOWN = "unknown"
    RELEASE = "release"
    WAIVE = "waive"
    CLOSE = "close"


class WaitKind(StrEnum):
    """Names the things a delivery waits for: its proof, its other shipments or pieces, the report of its delivery, its
    return, the rest of what was ordered."""

    UNKNOWN = "unknown"
    PROOF = "proof"
    PIECES = "pieces"
    DELIVERY = "delivery"
    RETURN = "return"
    QUANTITY = "quantity"
