"""The worked example of ``docs/shipment-truth.md``: one shipment, through the real handlers, from bytes to bytes.

Orders, shipments and fulfilment are wired as their topics wire them. Each step of the story is an order or a carrier's
event; ``play`` returns, step by step, the record and what customers, the ERP and operations hear.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from msgspec.structs import replace

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts import ids
from streams.contracts.model import (
    AlertSignal,
    CarrierEvent,
    CustomerUpdate,
    DeliveryMilestone,
    EnrichedEvent,
    ErpPosting,
    Location,
    Order,
    OrderLine,
    OrderReference,
    ProofOfDelivery,
    ShipmentState,
    Source,
)
from streams.kernel.vocabulary import AlertKind, Classifier, Correction, ExceptionType, Milestone, Precision, Reason
from tests.fakes.memory import Memory
from tests.support.messages import sent_to
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.runtime.handler import Handled
from topologies.stages.fulfilment import FulfilmentHandler
from topologies.stages.orders import OrdersHandler
from topologies.stages.shipments import ShipmentsHandler

NUMBER, OTHER_NUMBER = "1Z12345E0205271688", "1Z12345E0205271697"
_MINUTE_MS = 60_000
_BACKGROUND = "1Z00000E0000000000"
"""A parcel that moves beside the one that is told of, so that the platform hears something all the time."""


@dataclass(frozen=True)
class Input:
    """One input: an order, a carrier's event, or the time alone (None). ``at``: when it was saved or happened."""

    at: int
    text: str
    item: Order | CarrierEvent | None


@dataclass
class Step:
    """One step of the story, and what came of it."""

    title: str
    inputs: list[str] = field(default_factory=list)
    state: ShipmentState | None = None
    history: list[EnrichedEvent] = field(default_factory=list)
    archived: list[ShipmentState] = field(default_factory=list)
    updates: list[CustomerUpdate] = field(default_factory=list)
    postings: list[ErpPosting] = field(default_factory=list)
    alerts: list[AlertSignal] = field(default_factory=list)


def at(text: str) -> int:
    """``2026-09-14 10:00`` in UTC as ms."""
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


def when(ms: int) -> str:
    """``14 Sep 10:00``; with the year where it is not 2026."""
    moment = datetime.fromtimestamp(ms / 1000, UTC)
    text = f"{moment.day} {moment:%b %H:%M}"
    return text if moment.year == 2026 else f"{moment.day} {moment:%b %Y %H:%M}"


