"""Follows one order, delivery or shipment through every topic, by the ids that its records bear."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from typing import Any, NamedTuple, TypeVar

from confluent_kafka import OFFSET_BEGINNING, Message, TopicPartition
from msgspec import Struct

from config import topics
from config.settings import Settings
from config.topics import Topic
from connectors.kafka.consumer import PartitionReader
from connectors.kafka.registry import Registry, ValueCodec
from connectors.kafka.topic_reader import partition_of
from streams.contracts.ids import normalise_tracking_number, shipment_key
from streams.contracts.model import BookingState, FulfilmentState, OrderState, ShipmentState
from streams.kernel.errors import Fatal, Reject
from topologies.operations.trace_steps import KINDS, Ids, Kind

T = TypeVar("T", bound=Struct)
GROUP = "shipsync-trace"
Progress = Callable[[str, int, int], None]
"""Called now and then with: what is read, records read and records there are."""


class Step(NamedTuple):
    """One step. ``at``: when its record was written, of an alert's history when it happened; ``happened_at``: when what
    it tells happened; both UTC ms. ``raw``: topic, partition and offset of the carrier's message behind it."""

    at: int
    name: str
    words: str
    happened_at: int | None
    topic: str
    partition: int
    offset: int
    key: str
    raw: tuple[str, int, int] | None = None


class Trace(NamedTuple):
    """All steps by time, the ids they were found by, and where the deliveries and their bookings stand."""

    ids: Ids
    deliveries: Sequence[FulfilmentState]
    bookings: Sequence[BookingState]
    steps: Sequence[Step]


def trace(settings: Settings, text: str, progress: Progress = lambda *_: None) -> Trace:
    """The way of an order, a delivery or a tracking number. Raises Fatal where nothing is known of it, Transient."""
    with closing(PartitionReader(settings, GROUP)) as reader:
        return traced(TracedTopics(Registry(settings), reader, progress), text)


def traced(kafka: TracedTopics, text: str) -> Trace:
    """As :func:`trace`, from topics that more than one trace may share."""
    ids = _ids_of(kafka, text.strip())
    states = {one: kafka.newest(topics.FULFILMENT_STATE, FulfilmentState, one) for one in sorted(ids.deliveries)}
    known = [one for one in states.values() if one is not None]
    bookings = [kafka.newest(topics.BOOKING_STATE, BookingState, one) for one in sorted(ids.deliveries)]
    if not ids.shipments or ids.orders & {text.strip()}:
        ids = ids.with_all(Ids(shipments=frozenset(
            shipment_key(fact.carrier, fact.tracking_number) for one in known for fact in one.standing
        )))
    steps = list(kafka.steps(ids))
    place = {kind.name: number for number, kind in reversed(list(enumerate(KINDS)))}
    steps.sort(key=lambda one: (one.at, place[one.name], one.topic, one.partition, one.offset))
    return Trace(ids, known, [one for one in bookings if one is not None], steps)


def plain(found: Trace) -> dict[str, Any]:
    """The trace as plain data, times as numbers."""
    return {
        "orders": sorted(found.ids.orders), "deliveries": [
            {
                "delivery_id": one.delivery_id, "phase": one.phase.value,
                "waits_for": None if one.wait is None else one.wait.kind.value,
                "owner": None if one.wait is None else one.wait.owner,
            }
            for one in found.deliveries
        ],
        "bookings": [
            {
                "delivery_id": one.delivery_id, "phase": one.phase.value,
                "owner": None if one.wait is None else one.wait.owner,
            }
            for one in found.bookings
        ],
        "shipments": sorted(found.ids.shipments), "customers": sorted(found.ids.customers),
        "steps": [
            {
                **one._asdict(),
                "raw": None if one.raw is None else dict(zip(("topic", "partition", "offset"), one.raw, strict=True)),
            }
            for one in found.steps
        ],
    }


def _ids_of(kafka: TracedTopics, text: str) -> Ids:
    """The ids that belong to what is asked for: an order, a delivery, a shipment's key, or a tracking number."""
    order, booked = kafka.newest(topics.ORDER_STATE, OrderState, text), kafka.booked_of(text)
    if order is not None or booked:
        return Ids().with_all(*([] if order is None else [_of_order(order)]), *map(_of_booking, booked))
    delivery = kafka.newest(topics.FULFILMENT_STATE, FulfilmentState, text)
    booking = kafka.newest(topics.BOOKING_STATE, BookingState, text)
    if delivery is not None:
        order = kafka.newest(topics.ORDER_STATE, OrderState, delivery.order_id)
        return Ids().with_all(_of_delivery(delivery, order), *([] if booking is None else [_of_booking(booking)]))
    if booking is not None:
        return _of_booking(booking)
    carrier, _, number = text.partition(":")
    key = shipment_key(carrier.strip().lower(), number) if number else ""
    shipment = kafka.newest(topics.SHIPMENT_STATE, ShipmentState, key) if key else kafka.shipment_of(text)
    if shipment is None:
        raise Fatal(
            f"nothing is known of {text!r}: give the number of an order, an ERP delivery or a shipment;"
            " shipsync find TEXT searches by any number"
        )
    return Ids(
        frozenset(one.order_id for one in shipment.orders), frozenset(one.delivery_id for one in shipment.orders),
        frozenset([shipment_key(shipment.carrier, shipment.tracking_number)]),
        frozenset(one.customer_id for one in shipment.orders),
    )


def _of_order(order: OrderState) -> Ids:
    return Ids(
        frozenset([order.order_id]), frozenset(one.delivery_id for one in order.claims if one.delivery_id),
        frozenset(shipment_key(one.carrier, one.tracking_number) for one in order.claims if one.tracking_number),
        frozenset([order.customer_id]),
    )


