"""A small installation for tests of whatever reads the read model: shipments, orders, alerts, feeds, dead letters."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from msgspec import Struct, structs

from connectors.read_store import files
from connectors.read_store.writer import Place, Store
from streams.contracts import ids
from streams.contracts.model import (
    ActionDetail,
    Alert,
    AlertChange,
    AlertOrder,
    AtStake,
    AuditAction,
    CarrierEvent,
    CustomerUpdate,
    DeadLetter,
    DeliveryMilestone,
    EnrichedEvent,
    ErpPosting,
    FeedPause,
    FeedState,
    FulfilmentState,
    Location,
    MasterRecord,
    OrderClaim,
    OrderLink,
    OrderState,
    OutboundOutcome,
    ProofOfDelivery,
    Reference,
    ReferenceState,
    ShipmentState,
    Source,
)
from streams.fulfilment.policy import Patience, Policies, Policy, ProofNeeded
from streams.fulfilment.step import step
from streams.kernel.vocabulary import (
    ActionChannel,
    ActorKind,
    AlertKind,
    AlertState,
    AlertStep,
    Classifier,
    Correction,
    DocumentStatus,
    ExceptionType,
    MasterKind,
    Milestone,
    OutboundStatus,
    PostingKind,
    Precision,
    Punctuality,
    Reason,
    Severity,
    Status,
    SubjectKind,
    WaitKind,
)
from streams.read_model.project import changes, key_of
from tests.support.booking_world import DELIVERY as BOOKED
from tests.support.booking_world import Desk, invoiced, packed, released
from tests.support.document_inputs import OF_PDF, pushed

NOON = 1_790_000_000_000
"""2026-09-21T14:13:20Z."""
MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
LYON, PARIS = Location(city="Lyon", country="FR", postal_code="69001"), Location(city="Paris", country="FR")
ACME, OTHER = "C-ACME", "C-OTHER"
HOSTILE = '<script>alert(1)</script>[/x] :one: \x1b[31m"quoted"'
"""Foreign text that a page or a table must show, not run."""


def event(
    number: str, milestone: Milestone, at: int, *, carrier: str = "ups", place: Location | None = LYON,
    text: str = "as the carrier says it", references: list[Reference] | None = None, offset: int = 7,
    correction: Correction = Correction.NEW, corrects: str | None = None,
    exception: ExceptionType = ExceptionType.NONE, reason: Reason = Reason.NORMAL,
) -> EnrichedEvent:
    """An event of the history, received 40 s after it happened."""
    told = CarrierEvent(
        ids.event_id(carrier, number, milestone, "X", at, place, None), carrier, number, milestone, Classifier.ACTUAL,
        at, at + 40_000, exception, reason, "X1", text, place, None,
        ProofOfDelivery("A. Receiver") if milestone is Milestone.DELIVERED else None, None, 120, False,
        Precision.INSTANT, correction, corrects, references or [], [],
        Source(carrier, "webhook", f"raw.{carrier}.v1", 0, offset, 0, f"c-{number}-{offset}"),
    )
    return EnrichedEvent(told, Status.IN_TRANSIT, False, True, [])


def shipment(
    number: str, status: Status, at: int, *, carrier: str = "ups", orders: list[OrderLink] | None = None,
    punctuality: Punctuality = Punctuality.NO_PROMISE, exceptions: list[ExceptionType] | None = None,
    promised: int | None = None, estimated: int | None = None, delivered: int | None = None,
) -> ShipmentState:
    """A shipment's state."""
    return ShipmentState(
        carrier, number, status, at, Milestone.IN_TRANSIT, at, 2, orders or [], estimated, delivered,
        "A. Receiver" if delivered else None, exceptions or [], at, b"stage's own", promised,
        punctuality=punctuality,
    )


def link(order: str, customer: str, promised: int | None = None, value: float | None = None) -> OrderLink:
    """An order's claim as the shipment carries it."""
    return OrderLink(order, f"DN-{order}", customer, promised, value, "EUR" if value is not None else None)


def word(number: str, order: str, customer: str, milestone: Milestone, status: Status, at: int) -> CustomerUpdate:
    """A customer update about a shipment of UPS."""
    return CustomerUpdate(
        ids.digest("update", number, milestone), customer, order, "ups", number, milestone, status, at, 120, LYON,
        ExceptionType.NONE, Reason.NORMAL, None, None, False, ids.digest(number, milestone),
    )


def posting(number: str, order: str, customer: str, kind: PostingKind, at: int) -> ErpPosting:
    """A posting about a shipment of UPS."""
    return ErpPosting(
        ids.digest("posting", number, kind), kind, f"DN-{order}", order, customer, "ups", number, at, Reason.NORMAL,
        None, ids.digest(number, kind),
    )


