"""What a raw record may be beside canonical events, dead letters and EDI acknowledgements: the carrier's own errors."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class ErrorKind(StrEnum):
    """What a carrier says went wrong with a question put to it."""

    NOT_FOUND = "not_found"
    UNAUTHORISED = "unauthorised"
    RATE_LIMITED = "rate_limited"
    INVALID_REQUEST = "invalid_request"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


class CarrierError(Struct, frozen=True, gc=False):
    """A carrier's error body: no event and no dead letter. ``tracking_number`` is empty where it names none."""

    kind: ErrorKind
    tracking_number: str
    detail: str
