"""The closed vocabulary of notices: what an ERP is told of a delivery that is no posting."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum


class NoticeKind(StrEnum):
    """Names the notices of a delivery: three things that begin, and the end of each. ``unknown`` is one of a later
    version."""

    UNKNOWN = "unknown"
    READY_TO_SHIP = "ready_to_ship"
    READINESS_WITHDRAWN = "readiness_withdrawn"
    BOOKED = "booked"
    BOOKING_CANCELLED = "booking_cancelled"
    EXCEPTION_OPENED = "exception_opened"
    EXCEPTION_CLOSED = "exception_closed"


END_OF: Mapping[NoticeKind, NoticeKind] = {
    NoticeKind.READY_TO_SHIP: NoticeKind.READINESS_WITHDRAWN, NoticeKind.BOOKED: NoticeKind.BOOKING_CANCELLED,
    NoticeKind.EXCEPTION_OPENED: NoticeKind.EXCEPTION_CLOSED,
}
"""The notice that ends what another began."""
ENDS = frozenset(END_OF.values())