def alert(kind: AlertKind, subject: str, severity: Severity, at: int, **more: object) -> Alert:
    """An alert that was raised then."""
    raised = Alert(
        ids.alert_id(kind, subject), kind, AlertState.RAISED, severity, subject, f"{subject}: {kind.value}",
        ExceptionType.NONE, Reason.UNKNOWN, at, at, history=[AlertChange(at, AlertStep.RAISED, "itself")],
        times_raised=1, affected=1, shipments=[subject],
    )
    return structs.replace(raised, **more)


def told(alert_id: str, channel: str, status: OutboundStatus, at: int, kind: str = "alert.raised", **more: object) -> (
    OutboundOutcome
):
    """Where the message is by which a channel is told of an alert."""
    outcome = OutboundOutcome(
        ids.digest(alert_id, channel, kind), alert_id, f"channel:{channel}", f"channel:{channel}", alert_id, kind,
        Correction.NEW, status, 1, at, at, None, 200, "ok", [alert_id],
    )
    return structs.replace(outcome, **more)


def waiting_delivery(delivery: str, order: str, customer: str, number: str = "1Z999AA10123456785") -> FulfilmentState:
    """A delivery that was made two hours ago and waits for its proof."""
    told = DeliveryMilestone(
        f"m-{delivery}", delivery, order, customer, "ups", number, Milestone.DELIVERED, NOON - 2 * HOUR,
        ExceptionType.NONE, Reason.NORMAL, None, f"e-{delivery}",
    )
    rules = Policies(Policy(proof=ProofNeeded.ANY, waits={WaitKind.PROOF: Patience("finance", DAY)}))
    return step([told], {}, rules, NOON).states[delivery]


