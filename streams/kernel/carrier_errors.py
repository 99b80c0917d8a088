"""A carrier's own error answers, which are neither events nor dead letters."""

from __future__ import annotations

from enum import StrEnum

from msgspec import Struct


class ErrorKind(StrEnum):
    """Why a carrier could not answer a request."""

    NOT_FOUND = "not_found"
    UNAUTHORISED = "unauthorised"
    RATE_LIMITED = "rate_limited"
    INVALID_REQUEST = "invalid_request"
    UNAVAILABLE = "unavailable"
    OTHER = "other"


class CarrierError(Struct, frozen=True, gc=False):
    """A carrier's error answer. ``tracking_number`` is empty where it names none; ``detail``: the carrier's text."""

    kind: ErrorKind
    tracking_number: str
    detail: str