class World:
    """The three stages, their state and the topics between them."""

    def __init__(self) -> None:
        settings, registry = Settings(_env_file=None), fake_registry()
        self._orders = OrdersHandler(settings, registry, {})
        self._shipments = ShipmentsHandler(settings, registry, {})
        self._fulfilment = FulfilmentHandler(settings, registry, {})
        self._states = {stage: Memory() for stage in ("orders", "shipments", "fulfilment")}
        self._offset = 0
        self._codecs: dict[str, ValueCodec[Any]] = {
            topic.name: ValueCodec(topic, kind, registry)
            for topic, kind in (
                (topics.ERP_ORDERS, Order), (topics.CARRIER_EVENTS, CarrierEvent),
                (topics.ORDER_REFERENCES, OrderReference), (topics.DELIVERY_MILESTONES, DeliveryMilestone),
                (topics.CUSTOMER_UPDATES, CustomerUpdate), (topics.ERP_POSTINGS, ErpPosting),
                (topics.ALERT_SIGNALS, AlertSignal), (topics.SHIPMENT_STATE, ShipmentState),
                (topics.SHIPMENT_EVENTS, EnrichedEvent), (topics.SHIPMENT_ARCHIVE, ShipmentState),
            )
        }

    def take(self, given: Input, step: Step) -> None:
        """Take one input in."""
        if isinstance(given.item, Order):
            self._order(given.item, given.at, step)
        elif given.item is None:
            self._clock(given.at, step)
        else:
            self._event(given.item, step)

    def _order(self, order: Order, now_ms: int, step: Step) -> None:
        records = self._records(topics.ERP_ORDERS.name, self._codecs[topics.ERP_ORDERS.name].encode(order))
        out = self._orders.handle(records, self._states["orders"], now_ms)
        self._states["orders"].apply(out)
        for message in sent_to(out, topics.ORDER_REFERENCES.name):
            self._take(topics.ORDER_REFERENCES.name, message["value"], now_ms, step)

    def _event(self, event: CarrierEvent, step: Step) -> None:
        value = self._codecs[topics.CARRIER_EVENTS.name].encode(event)
        self._take(topics.CARRIER_EVENTS.name, value, event.received_at, step)

    def _clock(self, now_ms: int, step: Step) -> None:
        for minutes in (16, 0):
            heard_at = now_ms - minutes * _MINUTE_MS
            self._event(scan("", Milestone.IN_TRANSIT, heard_at, heard_at, number=_BACKGROUND), Step("background"))
        self._apply(self._shipments.sweep(self._states["shipments"], now_ms), now_ms, step)

    def _take(self, topic: str, value: bytes | None, now_ms: int, step: Step) -> None:
        out = self._shipments.handle(self._records(topic, value), self._states["shipments"], now_ms)
        assert not out.refused
        self._apply(out, now_ms, step)

    def _apply(self, out: Handled, now_ms: int, step: Step) -> None:
        self._states["shipments"].apply(out)
        change = out.changes.get(ids.shipment_key("ups", NUMBER).encode())
        if change is not None:
            step.state = self._codecs[topics.SHIPMENT_STATE.name].decode(change.changelog)
        step.history += self._sent(out, topics.SHIPMENT_EVENTS)
        step.archived += self._sent(out, topics.SHIPMENT_ARCHIVE)
        step.updates += self._sent(out, topics.CUSTOMER_UPDATES)
        step.alerts += self._sent(out, topics.ALERT_SIGNALS)
        for message in sent_to(out, topics.DELIVERY_MILESTONES.name):
            records = self._records(topics.DELIVERY_MILESTONES.name, message["value"])
            posted = self._fulfilment.handle(records, self._states["fulfilment"], now_ms)
            self._states["fulfilment"].apply(posted)
            step.postings += self._sent(posted, topics.ERP_POSTINGS)

    def _sent(self, out: Handled, topic: topics.Topic) -> list[Any]:
        return [self._codecs[topic.name].decode(message["value"]) for message in sent_to(out, topic.name)]

    def _records(self, topic: str, value: bytes | None) -> list[FakeRecord]:
        self._offset += 1
        return [FakeRecord(topic, 0, self._offset, value=value)]


def scan(
    city: str, milestone: Milestone, occurred_at: int, received_at: int, *, number: str = NUMBER,
    channel: str = "webhook", proof: ProofOfDelivery | None = None,
) -> CarrierEvent:
    """A scan of UPS as intake hands it on."""
    place = Location(city=city, country="US") if city else None
    return CarrierEvent(
        ids.event_id("ups", number, milestone, "", occurred_at, place, None), "ups", number, milestone,
        Classifier.ACTUAL, occurred_at, received_at, ExceptionType.NONE, Reason.NORMAL, "", "", place, None, proof,
        None, 0, False, Precision.INSTANT, Correction.NEW, None, [], [],
        Source("ups", channel, "raw.ups.v1", 0, 0, 0, ""),
    )


def order(number: str, delivery: str, customer: str, promised_at: int, tracking: str) -> Order:
    """An order of one line, saved at 0."""
    return Order(number, customer, "open", "USD", 120.0, promised_at, 0, [OrderLine(delivery, "ups", tracking)])


def _saved(saved: str, order: Order, text: str) -> Input:
    return Input(at(saved), text, replace(order, updated_at=at(saved)))


def _scanned(
    occurred: str, city: str, milestone: Milestone, *, received: str | None = None, channel: str = "webhook",
    proof: ProofOfDelivery | None = None,
) -> Input:
    occurred_at = at(occurred)
    received_at = occurred_at + _MINUTE_MS if received is None else at(received)
    event = scan(city, milestone, occurred_at, received_at, channel=channel, proof=proof)
    late = "" if received is None else f"; received {when(received_at)} by {channel}"
    return Input(occurred_at, f"{_words(milestone)}, {city}{late}", event)


