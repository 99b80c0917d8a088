"""The bookings handler: what it says goes out once the record is kept; the clock asks the next carrier; bad framing is
refused alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec import Struct

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.bookings.rules import HOUR
from streams.contracts.model import (
    BookingRequest,
    BookingState,
    DeliveryRelease,
    ErpNotice,
    OrderReference,
)
from streams.kernel.booking_vocabulary import AnswerKind, BookingPhase
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import RejectReason
from tests.fakes.memory import Memory
from tests.support.booking_world import DELIVERY, NOON, RULES, answered, packed, released
from tests.support.framing import framed_wrong
from tests.support.records import FakeRecord
from tests.support.registry import fake_registry
from topologies.runtime.handler import Handled
from topologies.runtime.state import due_index
from topologies.stages.bookings import BookingsHandler

REGISTRY = fake_registry()
KEY = DELIVERY.encode()
REQUESTS = ValueCodec(topics.CARRIER_BOOKINGS, BookingRequest, REGISTRY)
REFERENCES = ValueCodec(topics.ORDER_REFERENCES, OrderReference, REGISTRY)
NOTICES = ValueCodec(topics.ERP_NOTICES, ErpNotice, REGISTRY)
STATES = ValueCodec(topics.BOOKING_STATE, BookingState, REGISTRY)
RELEASES = ValueCodec(topics.DELIVERY_RELEASES, DeliveryRelease, REGISTRY)
GOOD = RELEASES.encode(released())


@pytest.fixture
def handler() -> BookingsHandler:
    return BookingsHandler(Settings(), REGISTRY, {}, RULES)


@pytest.fixture
def memory(handler: BookingsHandler) -> Memory:
    return Memory(lambda change: handler.local_writes(b"", change.changelog or b"")[b""])


def take(handler: BookingsHandler, memory: Memory, topic: topics.Topic, value: Struct, at: int = NOON) -> Handled:
    encoded = ValueCodec(topic, type(value), REGISTRY).encode(value)
    out = handler.handle([FakeRecord(topic.name, 0, 0, value=encoded)], memory, at)
    memory.apply(out)
    return out


def asked(out: Handled) -> list[str]:
    said = out.afterwards.get(KEY, {}).get(topics.CARRIER_BOOKINGS.name, [])
    return [f"{one.kind.value} {one.carrier}" for one in (REQUESTS.decode(message["value"]) for message in said)]


def test_a_packed_delivery_is_asked_for_once_its_record_is_kept(handler: BookingsHandler, memory: Memory) -> None:
    assert asked(take(handler, memory, topics.DELIVERY_RELEASES, released())) == []
    out = take(handler, memory, topics.WMS_CONFIRMATIONS, packed())
    assert (out.outputs, asked(out), out.counts) == ({}, ["book north"], {"confirmed": 1})
    assert STATES.decode(out.changes[KEY].changelog).phase is BookingPhase.ASKING
    assert list(out.local) == [due_index.entry(NOON + HOUR, KEY)]


def test_a_number_is_told_by_the_keys_of_its_readers(handler: BookingsHandler, memory: Memory) -> None:
    take(handler, memory, topics.DELIVERY_RELEASES, released())
    take(handler, memory, topics.WMS_CONFIRMATIONS, packed())
    out = take(handler, memory, topics.BOOKING_ANSWERS, answered(AnswerKind.BOOKED, tracking_number="NT1"))
    said = out.afterwards[KEY]
    assert asked(out) == ["booked north"]
    [reference] = said[topics.ORDER_REFERENCES.name]
    assert (reference["key"], REFERENCES.decode(reference["value"]).delivery_id) == (b"north:NT1", DELIVERY)
    assert [message["key"] for message in said[topics.REFERENCE_CLAIMS.name]] == [b"shipment:80001-1"]
    [notice] = said[topics.ERP_NOTICES.name]
    assert (notice["key"], NOTICES.decode(notice["value"]).tracking_number) == (KEY, "NT1")


def test_the_clock_asks_the_next_carrier_also_after_a_restore(handler: BookingsHandler, memory: Memory) -> None:
    take(handler, memory, topics.DELIVERY_RELEASES, released())
    out = take(handler, memory, topics.WMS_CONFIRMATIONS, packed())
    value = out.changes[KEY].changelog
    assert value is not None
    assert handler.local_writes(KEY, value) == {KEY: value, due_index.entry(NOON + HOUR, KEY): b""}
    assert handler.sweep(memory, NOON + HOUR - 1) == Handled()
    swept = handler.sweep(memory, NOON + HOUR)
    assert (asked(swept), swept.counts) == (["cancel north", "book south"], {"expired": 1})
    assert len(swept.afterwards[KEY][topics.ALERT_SIGNALS.name]) == 1


@pytest.mark.parametrize(("value", "reason"), framed_wrong(GOOD, b"Lovelace"))
def test_a_value_framed_wrong_is_refused_and_its_neighbours_go_on(
    handler: BookingsHandler, memory: Memory, value: bytes | None, reason: RejectReason
) -> None:
    records = [FakeRecord(topics.DELIVERY_RELEASES.name, 0, at, value=one) for at, one in enumerate((value, GOOD))]
    out = handler.handle(records, memory, NOON)
    assert [(one.record.offset, one.reject.reason) for one in out.refused] == [(0, reason)]
    assert out.counts == {"released": 1}


def test_an_answer_to_no_booking_is_a_dead_letter(handler: BookingsHandler, memory: Memory) -> None:
    take(handler, memory, topics.DELIVERY_RELEASES, released())
    out = take(handler, memory, topics.BOOKING_ANSWERS, answered(AnswerKind.ACCEPTED, 9))
    [refused] = out.refused
    assert refused.reject.reason is RejectReason.ILLEGAL_DECISION


def test_a_faulty_file_of_rules_stops_the_stage(tmp_path: Path) -> None:
    file = tmp_path / "bookings.yaml"
    file.write_text("short: perhaps\n", "utf-8")
    with pytest.raises(Fatal, match="short: 'perhaps' is not known"):
        BookingsHandler(Settings(bookings_file=str(file)), REGISTRY, {})