def _of_delivery(delivery: FulfilmentState, order: OrderState | None) -> Ids:
    claims = [] if order is None else [one for one in order.claims if one.delivery_id == delivery.delivery_id]
    shipments = {shipment_key(one.carrier, one.tracking_number) for one in claims if one.tracking_number}
    shipments |= {shipment_key(one.carrier, one.tracking_number) for one in delivery.standing}
    customers = {delivery.customer_id} if order is None else {order.customer_id}
    return Ids(
        frozenset([delivery.order_id]), frozenset([delivery.delivery_id]), frozenset(shipments),
        frozenset(customers - {""}),
    )


def _of_booking(one: BookingState) -> Ids:
    """The delivery, and the shipments whose numbers carriers gave to its bookings."""
    return Ids(
        frozenset({one.order_id} - {""}), frozenset([one.delivery_id]), frozenset(
            shipment_key(each.carrier, each.tracking_number) for each in one.bookings if each.tracking_number
        ), frozenset({one.customer_id} - {""}),
    )


class TracedTopics:
    """Reads topics, each partition from its beginning to its end."""

    def __init__(self, registry: Registry, reader: PartitionReader, progress: Progress = lambda *_: None) -> None:
        self._registry, self._reader, self._progress = registry, reader, progress
        self._partitions: dict[str, list[int]] = {}

    def newest(self, topic: Topic, struct: type[T], key: str) -> T | None:
        """The last value of a key; None where there is none."""
        codec, found, name = ValueCodec(topic, struct, self._registry), None, key.encode()
        for record in self._records(topic.name, {(topic.name, self._partition(topic, key))}):
            if record.key() == name:
                found = record.value()
        return None if found is None else codec.decode(found)

    def booked_of(self, order_id: str) -> list[BookingState]:
        """The deliveries of an order that were released, or packed, each as it stands."""
        codec, name = ValueCodec(topics.BOOKING_STATE, BookingState, self._registry), topics.BOOKING_STATE.name
        newest = dict[bytes, bytes]()
        for record in self._records(name, {(name, one) for one in self._of(name)}):
            value = record.value()
            if value is not None and order_id.encode() in value:
                newest[record.key() or b""] = value
        return [one for one in map(codec.decode, newest.values()) if one.order_id == order_id]

    def shipment_of(self, number: str) -> ShipmentState | None:
        """The shipment whose number this is, with any carrier; the last of several."""
        codec = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, self._registry)
        ending, found = f":{normalise_tracking_number(number)}".encode(), None
        name = topics.SHIPMENT_STATE.name
        for record in self._records(name, {(name, one) for one in self._of(name)}):
            if (record.key() or b"").endswith(ending) and record.value() is not None:
                found = record.value()
        return None if found is None else codec.decode(found)

    def steps(self, ids: Ids) -> Iterator[Step]:
        """Every record that tells of these ids, topic by topic."""
        kinds: dict[str, Kind] = {}
        places = set[tuple[str, int]]()
        for kind in KINDS:
            name = kind.topic.name
            if kind.keys is None:
                numbers = set(self._of(name))
            else:
                numbers = {self._partition(kind.topic, key) for key in kind.keys(ids)}
            if numbers:
                kinds[name] = kind
                places |= {(name, number) for number in numbers}
        codecs = {name: ValueCodec(kind.topic, kind.struct, self._registry) for name, kind in kinds.items()}
        keys = {
            name: None if kind.keys is None else {one.encode() for one in kind.keys(ids)}
            for name, kind in kinds.items()
        }
        named = [one.encode() for one in ids.orders | ids.deliveries | ids.shipments]
        newest: dict[tuple[str, bytes], list[Step]] = {}
        for record in self._records("its steps", places):
            name = str(record.topic())
            wanted = keys[name]
            value = record.value()
            if value is None or (wanted is not None and record.key() not in wanted):
                continue
            if wanted is None and not any(one in value for one in named):
                continue
            made = _steps(kinds[name], codecs[name], record, ids)
            if made and kinds[name].topic.cleanup is topics.Cleanup.COMPACT:
                newest[name, record.key() or b""] = made
            else:
                yield from made
        for made in newest.values():
            yield from made

    def _records(self, what: str, places: set[tuple[str, int]]) -> Iterator[Message]:
        if not places:
            return
        bounds = {place: self._reader.bounds(*place) for place in places}
        total, done = sum(high - low for low, high in bounds.values()), 0
        self._reader.assign([TopicPartition(topic, number, OFFSET_BEGINNING) for topic, number in sorted(places)])
        for records in self._reader.to_the_end():
            done += len(records)
            self._progress(what, done, max(total, done))
            yield from records

    def _partition(self, topic: Topic, key: str) -> int:
        return partition_of(key.encode(), len(self._of(topic.name)))

    def _of(self, name: str) -> list[int]:
        if name not in self._partitions:
            self._partitions[name] = self._reader.partitions(name)
        return self._partitions[name]


def _steps(kind: Kind, codec: ValueCodec[Any], record: Message, ids: Ids) -> list[Step]:
    """The steps that a record tells; none where it is of something else, or cannot be read."""
    try:
        value = codec.decode(record.value())
    except Reject:
        return []
    if not kind.fits(value, ids):
        return []
    written = int(record.timestamp()[1])
    return [
        Step(
            said.at if said.is_past and said.at is not None else written, kind.name, said.words, said.at,
            str(record.topic()), int(record.partition() or 0), int(record.offset() or 0),
            (record.key() or b"").decode("utf-8", "backslashreplace"), said.raw,
        )
        for said in kind.says(value)
    ]
