"""The tower's own terms, in English: closed lists in words."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum

from streams.kernel.vocabulary import ExceptionType, Milestone, PostingKind, Punctuality, RejectReason

TONES: Mapping[Punctuality, str] = {
    Punctuality.NO_PROMISE: "none", Punctuality.NO_ESTIMATE: "silent", Punctuality.ON_TIME: "good",
    Punctuality.AT_RISK: "risk", Punctuality.DELIVERED_ON_TIME: "good", Punctuality.DELIVERED_LATE: "late",
    Punctuality.ENDED: "none",
}
"""The colour of a shipment's standing against its promise: a word always stands beside it."""
_SPECIAL: Mapping[StrEnum, str] = {
    Punctuality.NO_ESTIMATE: "no estimate", Punctuality.NO_PROMISE: "no promise",
    Milestone.ETA_UPDATED: "estimate updated", Milestone.POD_RECEIVED: "proof of delivery received",
    ExceptionType.NONE: "none", ExceptionType.EQUIPMENT_CAPACITY: "equipment or capacity",
    ExceptionType.CONSIGNEE: "consignee not available",
    PostingKind.LOSS: "loss of goods", RejectReason.NOT_TEXT: "not readable as text",
}


def plain(one: str) -> str:
    """A code of a closed list, or a text in its place, as words: ``in_transit`` is "in transit"."""
    found = _SPECIAL.get(one) if isinstance(one, StrEnum) else None
    return found or str(one).replace("_", " ")
