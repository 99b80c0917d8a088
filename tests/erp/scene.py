"""The milestones of each order's delivery, by its story, and what the ERP is to hold at the end."""

from __future__ import annotations

from enum import Enum
from typing import Any, NamedTuple

from streams.contracts.model import DeliveryMilestone, ErpNotice, ProofOfDelivery
from streams.kernel.vocabulary import Correction, ExceptionType, Milestone, NoticeKind, Reason
from tests.erp.tryton_server import Order

BEGAN = 1_790_000_000_000
MINUTE = 60_000
NOTICED = 3
"""The ERP is told notices of each so many orders."""


class Story(Enum):
    """The fate of a delivery."""

    DELIVERED = "delivered"
    RETURNED = "delivered, then returned"
    CONFIRMED_AGAIN = "delivered in error, then delivered"
    PROOF_REPLACED = "a wrong proof, then the right one"
    NEVER_LEFT = "picked up in error"
    INVOICED_IN_ERROR = "invoiced in error, then delivered"


class Told(NamedTuple):
    """An order, its story, and its milestones in the order they are told; ``later``: those that are told once the ERP
    has the others; ``notices``: what else the ERP is told, before the milestones."""

    order: Order
    story: Story
    milestones: list[DeliveryMilestone]
    later: list[DeliveryMilestone]
    notices: list[ErpNotice]


STORY_OF = {
    1: Story.INVOICED_IN_ERROR, 3: Story.RETURNED, 5: Story.CONFIRMED_AGAIN, 7: Story.PROOF_REPLACED,
    9: Story.NEVER_LEFT,
}
"""By the last digit of the order's place; any other is delivered."""


def tell(orders: list[Order]) -> list[Told]:
    """Every order with its milestones."""
    told = [_told(order, STORY_OF.get(place % 10, Story.DELIVERED)) for place, order in enumerate(orders)]
    noticed = [one._replace(notices=_notices(one.order)) for one in told]
    return [some if place % NOTICED == 0 else one for place, (one, some) in enumerate(zip(told, noticed, strict=True))]


def unknown(number: int) -> list[DeliveryMilestone]:
    """Milestones of a delivery that the ERP does not have."""
    order = Order("none", f"none-{number}", "C-0001", "0")
    return [_milestone(order, Milestone.PICKED_UP, 0), _milestone(order, Milestone.DELIVERED, 2)]


def _told(order: Order, story: Story) -> Told:
    picked, delivered = _milestone(order, Milestone.PICKED_UP, 0), _milestone(order, Milestone.DELIVERED, 2)
    proof = _milestone(order, Milestone.POD_RECEIVED, 3, proof_of_delivery=_proof(order))
    later: list[DeliveryMilestone] = []
    match story:
        case Story.DELIVERED:
            told = [picked, delivered, proof]
        case Story.RETURNED:
            told = [picked, proof, delivered, _milestone(order, Milestone.RETURNED, 9)]
        case Story.CONFIRMED_AGAIN:
            told = [picked, delivered, proof, _gone(delivered), _again(delivered)]
        case Story.PROOF_REPLACED:
            told = [picked, proof, _gone(proof), delivered, _again(proof)]
        case Story.NEVER_LEFT:
            told = [picked, _gone(picked)]
        case Story.INVOICED_IN_ERROR:
            told, later = [picked, delivered, proof], [_gone(delivered), _again(delivered)]
    return Told(order, story, told, later, [])


def _notices(order: Order) -> list[ErpNotice]:
    """A booking that is made anew under the number that the milestones bear, and a delay that comes and goes."""
    number = f"1Z{order.shipment}"
    delay = {"carrier": "ups", "tracking_number": number, "exception": ExceptionType.DELAY}
    return [
        _notice(order, NoticeKind.BOOKED, "booking-1", carrier="ups", tracking_number="FIRST"),
        _notice(order, NoticeKind.BOOKING_CANCELLED, "booking-1", carrier="ups", tracking_number="FIRST", since=BEGAN),
        _notice(order, NoticeKind.BOOKED, "booking-2", carrier="ups", tracking_number=number),
        _notice(order, NoticeKind.EXCEPTION_OPENED, "delay", **delay),
        _notice(order, NoticeKind.EXCEPTION_CLOSED, "delay", **delay, since=BEGAN),
    ]


def _notice(order: Order, kind: NoticeKind, what: str, **more: Any) -> ErpNotice:
    return ErpNotice(
        f"{order.shipment}-{what}", kind, order.shipment, order.sale, order.customer, BEGAN, f"Words of {kind.value}.",
        **more,
    )


def _proof(order: Order) -> ProofOfDelivery:
    return ProofOfDelivery("J. Roe", None, f"https://carrier.example.com/pod/{order.shipment}")


def _milestone(order: Order, milestone: Milestone, minutes: int, **more: Any) -> DeliveryMilestone:
    name = f"{order.shipment}-{milestone.value}"
    stated = {
        "milestone_id": name, "delivery_id": order.shipment, "order_id": order.sale, "customer_id": order.customer,
        "carrier": "ups", "tracking_number": f"1Z{order.shipment}", "milestone": milestone,
        "occurred_at": BEGAN + minutes * MINUTE, "exception": ExceptionType.NONE, "reason": Reason.NORMAL,
        "proof_of_delivery": None, "event_id": f"event-{name}",
    }
    return DeliveryMilestone(**{**stated, **more})


def _gone(one: DeliveryMilestone) -> DeliveryMilestone:
    return _changed(one, correction=Correction.RETRACTS, corrects=one.event_id, because_of="a correction")


def _again(one: DeliveryMilestone) -> DeliveryMilestone:
    return _changed(one, event_id=f"{one.event_id}-again", occurred_at=one.occurred_at + MINUTE)


def _changed(one: DeliveryMilestone, **changes: Any) -> DeliveryMilestone:
    return DeliveryMilestone(**{name: getattr(one, name) for name in one.__struct_fields__} | changes)
