"""What is claimed of shipments by their references and by orders: values of topics, as in ``avro/*.avsc``.

Times are UTC milliseconds.
"""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.vocabulary import SaidBy


class ReferenceClaim(Struct, gc=False):
    """Somebody's word on the reference TYPE:VALUE: that it is a shipment's, or, without a number, that an order's line
    is the shipment's it turns out to be.

    ``said_at``: of two words of the same claim the newer counts, of the same time that of the higher ``turn``: how
    often an order gave the claim up and made it again at that very time. ``valid_at``: the time the claim is about; a
    reference means one shipment only for a while. ``carrier`` is empty where a line names none. ``order_id`` and what
    follows: of an order's claim, empty elsewhere.
    """

    type: str
    value: str
    carrier: str
    tracking_number: str
    said_by: SaidBy
    said_at: int
    valid_at: int
    withdrawn: bool = False
    order_id: str = ""
    delivery_id: str = ""
    customer_id: str = ""
    promised_delivery_at: int | None = None
    order_value: float | None = None
    currency: str | None = None
    turn: int = 0


class OrderClaim(Struct, frozen=True, gc=False):
    """A claim an order has made: on a shipment (``type`` empty), or on a reference. ``told_at``: the time it was told
    with, the order's own; ``withdrawn``: it was taken back again; ``turn``: how often it was made again after that, at
    the very same time."""

    type: str
    value: str
    carrier: str
    tracking_number: str
    delivery_id: str
    told_at: int
    withdrawn: bool = False
    turn: int = 0


class OrderState(Struct):
    """The newest word of an order, the claims it makes and those it gave up at the same time; the changelog of the
    orders stage.

    ``version`` tells apart words of the same time.
    """

    order_id: str
    customer_id: str
    status: str
    promised_delivery_at: int | None
    updated_at: int
    version: str
    claims: list[OrderClaim]
    order_value: float | None = None
    currency: str | None = None


class ReferenceState(Struct, gc=False):
    """What is known of a reference; the changelog of the identity stage.

    ``shipments``: CARRIER:NUMBER of all that are claimed to bear it. ``waiting_since``: receipt of the first event that
    waits; ``ambiguous``: something waits because several shipments could be meant.
    """

    type: str
    value: str
    shipments: list[str]
    events_waiting: int
    lines_waiting: int
    resolved: int
    waiting_since: int | None
    ambiguous: bool
    updated_at: int
    record: bytes
