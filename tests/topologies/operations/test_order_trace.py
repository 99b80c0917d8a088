"""An order is followed through the topics by its ids, whichever of its numbers is asked for, and nothing of another
order is among its steps."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec import Struct, structs

from config import topics
from config.settings import Settings
from config.topics import Topic
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.bookings import Booking, BookingState, BookingWait, Party
from streams.contracts.model import (
    BookingAnswer,
    BookingRequest,
    DeliveryRelease,
    DocumentChase,
    ErpNotice,
    FreightInvoice,
    FulfilmentDecision,
    Order,
    OrderClaim,
    OrderLine,
    OrderState,
    OutboundOutcome,
    ShipmentDocument,
    WmsConfirmation,
)
from streams.contracts.outbound import OutboundAttempt
from streams.fulfilment.policy import PLAIN
from streams.fulfilment.step import step
from streams.kernel.booking_vocabulary import AnswerKind, BookingPhase, BookingRequestKind, BookingStatus
from streams.kernel.document_vocabulary import DocumentKind, DocumentOrigin, DocumentStatus
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import (
    AlertKind,
    AttemptResult,
    Correction,
    ExceptionType,
    FulfilmentAction,
    Milestone,
    NoticeKind,
    OutboundStatus,
    Severity,
    Status,
)
from tests.support.brokers import embedded, on_broker
from tests.support.fulfilment_world import told
from tests.support.read_model_world import ACME, NOON, OTHER, alert, event, link, shipment, word
from tests.support.topics import fill
from topologies.local_stack.stack import catalogue
from topologies.operations.order_trace import Trace, plain, trace

pytestmark = pytest.mark.broker
NUMBER, OTHERS, BOOKED = "1Z999AA10123456784", "1Z999AA10123456786", "1Z999AA10123456788"
WAY = ["order", "release", "warehouse", "booking", "answer", "carrier", "customer", "notification", "milestone",
       "document", "chase", "decision", "posting", "notice", "attempt", "outcome", "freight invoice"]


def way_of(order: str, customer: str, number: str) -> Iterator[tuple[Topic, str, Struct]]:
    """The records of one order, each topic once."""
    delivery, key = f"DN-{order}", f"ups:{number}"
    milestone = structs.replace(
        told(Milestone.DELIVERED, number), delivery_id=delivery, order_id=order, customer_id=customer, carrier="ups",
    )
    done = step([milestone], {}, PLAIN, NOON)
    [posting] = done.outputs.postings
    claims = [OrderClaim("", "", "ups", number, delivery, NOON)]
    yield topics.ORDER_STATE, order, OrderState(order, customer, "released", None, NOON, "v1", claims)
    yield topics.FULFILMENT_STATE, delivery, done.states[delivery]
    yield topics.SHIPMENT_STATE, key, shipment(number, Status.DELIVERED, NOON, orders=[link(order, customer)])
    yield topics.ERP_ORDERS, order, Order(
        order, customer, "released", "EUR", 12.5, None, NOON, [OrderLine(delivery, "ups", number)]
    )
    yield topics.DELIVERY_RELEASES, delivery, DeliveryRelease(
        delivery, order, customer, "released", NOON, "east", Party("Ada", "Way 1", "Leeds", "LS1", "GB"), []
    )
    yield topics.WMS_CONFIRMATIONS, delivery, WmsConfirmation(
        "W", delivery, order, "east", "shipped", NOON, "ups", [number], []
    )
    yield topics.CARRIER_BOOKINGS, delivery, BookingRequest(
        f"b-{order}", BookingRequestKind.BOOK, delivery, order, customer, "ups", "ground", 1, NOON, NOON, None, None, []
    )
    yield topics.BOOKING_ANSWERS, delivery, BookingAnswer(
        f"b-{order}", delivery, AnswerKind.BOOKED, "ups", NOON, tracking_number=number
    )
    yield topics.SHIPMENT_EVENTS, key, event(number, Milestone.DELIVERED, NOON)
    yield topics.CUSTOMER_UPDATES, customer, word(number, order, customer, Milestone.DELIVERED, Status.DELIVERED, NOON)
    yield topics.NOTIFICATION_OUTCOMES, customer, OutboundOutcome(
        f"n-{order}", "u", "webhook:ep", customer, f"{order}:{key}", "shipment.delivered", Correction.NEW,
        OutboundStatus.SENT, 1, NOON, NOON,
    )
    yield topics.DELIVERY_MILESTONES, delivery, milestone
    yield topics.SHIPMENT_DOCUMENTS, key, ShipmentDocument(
        f"d-{order}", "ups", number, DocumentKind.PROOF_OF_DELIVERY, DocumentOrigin.LINK, DocumentStatus.WAITING, NOON,
        NOON, reason="status 404", delivery_ids=[delivery],
    )
    yield topics.DOCUMENT_CHASES, delivery, DocumentChase(delivery, "ups", number, NOON, 1, "status 404")
    yield topics.FULFILMENT_DECISIONS, delivery, FulfilmentDecision(
        delivery, FulfilmentAction.RELEASE, "Olga", "agreed", NOON
    )
    yield topics.ERP_POSTINGS, delivery, posting
    yield topics.ERP_NOTICES, delivery, ErpNotice(
        f"e-{order}", NoticeKind.EXCEPTION_OPENED, delivery, order, customer, NOON, f"Delay of ups {number}.", "ups",
        number, exception=ExceptionType.DELAY,
    )
    yield topics.POSTING_ATTEMPTS, delivery, OutboundAttempt(
        f"p-{order}", "erp:main", "main", delivery, 1, AttemptResult.ACCEPTED, f"INV-{order}", NOON, NOON
    )
    yield topics.POSTING_OUTCOMES, delivery, OutboundOutcome(
        f"p-{order}", posting.posting_id, "erp:main", "main", delivery, "delivery_confirmation", Correction.NEW,
        OutboundStatus.SENT, 1, NOON, NOON, None, None, f"INV-{order}",
    )
    yield topics.FREIGHT_INVOICES, delivery, FreightInvoice(
        f"F-{order}", delivery, f"b-{order}", "ups", NOON, "EUR", 1250.0, None, []
    )
    raised = alert(AlertKind.CONFIRMATION_OVERDUE, delivery, Severity.WARNING, NOON - 1)
    yield topics.OPS_ALERTS, raised.alert_id, raised


def booked(order: str, delivery: str, number: str) -> Iterator[tuple[Topic, str, Struct]]:
    """The records of an order that names no shipment: bookings found the carrier of its delivery, and of another none
    yet. No stage but bookings knows of them."""
    bookings = [Booking(
        f"{delivery}-1", "ups", "ground", BookingStatus.BOOKED, NOON, NOON, NOON, "", tracking_number=number
    )]
    yield topics.ORDER_STATE, order, OrderState(order, ACME, "released", None, NOON, "v1", [])
    yield topics.BOOKING_STATE, delivery, BookingState(delivery, order, ACME, BookingPhase.BOOKED, bookings=bookings)
    yield topics.BOOKING_STATE, f"{delivery}B", BookingState(
        f"{delivery}B", order, ACME, BookingPhase.HELD, wait=BookingWait(NOON, "shipping", None)
    )
    for name in (delivery, f"{delivery}B"):
        yield topics.DELIVERY_RELEASES, name, DeliveryRelease(
            name, order, ACME, "released", NOON, "east", Party("Ada", "Way 1", "Leeds", "LS1", "GB"), []
        )
    yield topics.SHIPMENT_EVENTS, f"ups:{number}", event(number, Milestone.PICKED_UP, NOON)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Settings]:
    folder: Path = tmp_path_factory.mktemp("trace")
    with on_broker(embedded, folder) as made:
        TopicAdmin(made).create(catalogue())
        registry = Registry(made)
        records = [*way_of("SO-1", ACME, NUMBER), *way_of("SO-2", OTHER, OTHERS), *booked("SO-3", "DN-3", BOOKED)]
        for topic, key, value in records:
            encoded = ValueCodec(topic, type(value), registry).encode(value)
            fill(made.kafka.bootstrap, topic.name, [(key.encode(), encoded)])
        yield made


def names(found: Trace) -> list[str]:
    return [one.name for one in found.steps if one.name != "alert"]


@pytest.mark.parametrize("number", ["SO-1", "DN-SO-1", f"ups:{NUMBER}", NUMBER.lower(), f" UPS:{NUMBER} "])
def test_the_way_is_the_same_by_each_of_its_numbers(settings: Settings, number: str) -> None:
    found = trace(settings, number)
    assert names(found) == WAY
    text = str(plain(found))
    assert "SO-2" not in text
    assert OTHERS not in text
    assert (found.ids.orders, found.ids.shipments) == ({"SO-1"}, {f"ups:{NUMBER}"})


def test_a_step_names_its_record_and_the_message_behind_it(settings: Settings) -> None:
    found = trace(settings, "SO-1")
    by_name = {one.name: one for one in found.steps}
    assert by_name["carrier"].raw == ("raw.ups.v1", 0, 7)
    assert by_name["carrier"].happened_at == NOON
    assert (by_name["posting"].topic, by_name["posting"].key) == ("erp.postings.v1", "DN-SO-1")
    assert by_name["answer"].words == f"ups: booked as {NUMBER}"
    assert by_name["document"].words == f"ups:{NUMBER}: proof of delivery is waiting (status 404)"
    assert by_name["freight invoice"].words == "ups: F-SO-1 for DN-SO-1, 1,250.00 EUR"
    assert by_name["outcome"].words == "delivery confirmation at main: sent (INV-SO-1)"
    assert found.steps[0].name == "alert", "its history stands at its own time"
    assert [one.phase.value for one in found.deliveries] == ["confirmed"]


def test_progress_is_told_and_what_is_unknown_is_said(settings: Settings) -> None:
    heard: list[tuple[str, int, int]] = []
    trace(settings, "SO-1", lambda *one: heard.append(one))
    assert heard
    assert all(done <= total for _, done, total in heard)
    with pytest.raises(Fatal, match="nothing is known of 'SO-9'"):
        trace(settings, "SO-9")


def test_an_order_whose_carriers_were_found_by_bookings_is_followed_by_them(settings: Settings) -> None:
    found = trace(settings, "SO-3")
    assert names(found) == ["release", "release", "carrier"]
    assert found.ids.deliveries == {"DN-3", "DN-3B"}
    assert plain(found)["bookings"] == [
        {"delivery_id": "DN-3", "phase": "booked", "owner": None},
        {"delivery_id": "DN-3B", "phase": "held", "owner": "shipping"},
    ]
    assert names(trace(settings, "DN-3")) == ["release", "carrier"]
    assert names(trace(settings, "DN-3B")) == ["release"]
