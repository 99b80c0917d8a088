"""The fates of orders, and the state each must end in."""

from __future__ import annotations

from collections.abc import Mapping
from enum import Enum
from typing import NamedTuple

from streams.kernel.booking_vocabulary import BookingPhase, BookingStatus
from streams.kernel.vocabulary import AlertKind, DeliveryPhase, DocumentStatus, NoticeKind, PostingKind, WaitKind
from tests.lifecycle.rules import HAULAGE, MUTE, STEADY, SWIFT

_ISSUE, _PROOF, _CONFIRMED = (
    PostingKind.GOODS_ISSUE, PostingKind.PROOF_OF_DELIVERY, PostingKind.DELIVERY_CONFIRMATION
)
_OVERDUE = AlertKind.CONFIRMATION_OVERDUE


class Act(Enum):
    """The acts, in the order they are played."""

    RELEASED = 0
    LEAVES = 1
    ARRIVES = 2
    CATCHES_UP = 3


class Story(Enum):
    """The fate of an order."""

    STRAIGHT = "delivered"
    LATE_PROOF = "proof comes late"
    NO_PROOF = "no proof comes"
    WAIVED = "proof is waived"
    REFUSED = "refused, comes back"
    SPLIT = "two parcels, both there"
    PARTIAL = "two parcels, one there"
    OUTAGE = "carrier's feed was out"
    BOOKED = "booked over REST"
    DECLINED = "the first carrier declines"
    UNANSWERED = "the customer's carrier is silent"
    TENDERED = "booked by EDI, billed right"
    COUNTERED = "other terms by EDI, accepted"
    OVERCHARGED = "booked by EDI, billed too much"
    SHORT = "packed short, booked by hand"
    OVER = "packed over, nobody decides"
    DOCUMENTED = "document behind the link"
    DOCUMENT_LATE = "document lies there later"
    DOCUMENT_PAGE = "link leads to a page"
    DOCUMENT_REPLACED = "a second document"


class Booked(NamedTuple):
    """How a delivery's booking ends. ``carriers``: those asked, in order; ``invoices``: whether each freight invoice
    matches."""

    phase: BookingPhase
    carriers: tuple[tuple[str, BookingStatus], ...] = ()
    invoices: tuple[bool, ...] = ()


LEFT = Booked(BookingPhase.BOOKED)
"""Of goods that the warehouse shipped without a booking."""
_SWIFT = Booked(BookingPhase.BOOKED, ((SWIFT, BookingStatus.BOOKED),))
_HAULAGE = ((HAULAGE, BookingStatus.BOOKED),)


class End(NamedTuple):
    """The state an order must end in. ``phase`` None: fulfilment knows nothing of it; ``postings``: those that stand in
    the ERP by kind; ``pieces``: delivered and known by the last confirmation; ``in_tryton``: the state of its shipment
    there (open: neither done nor cancelled), and its posted invoices; ``alerts``: kinds that were raised, over or not;
    ``exceptions``: how many notices the ERP was told of exceptions, each with its end.
    """

    phase: DeliveryPhase | None = DeliveryPhase.CONFIRMED
    waits_for: WaitKind | None = None
    postings: Mapping[PostingKind, int] = {_ISSUE: 1, _CONFIRMED: 1}
    pieces: tuple[int, int] = (1, 1)
    in_tryton: tuple[str, int] = ("done", 1)
    booking: Booked = LEFT
    documents: tuple[DocumentStatus, ...] = ()
    alerts: frozenset[AlertKind] = frozenset()
    exceptions: int = 0

    @property
    def notices(self) -> Mapping[NoticeKind, int]:
        """The notices that the ERP was told: a delivery that was booked was ready before, and both once."""
        booked = int(bool(self.booking.carriers))
        return {
            NoticeKind.READY_TO_SHIP: booked, NoticeKind.BOOKED: booked, NoticeKind.EXCEPTION_OPENED: self.exceptions,
            NoticeKind.EXCEPTION_CLOSED: self.exceptions,
        }


_PROVED = {_ISSUE: 1, _PROOF: 1, _CONFIRMED: 1}
_STORED = DocumentStatus.STORED
ENDS: Mapping[Story, End] = {
    Story.STRAIGHT: End(),
    Story.LATE_PROOF: End(postings=_PROVED, alerts=frozenset({_OVERDUE})),
    Story.NO_PROOF: End(
        DeliveryPhase.WAITING_FOR_PROOF, WaitKind.PROOF, {_ISSUE: 1}, (0, 0), ("open", 0), alerts=frozenset({_OVERDUE})
    ),
    Story.WAIVED: End(alerts=frozenset({_OVERDUE})),
    Story.REFUSED: End(
        DeliveryPhase.RETURNED, None, {_ISSUE: 1, PostingKind.RETURN_STARTED: 1, PostingKind.RETURN_RECEIPT: 1},
        (0, 0), ("cancelled", 0), exceptions=1,
    ),
    Story.SPLIT: End(postings={_ISSUE: 2, _CONFIRMED: 2}, pieces=(2, 2)),
    Story.PARTIAL: End(DeliveryPhase.PARTLY_DELIVERED, None, {_ISSUE: 2, _CONFIRMED: 1}, (1, 2), ("open", 0)),
    Story.OUTAGE: End(),
    Story.BOOKED: End(booking=_SWIFT),
    Story.DECLINED: End(booking=Booked(
        BookingPhase.BOOKED, ((SWIFT, BookingStatus.DECLINED), (STEADY, BookingStatus.BOOKED))
    )),
    Story.UNANSWERED: End(
        booking=Booked(BookingPhase.BOOKED, ((MUTE, BookingStatus.EXPIRED), (SWIFT, BookingStatus.BOOKED))),
        alerts=frozenset({AlertKind.BOOKING_UNANSWERED}),
    ),
    Story.TENDERED: End(booking=Booked(BookingPhase.BOOKED, _HAULAGE, (True,))),
    Story.COUNTERED: End(booking=Booked(BookingPhase.BOOKED, _HAULAGE)),
    Story.OVERCHARGED: End(
        booking=Booked(BookingPhase.BOOKED, _HAULAGE, (False,)), alerts=frozenset({AlertKind.FREIGHT_MISMATCH})
    ),
    Story.SHORT: End(booking=_SWIFT, alerts=frozenset({AlertKind.BOOKING_MISSING})),
    Story.OVER: End(
        None, None, {}, (0, 0), ("open", 0), Booked(BookingPhase.HELD),
        alerts=frozenset({AlertKind.BOOKING_MISSING}),
    ),
    Story.DOCUMENTED: End(postings=_PROVED, booking=_SWIFT, documents=(_STORED,)),
    Story.DOCUMENT_LATE: End(
        postings=_PROVED, booking=_SWIFT, documents=(_STORED,), alerts=frozenset({_OVERDUE})
    ),
    Story.DOCUMENT_PAGE: End(
        DeliveryPhase.WAITING_FOR_PROOF, WaitKind.PROOF, {_ISSUE: 1}, (0, 0), ("open", 0), _SWIFT,
        (DocumentStatus.WAITING,), frozenset({_OVERDUE}),
    ),
    Story.DOCUMENT_REPLACED: End(
        postings={_ISSUE: 1, _PROOF: 3, _CONFIRMED: 1}, booking=_SWIFT, documents=(_STORED, _STORED)
    ),
}
