"""The part of the vocabulary that says how EDI is acknowledged."""

from __future__ import annotations

from enum import StrEnum


class Verdict(StrEnum):
    """The verdict on an interchange, a functional group or a message (X12 715 and 717, EDIFACT 0083)."""

    ACCEPTED = "accepted"
    ACCEPTED_WITH_ERRORS = "accepted_with_errors"
    PARTLY_ACCEPTED = "partly_accepted"
    REJECTED = "rejected"


class Direction(StrEnum):
    """Tells who acknowledges: ``sent`` is our answer to a partner, ``received`` a partner's answer to us."""

    SENT = "sent"
    RECEIVED = "received"
