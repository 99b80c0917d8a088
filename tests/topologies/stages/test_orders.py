"""The orders handler: framed orders in, framed claims out, the newest word kept; the bad refused alone."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest
from msgspec import Struct
from msgspec.structs import replace as changed

from config import topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import (
    MasterRecord,
    Order,
    OrderLine,
    OrderReference,
    OrderState,
    Reference,
    ReferenceClaim,
    ShipmentLink,
)
from streams.kernel.vocabulary import MasterKind, RejectReason, SaidBy
from tests.fakes.memory import Memory
from tests.support.framing import framed_wrong
from tests.support.messages import sent_to
from tests.support.order_records import ORDERS, REGISTRY, orders
from tests.support.records import FakeRecord
from topologies.runtime.handler import Handled
from topologies.stages.orders import OrdersHandler

T = TypeVar("T", bound=Struct)
REFERENCES = ValueCodec(topics.ORDER_REFERENCES, OrderReference, REGISTRY)
CLAIMS = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, REGISTRY)
STATES = ValueCodec(topics.ORDER_STATE, OrderState, REGISTRY)
LINKS = ValueCodec(topics.SHIPMENT_LINKS, ShipmentLink, REGISTRY)
MASTER = ValueCodec(topics.MASTER_DATA, MasterRecord, REGISTRY)
NUMBER = "1Z9X77410311122231"
NOW = 1_790_000_000_000
ORDER = Order(
    "SO-501", "C-9", "released", "EUR", 1249.5, NOW + 86_400_000, NOW - 60_000,
    [OrderLine("D-1", "ups", NUMBER), OrderLine("D-2", " RLCA", "i99 3001")],
)
FRAMED = ORDERS.encode(ORDER)


def values(out: Handled, codec: ValueCodec[T]) -> list[T]:
    return [codec.decode(message["value"]) for message in sent_to(out, codec.topic.name)]


def keys(out: Handled, topic: topics.Topic) -> list[bytes | None]:
    return [message["key"] for message in sent_to(out, topic.name)]


@pytest.fixture
def handler() -> OrdersHandler:
    return OrdersHandler(Settings(), REGISTRY, {})


def test_an_order_claims_each_of_its_shipments_under_the_carriers_key(handler: OrdersHandler) -> None:
    out = handler.handle(orders(ORDER), Memory(), NOW)
    assert (out.outputs, [*out.afterwards], [*out.afterwards[b"SO-501"]]) == (
        {}, [b"SO-501"], [topics.ORDER_REFERENCES.name]
    )
    assert keys(out, topics.ORDER_REFERENCES) == [b"ups:1Z9X77410311122231", b"rlca:I993001"]
    assert values(out, REFERENCES) == [
        OrderReference("ups", NUMBER, "SO-501", "D-1", "C-9", NOW + 86_400_000, NOW - 60_000, False, 1249.5, "EUR"),
        OrderReference("rlca", "I993001", "SO-501", "D-2", "C-9", NOW + 86_400_000, NOW - 60_000, False, 1249.5, "EUR"),
    ]
    assert (out.refused, out.counts) == ([], {"orders": 1, "renewed": 1, "order_references": 2})


def test_a_line_that_names_no_shipment_is_refused_and_the_other_lines_go_on(handler: OrdersHandler) -> None:
    order = changed(ORDER, shipments=[OrderLine("D-0", "ups", " "), *ORDER.shipments])
    records = orders(b"", order)
    out = handler.handle(records, Memory(), NOW)
    line = out.refused[1]
    assert line.record is records[1]
    assert (line.reject.reason, line.reject.path) == (RejectReason.NO_REFERENCE, "shipments[0].tracking_number")
    assert [one.delivery_id for one in values(out, REFERENCES)] == ["D-1", "D-2"]


@pytest.mark.parametrize(("value", "reason"), framed_wrong(FRAMED, b"SO-501"))
def test_an_order_framed_wrong_is_refused_and_its_neighbours_go_on(
    handler: OrdersHandler, value: bytes | None, reason: RejectReason
) -> None:
    records = orders(ORDER, value, changed(ORDER, order_id="SO-502"))
    out = handler.handle(records, Memory(), NOW)
    [refused] = out.refused
    assert refused.record is records[1]
    assert refused.reject.reason is reason
    assert [one.order_id for one in values(out, REFERENCES)] == ["SO-501", "SO-501", "SO-502", "SO-502"]


def test_an_order_with_a_time_of_more_than_64_bits_is_refused_alone(handler: OrdersHandler) -> None:
    least = ORDERS.encode(changed(ORDER, updated_at=-(1 << 63)))
    beyond = least.replace(b"\xff" * 9 + b"\x01", b"\xff" * 9 + b"\x7f")
    assert beyond != least
    out = handler.handle(orders(beyond, ORDER), Memory(), NOW)
    assert [one.record.offset for one in out.refused] == [50]
    assert len(values(out, REFERENCES)) == 2


def test_a_corrected_number_withdraws_the_old_claim_and_makes_the_new(handler: OrdersHandler) -> None:
    memory = Memory()
    memory.apply(handler.handle(orders(ORDER), memory, NOW))
    corrected = changed(ORDER, shipments=[OrderLine("D-1", "ups", "1Z2"), ORDER.shipments[1]], updated_at=NOW)
    out = handler.handle(orders(corrected), memory, NOW)
    told = {(one.tracking_number, one.withdrawn, one.updated_at) for one in values(out, REFERENCES)}
    assert told == {("1Z2", False, NOW), ("I993001", False, NOW), (NUMBER, True, NOW - 60_000)}


def test_a_repeat_changes_nothing(handler: OrdersHandler) -> None:
    memory = Memory()
    memory.apply(handler.handle(orders(ORDER), memory, NOW))
    again = handler.handle(orders(ORDER), memory, NOW)
    assert (again.outputs, again.afterwards, again.changes, again.counts) == ({}, {}, {}, {"orders": 1, "older": 1})


def test_what_an_older_version_says_waits_for_the_same_record_to_be_written_again(handler: OrdersHandler) -> None:
    memory = Memory()
    first = handler.handle(orders(ORDER), memory, NOW)
    memory.apply(first)
    older = changed(ORDER, shipments=[OrderLine("D-1", "ups", "1Z2")], updated_at=ORDER.updated_at - 1)
    out = handler.handle(orders(older), memory, NOW)
    assert [(one.tracking_number, one.withdrawn) for one in values(out, REFERENCES)] == [("1Z2", True)]
    assert (out.outputs, [*out.afterwards], out.changes) == ({}, [b"SO-501"], first.changes)


def test_the_changelog_holds_the_record_that_is_restored(handler: OrdersHandler) -> None:
    out = handler.handle(orders(ORDER), Memory(), NOW)
    change = out.changes[b"SO-501"]
    assert change.changelog is not None
    assert handler.local_writes(b"SO-501", change.changelog) == {b"SO-501": change.local}
    state = STATES.decode(change.changelog)
    assert [(one.tracking_number, one.delivery_id) for one in state.claims] == [(NUMBER, "D-1"), ("I993001", "D-2")]


def test_a_line_known_by_a_reference_alone_claims_by_it(handler: OrdersHandler) -> None:
    order = changed(ORDER, shipments=[OrderLine("D-1", "rlca", "", [Reference("bol", "b 1")])])
    out = handler.handle(orders(order), Memory(), NOW)
    assert keys(out, topics.REFERENCE_CLAIMS) == [b"bol:B1"]
    [claim] = values(out, CLAIMS)
    assert (claim.carrier, claim.tracking_number, claim.order_id, claim.said_by) == ("rlca", "", "SO-501", SaidBy.ORDER)
    assert keys(out, topics.ORDER_REFERENCES) == []


def test_what_people_say_of_references_is_handed_on_and_half_a_word_refused(handler: OrdersHandler) -> None:
    whole: dict[str, Any] = {
        "kind": MasterKind.REFERENCE, "id": "bol:B1", "updated_at": NOW, "updated_by": "mo", "carrier": "rlca",
        "tracking_number": "I993001",
    }
    records = [
        FakeRecord(topics.MASTER_DATA.name, 0, offset, value=MASTER.encode(MasterRecord(**whole, **more)))
        for offset, more in enumerate(({}, {"withdrawn": True}))
    ] + [FakeRecord(topics.MASTER_DATA.name, 0, 2, value=MASTER.encode(MasterRecord(**{**whole, "carrier": ""})))]
    out = handler.handle(records, Memory(), NOW)
    assert keys(out, topics.REFERENCE_CLAIMS) == [b"bol:B1", b"bol:B1"]
    assert [(one.said_by, one.withdrawn) for one in values(out, CLAIMS)] == [
        (SaidBy.PERSON, False), (SaidBy.PERSON, True),
    ]
    assert [one.record.offset for one in out.refused] == [2]


def test_what_people_say_of_numbers_that_belong_together_is_handed_on(handler: OrdersHandler) -> None:
    link = MasterRecord(
        MasterKind.LINK, "rlca:B>rlca:A", NOW, "mo", carrier="rlca", tracking_number="B", of_carrier="rlca",
        of_tracking_number="A", link="relabelled",
    )
    out = handler.handle([FakeRecord(topics.MASTER_DATA.name, 0, 0, value=MASTER.encode(link))], Memory(), NOW)
    [message] = out.outputs[topics.SHIPMENT_LINKS.name]
    assert message["key"] == b"rlca:B"
    [told] = values(out, LINKS)
    assert (told.of_tracking_number, told.updated_at, told.said_by) == ("A", NOW, "mo")
