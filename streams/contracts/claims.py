"""Claims of orders, people and events: the values of ``reference.claims``, ``order.state`` and ``reference.state``.

Times are UTC milliseconds.
"""

from __future__ import annotations

from msgspec import Struct

from streams.kernel.vocabulary import SaidBy


class ReferenceClaim(Struct, gc=False):
    """A claim on the reference TYPE:VALUE: that it belongs to a shipment; or, without a tracking number, that an
    order's line belongs to whichever shipment bears it.

    ``said_at``: the newer version of a claim counts; of the same time, that of the higher ``turn``: how often an order
    withdrew the claim and made it again at that very time. ``valid_at``: the time the claim is about; a reference
    belongs to one shipment for a limited time only. ``carrier`` is empty where a line names none. ``order_id`` and the
    fields after it belong to an order's claim and are empty otherwise.
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
    """A claim that an order has made: on a shipment (``type`` empty), or on a reference. ``told_at``: the order's time
    it was sent with; ``withdrawn``: it was withdrawn; ``turn``: how often it was made again after that at the very same
    time."""

    type: str
    value: str
    carrier: str
    tracking_number: str
    delivery_id: str
    told_at: int
    withdrawn: bool = False
    turn: int = 0


class OrderState(Struct):
    """The newest version of an order, its claims and those it withdrew at the same time; the changelog of the orders
    stage.

    ``version``: digest of the order; distinguishes versions of the same time.
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
    """Shows what the identity stage knows of a reference; its changelog.

    ``shipments``: CARRIER:NUMBER of all that are claimed to bear it. ``waiting_since``: receipt of the first unresolved
    event; ``ambiguous``: something is unresolved because several shipments match. ``record``: the identity stage's own.
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
