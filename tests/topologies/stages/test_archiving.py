"""The shipments handler puts away what has ended: state, changelog, archive and index."""

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import EnrichedEvent, OrderReference, ShipmentState
from streams.kernel.vocabulary import Milestone, Punctuality, Status
from streams.shipments.record import decode
from tests.fakes.memory import Memory
from tests.support.records import FakeRecord
from tests.support.shipment_records import (
    DAY,
    ENRICHED,
    EVENTS,
    HOUR,
    NOON,
    REFERENCES,
    REGISTRY,
    STATES,
    carrier_events,
    event,
    keep_hearing,
)
from topologies.runtime.handler import Handled
from topologies.runtime.state.due_index import DUE
from topologies.stages.shipments import ShipmentsHandler

ARCHIVE = ValueCodec(topics.SHIPMENT_ARCHIVE, ShipmentState, REGISTRY)
KEY = b"ups:1Z1"
PROVED = [event(Milestone.POD_RECEIVED, NOON + HOUR), event(Milestone.DELIVERED, NOON)]


@pytest.fixture
def handler() -> ShipmentsHandler:
    return ShipmentsHandler(Settings(), REGISTRY, {})


def ended(handler: ShipmentsHandler, memory: Memory) -> bytes:
    """A shipment that was delivered and proved, with its order; its local record."""
    for one in PROVED:
        one.proof_of_delivery = None
    claim = OrderReference("ups", "1Z1", "SO-1", "D-1", "C-1", None, NOON - DAY)
    memory.apply(handler.handle(
        [FakeRecord(topics.ORDER_REFERENCES.name, 0, 0, value=REFERENCES.encode(claim))], memory, NOON
    ))
    memory.apply(handler.handle(carrier_events(*map(EVENTS.encode, PROVED)), memory, NOON))
    return memory.held[KEY]


def sweep(handler: ShipmentsHandler, memory: Memory, now: int) -> Handled:
    keep_hearing(handler, memory, now)
    handled = handler.sweep(memory, now)
    memory.apply(handled)
    return handled


def archived(handler: ShipmentsHandler, memory: Memory, now: int = NOON + 200 * DAY) -> Handled:
    """The sweep that puts it away; alerts of the clock may be told in the one before."""
    first = sweep(handler, memory, now)
    return first if KEY in first.changes else sweep(handler, memory, now)


def test_what_has_ended_long_ago_goes_to_the_archive_and_leaves_a_gravestone(handler: ShipmentsHandler) -> None:
    memory = Memory()
    whole = ended(handler, memory)
    assert topics.SHIPMENT_ARCHIVE.name not in sweep(handler, memory, NOON + 30 * DAY).outputs
    handled = archived(handler, memory)
    [message] = handled.outputs[topics.SHIPMENT_ARCHIVE.name]
    assert message["key"] == KEY
    last = ARCHIVE.decode(message["value"])
    assert (last.status, [one.order_id for one in last.orders], last.life) == (Status.DELIVERED, ["SO-1"], 1)
    assert decode(last.record).facts == decode(whole).facts
    assert handled.counts["archived"] == 1
    change = handled.changes[KEY]
    assert change.changelog is not None
    told = STATES.decode(change.changelog)
    assert (told.status, told.archived, told.orders, told.event_count) == (Status.DELIVERED, True, [], 0)
    assert (told.status_at, told.punctuality) == (NOON, Punctuality.ENDED)
    assert len(memory.held[KEY]) < len(whole) / 2


def test_a_restore_of_the_gravestone_gives_the_same(handler: ShipmentsHandler) -> None:
    memory = Memory()
    ended(handler, memory)
    change = archived(handler, memory).changes[KEY]
    assert change.changelog is not None
    restored = handler.local_writes(KEY, change.changelog)
    assert {key: memory.held[key] for key in restored} == restored
    assert len(restored) == 2


def test_a_gravestone_is_forgotten_in_the_end_and_nothing_is_left(handler: ShipmentsHandler) -> None:
    memory = Memory()
    ended(handler, memory)
    archived(handler, memory)
    handled = sweep(handler, memory, NOON + 700 * DAY)
    assert handled.changes[KEY] == (None, None)
    assert handled.counts["forgotten"] == 1
    assert [key for key in memory.held if key.endswith(KEY)] == []


def test_the_index_holds_what_is_to_be_archived(handler: ShipmentsHandler) -> None:
    memory = Memory()
    ended(handler, memory)
    assert [key for key, _ in memory.scan(DUE) if key.endswith(KEY)]
    archived(handler, memory)
    assert [key for key, _ in memory.scan(DUE) if key.endswith(KEY)]


def test_after_the_archiving_late_events_are_history_and_a_beginning_is_another_shipments(
    handler: ShipmentsHandler,
) -> None:
    memory = Memory()
    ended(handler, memory)
    archived(handler, memory)
    late = handler.handle(carrier_events(EVENTS.encode(event(Milestone.PICKED_UP, NOON - DAY))), memory, NOON)
    [message] = late.outputs[topics.SHIPMENT_EVENTS.name]
    told: EnrichedEvent = ENRICHED.decode(message["value"])
    assert (told.late, told.matched) == (True, False)
    assert late.counts["past"] == 1
    memory.apply(late)
    out = handler.handle(
        carrier_events(EVENTS.encode(event(Milestone.PICKED_UP, NOON + 300 * DAY))), memory, NOON + 300 * DAY
    )
    change = out.changes[KEY]
    assert change.changelog is not None
    state = STATES.decode(change.changelog)
    assert (state.life, state.archived, state.status, state.event_count) == (2, False, Status.PICKED_UP, 1)


def test_a_beginning_under_a_number_whose_shipment_has_ended_archives_it_in_the_same_chunk(
    handler: ShipmentsHandler,
) -> None:
    memory = Memory()
    ended(handler, memory)
    out = handler.handle(
        carrier_events(EVENTS.encode(event(Milestone.PICKED_UP, NOON + 50 * DAY))), memory, NOON + 50 * DAY
    )
    [message] = out.outputs[topics.SHIPMENT_ARCHIVE.name]
    assert ARCHIVE.decode(message["value"]).event_count == 2
    assert out.counts["archived"] == 1
