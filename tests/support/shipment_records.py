"""Records as the shipments stage reads them, and the codecs of what it writes."""


from config import topics
from connectors.kafka.registry import ValueCodec
from streams.contracts import ids
from streams.contracts.model import (
    AlertSignal,
    CarrierEvent,
    EnrichedEvent,
    Location,
    OrderReference,
    ShipmentState,
    Source,
)
from streams.kernel.vocabulary import Classifier, Correction, ExceptionType, Milestone, Precision, Reason
from tests.fakes.memory import Memory
from tests.support.messages import sent_to
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.stages.shipments import ShipmentsHandler

REGISTRY = fake_registry()
EVENTS = ValueCodec(topics.CARRIER_EVENTS, CarrierEvent, REGISTRY)
REFERENCES = ValueCodec(topics.ORDER_REFERENCES, OrderReference, REGISTRY)
ENRICHED = ValueCodec(topics.SHIPMENT_EVENTS, EnrichedEvent, REGISTRY)
STATES = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, REGISTRY)
SIGNALS = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, REGISTRY)
NOON = 1_790_000_000_000
HOUR, DAY = 3_600_000, 86_400_000


def event(milestone: Milestone, at: int, number: str = "1Z1") -> CarrierEvent:
    place = Location(city="Lyon", country="FR")
    return CarrierEvent(
        ids.event_id("ups", number, milestone, "X", at, place, None), "ups", number, milestone,
        Classifier.ACTUAL, at, at + 1000, ExceptionType.NONE, Reason.NORMAL, "X", "as said", place, None, None,
        None, 60, False, Precision.INSTANT, Correction.NEW, None, [], [],
        Source("ups", "webhook", "raw.ups.v1", 0, 7, 0, "abc"),
    )


def carrier_events(*values: bytes | None) -> list[FakeRecord]:
    return [
        FakeRecord(topics.CARRIER_EVENTS.name, 0, offset, value=value) for offset, value in enumerate(values)
    ]


def hear(handler: ShipmentsHandler, memory: Memory, now: int, *events: CarrierEvent) -> list[AlertSignal]:
    handled = handler.handle(carrier_events(*map(EVENTS.encode, events)), memory, now)
    memory.apply(handled)
    return [SIGNALS.decode(message["value"]) for message in sent_to(handled, topics.ALERT_SIGNALS.name)]


def keep_hearing(handler: ShipmentsHandler, memory: Memory, until: int) -> None:
    """Another shipment is heard of, so that the platform is known to hear."""
    for minutes in (20, 10, 0):
        at = until - minutes * 60_000
        hear(handler, memory, at, event(Milestone.DELIVERED, at, "1Z-OTHER"))
