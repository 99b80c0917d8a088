"""The same two stages as a good user of Faust writes them from its guide: one event at a time.

Agents iterate over events, state is a Faust ``Table`` on RocksDB (rocksdict), outputs go out with
``topic.send``, Avro by fastavro. The business functions are ShipSync's own pure ones, called per event, so
what is compared is the way of working, not the rules. ``python -m benchmarks.idiomatic intake|shipments``.
"""

from __future__ import annotations

import io
import sys
from enum import StrEnum
from typing import Any

import fastavro
import faust
import msgspec
from yarl import URL

from config import contracts, topics
from config import settings as configuration
from connectors.carriers import discover
from connectors.kafka.registry import Registry
from streams.contracts import model
from streams.contracts.ids import shipment_key
from streams.intake.step import step
from streams.kernel.vocabulary import Classifier, Correction, ExceptionType, Milestone, Precision, Reason, Status
from streams.shipments.record import decode, encode
from streams.shipments.state_view import state_of
from streams.shipments.step import Received
from streams.shipments.step import step as take_in

SUFFIX = ".idiomatic"
"""Its topics stand beside ours on the same broker."""
ENUMS = {
    "milestone": Milestone, "classifier": Classifier, "exception": ExceptionType, "reason": Reason,
    "precision": Precision, "correction": Correction, "status": Status,
}
MAX_BYTES = 4 * 1024 * 1024


def as_data(value: Any) -> Any:
    """A Struct as fastavro takes it."""
    if isinstance(value, msgspec.Struct):
        return {name: as_data(getattr(value, name)) for name in value.__struct_fields__}
    if isinstance(value, list):
        return [as_data(item) for item in value]
    return str(value) if isinstance(value, StrEnum) else value


class Avro:
    """Framed values by fastavro."""

    def __init__(self, topic: topics.Topic, registry: Registry) -> None:
        assert topic.schema is not None
        self._schema = fastavro.parse_schema(_plain(contracts.schema(topic.schema)))
        self._prefix = b"\x00" + registry.schema_id(topic).to_bytes(4, "big")

    def dumps(self, value: Any) -> bytes:
        """The framed bytes."""
        out = io.BytesIO()
        out.write(self._prefix)
        fastavro.schemaless_writer(out, self._schema, as_data(value))
        return out.getvalue()

    def loads(self, value: bytes) -> dict[str, Any]:
        """The record as fastavro gives it."""
        found: dict[str, Any] = fastavro.schemaless_reader(io.BytesIO(value[5:]), self._schema, None)
        return found


def _plain(node: Any) -> Any:
    if isinstance(node, dict):
        return {key: _plain(inner) for key, inner in node.items() if key != "logicalType"}
    return [_plain(inner) for inner in node] if isinstance(node, list) else node


def to_event(data: dict[str, Any]) -> model.CarrierEvent:
    """A canonical event from what fastavro read."""
    place, proof = data["location"], data["proof_of_delivery"]
    fields = {name: ENUMS[name](value) if name in ENUMS else value for name, value in data.items()}
    fields["location"] = None if place is None else model.Location(**place)
    fields["proof_of_delivery"] = None if proof is None else model.ProofOfDelivery(**proof)
    fields["references"] = [model.Reference(**one) for one in data["references"]]
    fields["source"] = model.Source(**data["source"])
    return model.CarrierEvent(**fields)


class RawRecord(msgspec.Struct):
    """One event's record as ``intake.step`` wants it."""

    topic: str
    partition: int
    offset: int
    timestamp: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes]]


def build(name: str) -> faust.App:
    """The app of one stage."""
    settings = configuration.load()
    app = faust.App(
        f"idiomatic-{name}", broker=URL(f"kafka://{settings.kafka.bootstrap}"), store="rocksdb://",
        datadir=str(settings.state.data_dir / f"idiomatic-{name}"), value_serializer="raw", key_serializer="raw",
        topic_partitions=settings.kafka.partitions, table_standby_replicas=0, web_enabled=False,
        topic_disable_leader=True, broker_session_timeout=30, broker_heartbeat_interval=2,
        broker_rebalance_timeout=6, consumer_auto_offset_reset="earliest",
    )
    registry = Registry(settings)
    (build_intake if name == "intake" else build_shipments)(app, registry)
    return app