def chapters() -> list[tuple[str, list[Input]]]:
    """The story: for each chapter its title and what comes in."""
    promised_at = at("2026-09-15 16:00")
    return [
        ("The order", [
            _saved("2026-09-14 10:00", order("SO-1001", "80001", "C-77", promised_at, NUMBER),
                   f"order SO-1001 of customer C-77: delivery 80001 goes by UPS {NUMBER}, "
                   f"promised for {when(promised_at)}"),
        ]),
        ("On its way", [
            _scanned("2026-09-14 16:30", "Charlotte", Milestone.PICKED_UP),
            _scanned("2026-09-15 08:10", "Hickory", Milestone.OUT_FOR_DELIVERY),
        ]),
        ("The promise passes", [
            _scanned("2026-09-15 17:40", "Hickory", Milestone.ARRIVED_FACILITY),
            Input(at("2026-09-15 18:05"), "the promise passed two hours ago", None),
        ]),
        ("The delivery scan comes late", [
            _scanned("2026-09-15 14:15", "Hickory", Milestone.DELIVERED, received="2026-09-16 07:02"),
        ]),
        ("The same scan by another channel", [
            _scanned("2026-09-15 14:15", "Hickory", Milestone.DELIVERED, received="2026-09-16 07:27", channel="poll"),
        ]),
        ("The order is corrected", [
            _saved("2026-09-17 09:00", order("SO-1001", "80001", "C-77", promised_at, OTHER_NUMBER),
                   f"order SO-1001 again: delivery 80001 goes by UPS {OTHER_NUMBER}"),
            _saved("2026-09-17 09:00", order("SO-1002", "80002", "C-12", promised_at, NUMBER),
                   f"order SO-1002 of customer C-12: delivery 80002 goes by UPS {NUMBER}"),
        ]),
        ("UPS uses the number again", [_scanned("2026-11-09 15:20", "Memphis", Milestone.PICKED_UP)]),
        ("A proof of delivery for September's parcel", [
            _scanned("2026-09-15 14:15", "Hickory", Milestone.POD_RECEIVED, received="2026-11-10 08:00",
                     proof=ProofOfDelivery(signed_by="LEE")),
        ]),
    ]


def play(story: list[tuple[str, list[Input]]]) -> list[Step]:
    """Take the story in, in its order."""
    world, steps = World(), list[Step]()
    for title, inputs in story:
        step = Step(title, [f"{when(one.at)}  {one.text}" for one in inputs])
        for one in inputs:
            world.take(one, step)
        steps.append(step)
    return steps


def told(steps: list[Step]) -> str:
    """The example as the page prints it."""
    return "\n".join(line for number, step in enumerate(steps, 1) for line in _lines(number, step)).rstrip() + "\n"


def _lines(number: int, step: Step) -> Iterator[str]:
    yield f"{number}. {step.title}"
    for one in step.inputs:
        yield f"   input     {one}"
    for event in step.history:
        yield f"   history   {_event(event)}"
    yield f"   record    {'unchanged' if step.state is None else _record(step.state)}"
    for state in step.archived:
        yield f"   archive   {_record(state)}"
    for update in step.updates:
        yield f"   customer  {update.customer_id} ({update.order_id}): {_update(update)}"
    for posting in step.postings:
        undone = "" if posting.reverses is None else "reversal of "
        yield f"   ERP       {posting.delivery_id}: {undone}{_words(posting.kind)}"
    for alert in step.alerts:
        if alert.subject.endswith(NUMBER):
            yield f"   alert     {_words(alert.kind)} {_alert(alert)}"
    yield ""


def _event(enriched: EnrichedEvent) -> str:
    assert isinstance(enriched.event, CarrierEvent)
    late = ", late" if enriched.late else ""
    return f"{_words(enriched.event.milestone)} {when(enriched.event.occurred_at)}{late}"


def _record(state: ShipmentState) -> str:
    since = "" if state.status_at is None else f" since {when(state.status_at)}"
    orders = ", ".join(one.order_id for one in state.orders) or "no order"
    events = "1 event" if state.event_count == 1 else f"{state.event_count} events"
    shipment = "" if state.life == 1 else f"; shipment {state.life} under this number"
    return f"{_words(state.status)}{since}; {orders}; {events}{shipment}"


def _update(update: CustomerUpdate) -> str:
    correction = "" if update.correction is Correction.NEW else f" [{_words(update.correction)}]"
    return f"{_words(update.milestone)} {when(update.occurred_at)}{correction}"


def _alert(alert: AlertSignal) -> str:
    why = f": {alert.message}" if alert.kind is not AlertKind.DELIVERY_LATE else ""
    return f"{_words(alert.state)}{why}"


def _words(value: str) -> str:
    return str(value).replace("_", " ")
