"""A whole, clean account of a demo, made by hand: what a faultless pipeline would have written."""

from __future__ import annotations

from streams.contracts.ids import digest, shipment_key
from streams.contracts.model import (
    CarrierEvent,
    CustomerUpdate,
    DeadLetter,
    DeliveryMilestone,
    EnrichedEvent,
    ErpPosting,
    Location,
    OrderLink,
    OrderReference,
    ShipmentState,
    Source,
)
from streams.kernel.vocabulary import (
    Classifier,
    Correction,
    ExceptionType,
    Milestone,
    PostingKind,
    Precision,
    Reason,
    RejectReason,
    Status,
)
from topologies.demo.cast import AMERICAN
from topologies.demo.journeys import Journey, Scan, Step
from topologies.demo.ledger import Ledger, Origin
from topologies.demo.orders import Order, OrderLine
from topologies.demo.planned import Expected, Kind, Plan, Planned

NOW_MS = 1_790_000_000_000
DELIVERED = Journey(
    "ups", "1ZW0R1D30312345673", AMERICAN[0], AMERICAN[3], "Tessel Lighting", "Ostrava Pumps",
    ("Mireille", "Duval"), NOW_MS,
    (
        Scan(Step.PICKUP, NOW_MS - 90_000_000, AMERICAN[0]),
        Scan(Step.DELIVERED, NOW_MS - 4_000_000, AMERICAN[3]),
    ),
)
KEY = shipment_key(DELIVERED.carrier, DELIVERED.number)
LINK = OrderLink("SO-1", "DLV-1-1", "C-1001", None)


def raw(number: int, what: str, expected: Expected) -> Planned:
    """A carrier's message of the plan."""
    correlation_id = f"demo-7-{NOW_MS:x}-{number:05d}"
    return Planned(0.0, Kind.RAW, "ups", "webhook", "application/json", b"{}", correlation_id, what, expected)


def plan() -> Plan:
    """Two scans, one of them sent twice, one bad record, one order."""
    order = Order("SO-1", "C-1001", "released", "USD", 10.0, None, NOW_MS,
                  [OrderLine("DLV-1-1", DELIVERED.carrier, DELIVERED.number)])
    ordered = Planned(0.0, Kind.ORDER, "", "erp", "avro", b"", f"demo-7-{NOW_MS:x}-00000", "order SO-1",
                      Expected(0), order)
    messages = (
        ordered, raw(1, "picked up", Expected(1)), raw(2, "delivered", Expected(1)),
        raw(3, "delivered again", Expected(1)), raw(4, "an empty body", Expected(0, RejectReason.EMPTY)),
    )
    return Plan(7, NOW_MS, 1.0, (DELIVERED,), messages)


def origin(number: int) -> Origin:
    """Where message ``number`` of the plan lies."""
    return Origin("raw.ups.v1", 0, number)


def event(number: int, milestone: Milestone) -> CarrierEvent:
    """The canonical event of message ``number``."""
    source = Source("ups", "webhook", "raw.ups.v1", 0, number, 0, f"demo-7-{NOW_MS:x}-{number:05d}")
    return CarrierEvent(
        digest(KEY, milestone.value), DELIVERED.carrier, DELIVERED.number, milestone, Classifier.ACTUAL,
        NOW_MS - 4_000_000, NOW_MS, ExceptionType.NONE, Reason.NORMAL, "FS", "", Location(city="CHARLOTTE"),
        None, None, None, -240, False, Precision.INSTANT, Correction.NEW, None, [], [], source,
    )


def fanned(one: CarrierEvent) -> EnrichedEvent:
    """The event as shipments passes it on."""
    return EnrichedEvent(one, Status.DELIVERED, False, True, [LINK])


def state(status: Status = Status.DELIVERED) -> ShipmentState:
    """The shipment's state."""
    return ShipmentState(
        DELIVERED.carrier, DELIVERED.number, status, NOW_MS, Milestone.DELIVERED, NOW_MS, 2, [LINK], None,
        NOW_MS, "DUVAL", [], NOW_MS, b"",
    )


def update(milestone: Milestone = Milestone.DELIVERED) -> CustomerUpdate:
    """The update the customer hears."""
    return CustomerUpdate(
        digest("u", milestone.value), LINK.customer_id, LINK.order_id, DELIVERED.carrier, DELIVERED.number,
        milestone, Status.DELIVERED, NOW_MS - 4_000_000, -240, Location(city="CHARLOTTE", region="NC"),
        ExceptionType.NONE, Reason.NORMAL, None, "DUVAL" if milestone is Milestone.DELIVERED else None, False,
        "e",
    )


def milestone(kind: Milestone) -> DeliveryMilestone:
    """A financially relevant fact."""
    return DeliveryMilestone(
        digest("m", kind.value), LINK.delivery_id, LINK.order_id, LINK.customer_id, DELIVERED.carrier,
        DELIVERED.number, kind, NOW_MS, ExceptionType.NONE, Reason.NORMAL, None, digest(KEY, kind.value),
    )


def posting(kind: Milestone, posting_kind: PostingKind, posting_id: str | None = None) -> ErpPosting:
    """Its posting."""
    return ErpPosting(posting_id or digest("p", kind.value), posting_kind, LINK.delivery_id, LINK.order_id,
                      LINK.customer_id, DELIVERED.carrier, DELIVERED.number, NOW_MS, Reason.NORMAL, None,
                      digest(KEY, kind.value))


def card(number: int, reason: str = "empty") -> DeadLetter:
    """The index card of message ``number``."""
    return DeadLetter("intake", reason, "no value", None, "raw.ups.v1", 0, number, "ups", None, 0, NOW_MS)


def clean(without: frozenset[str] = frozenset()) -> Ledger:
    """The account of a faultless run; ``without`` leaves out entries by name."""
    made = plan()
    ledger = Ledger(made)
    ledger.order_sent(made.messages[0])
    for number, message in enumerate(made.raw, start=1):
        ledger.raw_sent(origin(number), message)
    picked, delivered = event(1, Milestone.PICKED_UP), event(2, Milestone.DELIVERED)
    again = event(3, Milestone.DELIVERED)
    entries = {
        "picked up": lambda: ledger.carrier_event(picked),
        "delivered": lambda: ledger.carrier_event(delivered),
        "delivered again": lambda: ledger.carrier_event(again),
        "picked up fanned out": lambda: ledger.shipment_event(fanned(picked), NOW_MS + 20),
        "delivered fanned out": lambda: ledger.shipment_event(fanned(delivered), NOW_MS + 40),
        "card": lambda: ledger.dead_letter(card(4)),
        "whole": lambda: ledger.whole_dead_letter(origin(4), "empty"),
        "reference": lambda: ledger.order_reference(
            OrderReference(DELIVERED.carrier, DELIVERED.number, "SO-1", "DLV-1-1", "C-1001", None, NOW_MS)),
        "state": lambda: ledger.shipment_state(state()),
        "update": lambda: ledger.customer_update(update()),
        "milestones": lambda: [ledger.delivery_milestone(milestone(kind))
                               for kind in (Milestone.PICKED_UP, Milestone.DELIVERED)],
        "goods issue": lambda: ledger.posting(posting(Milestone.PICKED_UP, PostingKind.GOODS_ISSUE)),
        "confirmation": lambda: ledger.posting(
            posting(Milestone.DELIVERED, PostingKind.DELIVERY_CONFIRMATION)),
    }
    assert without <= set(entries)
    for name, enter in entries.items():
        if name not in without:
            enter()
    return ledger