def build_intake(app: faust.App, registry: Registry) -> None:
    """raw -> carrier events."""
    adapters = {carrier.feed: carrier.adapter for carrier in discover()}
    codec = Avro(topics.CARRIER_EVENTS, registry)
    raw = app.topic(topics.raw("ups").name, value_type=bytes)
    events = app.topic(topics.CARRIER_EVENTS.name + SUFFIX, value_type=bytes)

    @app.agent(raw)
    async def intake(stream: Any) -> None:
        async for event in stream.events():
            message = event.message
            record = RawRecord(
                message.topic, message.partition, message.offset, int(message.timestamp * 1000), None,
                event.value, list(message.headers.items() if isinstance(message.headers, dict) else message.headers),
            )
            for one in step([record], adapters, record.timestamp, MAX_BYTES).outputs.events:
                key = shipment_key(one.carrier, one.tracking_number).encode()
                await events.send(key=key, value=codec.dumps(one))


def build_shipments(app: faust.App, registry: Registry) -> None:
    """carrier events and order references -> the fan-out, state in a table."""
    event_codec, reference_codec = Avro(topics.CARRIER_EVENTS, registry), Avro(topics.ORDER_REFERENCES, registry)
    codecs = {
        topic: (Avro(topic, registry), app.topic(topic.name + SUFFIX, value_type=bytes))
        for topic in (topics.SHIPMENT_EVENTS, topics.CUSTOMER_UPDATES, topics.DELIVERY_MILESTONES,
                      topics.ALERT_SIGNALS, topics.SHIPMENT_STATE)
    }
    shipments = app.Table("shipments", key_type=bytes, value_type=bytes, options={"driver": "rocksdict"})
    events = app.topic(topics.CARRIER_EVENTS.name + SUFFIX, value_type=bytes)
    references = app.topic(topics.ORDER_REFERENCES.name, value_type=bytes)

    async def send(topic: topics.Topic, key: str, value: Any) -> None:
        codec, out = codecs[topic]
        await out.send(key=key.encode(), value=codec.dumps(value))

    async def apply(item: Received | model.OrderReference, key: str) -> None:
        stored = shipments.get(key.encode())
        out = take_in([item], {key: None if stored is None else decode(stored)})
        for _, event in out.outputs.events:
            event.event = item.event  # type: ignore[union-attr]
            await send(topics.SHIPMENT_EVENTS, key, event)
        for update in out.outputs.customer_updates:
            await send(topics.CUSTOMER_UPDATES, update.customer_id, update)
        for milestone in out.outputs.delivery_milestones:
            await send(topics.DELIVERY_MILESTONES, milestone.delivery_id, milestone)
        for alert in out.outputs.alerts:
            await send(topics.ALERT_SIGNALS, alert.alert_id, alert)
        for changed in out.states.values():
            record = encode(changed)
            shipments[key.encode()] = record
            await send(topics.SHIPMENT_STATE, key, state_of(changed, record, changed.view.updated_at))

    @app.agent(events)
    async def take_events(stream: Any) -> None:
        async for value in stream:
            event = to_event(event_codec.loads(value))
            await apply(Received(event, b""), shipment_key(event.carrier, event.tracking_number))

    @app.agent(references)
    async def take_references(stream: Any) -> None:
        async for value in stream:
            reference = model.OrderReference(**reference_codec.loads(value))
            await apply(reference, shipment_key(reference.carrier, reference.tracking_number))


if __name__ == "__main__":
    name = sys.argv[1]
    sys.argv = ["idiomatic", "worker", "--without-web", "-l", "warn"]
    build(name).main()