def world() -> list[tuple[str, Struct]]:
    """Key and value of every record."""
    promised = NOON + DAY
    transit = shipment(
        "1Z999AA10123456784", Status.IN_TRANSIT, NOON - HOUR, orders=[link("SO-1", ACME, promised, 1250.0)],
        punctuality=Punctuality.AT_RISK, exceptions=[ExceptionType.DELAY], promised=promised,
        estimated=promised + 5 * HOUR,
    )
    delivered = shipment(
        "1Z999AA10123456785", Status.DELIVERED, NOON - 2 * HOUR, orders=[link("SO-1", ACME, promised, 1250.0)],
        punctuality=Punctuality.DELIVERED_ON_TIME, promised=promised, delivered=NOON - 2 * HOUR,
    )
    others = shipment(
        "1Z999AA10123456786", Status.OUT_FOR_DELIVERY, NOON - 3 * HOUR, orders=[link("SO-2", OTHER, promised)],
        punctuality=Punctuality.ON_TIME, promised=promised,
    )
    unclaimed = shipment("00340434161094042557", Status.INFO_RECEIVED, NOON - 4 * HOUR, carrier="dhl")
    shared = shipment(
        "1Z999AA10123456787", Status.PICKED_UP, NOON - 5 * HOUR, orders=[link("SO-1", ACME), link("SO-2", OTHER)],
    )
    states = [transit, delivered, others, unclaimed, shared]
    found: list[tuple[str, Struct]] = [(key_of(one.carrier, one.tracking_number), one) for one in states]
    events = [
        event("1Z999AA10123456784", Milestone.PICKED_UP, NOON - DAY, references=[Reference("po", "PO 4711")]),
        event("1Z999AA10123456784", Milestone.IN_TRANSIT, NOON - HOUR, place=PARIS, text=HOSTILE, offset=8),
        event("1Z999AA10123456785", Milestone.PICKED_UP, NOON - DAY),
        event("1Z999AA10123456785", Milestone.DELIVERED, NOON - 2 * HOUR, place=PARIS, offset=9),
        event("1Z999AA10123456786", Milestone.OUT_FOR_DELIVERY, NOON - 3 * HOUR),
        event("00340434161094042557", Milestone.PRE_ADVISED, NOON - 4 * HOUR, carrier="dhl"),
    ]
    for one in events:
        assert not isinstance(one.event, bytes)
        found.append((key_of(one.event.carrier, one.event.tracking_number), one))
    late = alert(
        AlertKind.DELIVERY_AT_RISK, "ups:1Z999AA10123456784", Severity.WARNING, NOON - HOUR, carrier="ups",
        cause="the estimate is 5 h after the promise", at_stake=[AtStake("EUR", 1250.0)],
        orders=[AlertOrder("SO-1", "DN-SO-1", ACME, 1250.0, "EUR")],
    )
    silent = alert(AlertKind.FEED_STALE, "dhl", Severity.CRITICAL, NOON - 6 * HOUR, feed="dhl", owner="ada")
    over = alert(
        AlertKind.SHIPMENT_EXCEPTION, "ups:1Z999AA10123456785", Severity.WARNING, NOON - DAY, carrier="ups",
        state=AlertState.RESOLVED, resolved_at=NOON - 20 * HOUR, resolved_by="itself",
    )
    found += [(one.alert_id, one) for one in (late, silent, over)]
    found += [
        (ACME, word("1Z999AA10123456784", "SO-1", ACME, Milestone.IN_TRANSIT, Status.IN_TRANSIT, NOON - HOUR)),
        (ACME, word("1Z999AA10123456785", "SO-1", ACME, Milestone.DELIVERED, Status.DELIVERED, NOON - 2 * HOUR)),
        (OTHER, word("1Z999AA10123456786", "SO-2", OTHER, Milestone.OUT_FOR_DELIVERY, Status.OUT_FOR_DELIVERY,
                     NOON - 3 * HOUR)),
        ("DN-SO-1", posting("1Z999AA10123456785", "SO-1", ACME, PostingKind.DELIVERY_CONFIRMATION, NOON - 2 * HOUR)),
        ("DN-SO-2", posting("1Z999AA10123456786", "SO-2", OTHER, PostingKind.GOODS_ISSUE, NOON - DAY)),
    ]
    for order, customer, numbers, value in (
        ("SO-1", ACME, ("1Z999AA10123456784", "1Z999AA10123456785", "1Z999AA10123456787"), 1250.0),
        ("SO-2", OTHER, ("1Z999AA10123456786", "1Z999AA10123456787"), None),
    ):
        claims = [OrderClaim("", "", "ups", number, f"DN-{order}", NOON - 2 * DAY) for number in numbers]
        found.append((order, OrderState(
            order, customer, "released", promised, NOON - 2 * DAY, "v1", claims, value, "EUR" if value else None
        )))
    found += [
        ("ups", FeedState("ups", NOON - MINUTE, NOON - HOUR, 6, 1, 0, False, None, NOON - 9 * DAY, records=7)),
        ("dhl", FeedState("dhl", NOON - 6 * HOUR, NOON - 6 * HOUR, 1, 0, 0, True, NOON - 5 * HOUR, NOON - 9 * DAY)),
        ("gls", FeedPause("gls", True, NOON - HOUR, "intake", "260 of 300 records became dead letters")),
        ("intake", DeadLetter(
            "intake", "malformed", HOSTILE, "$.events[0].time", "raw.ups.v1", 0, 5, "ups", "c-bad", 812, NOON - HOUR,
        )),
        ("po:4712", ReferenceState("po", "4712", [], 2, 0, 0, NOON - HOUR, False, NOON - HOUR, b"stage's own")),
        ("alert:" + late.alert_id, AuditAction(
            "action-1", NOON - HOUR, "Ada", ActorKind.PERSON, "operator", ActionChannel.TOWER, "alert.assign",
            SubjectKind.ALERT, late.alert_id, "asked", [ActionDetail("owner", "Grace")],
        )),
        (ACME, OutboundOutcome(
            "msg_1", ids.digest("update", "none", "x"), "webhook:ep_1", ACME, "SO-1:ups:1Z999AA10123456784",
            "shipment.picked_up", Correction.NEW, OutboundStatus.RETRYING, 3, NOON - HOUR, NOON - MINUTE, NOON + MINUTE,
            503, HOSTILE,
        )),
        ("DN-SO-1", OutboundOutcome(
            "msg_2", ids.digest("posting", "none"), "erp:main", "main", "DN-SO-1", "goods_issue", Correction.NEW,
            OutboundStatus.HELD, 1, NOON - HOUR, NOON - MINUTE, None, None, HOSTILE,
        )),
        ("channel:operations", told(
            late.alert_id, "operations", OutboundStatus.SENT, NOON - HOUR + MINUTE, detail=HOSTILE,
        )),
        ("DN-SO-1", waiting_delivery("DN-SO-1", "SO-1", ACME)),
        (BOOKED, Desk().take(released(customer_id=ACME), packed(), invoiced(invoice_id=HOSTILE), at=NOON).known),
        ("ups:1Z999AA10123456785", structs.replace(
            pushed(OF_PDF, "1Z999AA10123456785", NOON - HOUR), carrier="ups", delivery_ids=["DN-SO-1"],
            order_ids=["SO-1"],
        )),
        ("ups:1Z999AA10123456785", structs.replace(
            pushed("", "1Z999AA10123456785", NOON - 2 * HOUR), source_id="link", carrier="ups", attempts=4,
            delivery_ids=["DN-SO-1"], order_ids=["SO-1"], status=DocumentStatus.REFUSED, reason=HOSTILE,
            link=f"https://pod.example.com/?{HOSTILE}",
        )),
        ("customer:C-ACME", MasterRecord(MasterKind.CUSTOMER, ACME, NOON - 9 * DAY, "ada", name="Acme Tools")),
    ]
    return found


def fill(
    folder: Path, records: list[tuple[str, Struct]] | None = None, told_at: Callable[[Struct], int] = lambda _: NOON
) -> None:
    """A read model in the folder with these records, as the worker leaves it, and current. ``told_at``: when a value
    was written, UTC ms."""
    file = files.current(folder) or files.next_generation(folder)
    store = Store(file)
    found = [
        change for key, value in (world() if records is None else records)
        for change in changes(key, value, told_at(value))
    ]
    store.apply(found, [Place("shipment.state.v1", 0, len(found), 0)], NOON)
    store.note("whole_at", NOON)
    store.close()
    files.make_current(file)
