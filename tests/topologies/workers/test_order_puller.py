"""Orders from an ERP onto ``erp.orders.v1``: nothing lost when a process dies, nothing bad stops the line."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from typing import Any

import pytest

from config import headers, topics
from config.settings import Settings
from connectors.erp.port import Answer, OrderPage, Posted, Unknown
from connectors.kafka.log_writer import NotWritten, Place
from connectors.kafka.producer import Record
from connectors.kafka.registry import ValueCodec
from streams.contracts.model import AlertSignal, DeadLetter, ErpCursor, ErpPosting, Order
from streams.kernel.errors import Fatal, Reject, Transient
from streams.kernel.vocabulary import AlertKind, AlertState, RejectReason
from tests.support.registry import fake_registry
from tests.support.rest_erps import CASES, NOW, Scene, within
from topologies.workers.order_puller import REFUSED, UNCHANGED, WRITTEN, Puller, Pulling, encoder
from topologies.workers.order_silence import OrderSilence

REGISTRY = fake_registry()
ORDERS = ValueCodec(topics.ERP_ORDERS, Order, REGISTRY)
CURSORS = ValueCodec(topics.ERP_CURSORS, ErpCursor, REGISTRY)
SIGNALS = ValueCodec(topics.ALERT_SIGNALS, AlertSignal, REGISTRY)
CARDS = ValueCodec(topics.DEAD_LETTERS, DeadLetter, REGISTRY)
MOST_BYTES = 1_000_000
DOCUMENT = {"order_id": "SO-1", "customer_id": "C-7", "status": "open", "updated_at": "2026-09-14T10:00:00.000Z"}


class Kafka:
    """Takes what is written; ``faults``: by topic, what is raised instead, once each."""

    def __init__(self, faults: dict[str, NotWritten] | None = None) -> None:
        self.written: list[Record] = []
        self.faults = dict(faults or {})

    async def write(self, record: Record) -> Place:
        if record.topic in self.faults:
            raise self.faults.pop(record.topic)
        self.written.append(record)
        return Place(record.topic, 0, len(self.written))

    async def topics(self) -> frozenset[str]:
        return frozenset()

    def close(self) -> None:
        """Nothing is open."""

    def of(self, topic: topics.Topic) -> list[Record]:
        """The records written to a topic."""
        return [one for one in self.written if one.topic == topic.name]


class Pages:
    """An ERP whose changes come in pages; its cursor is the number of the next."""

    def __init__(self, *pages: Sequence[tuple[bytes, bytes]], refused: Sequence[tuple[bytes, Reject]] = ()) -> None:
        self.pages, self.refused = pages, refused
        self.silent = False

    async def orders(self, cursor: str) -> OrderPage:
        if self.silent:
            raise Transient("down for maintenance")
        number = int(cursor or 0)
        if number >= len(self.pages):
            return OrderPage((), cursor)
        more = number + 1 < len(self.pages)
        return OrderPage(self.pages[number], str(number + 1), more, self.refused)

    async def post(self, posting: ErpPosting) -> Answer:
        return Unknown(f"takes none, so not {posting.posting_id}")

    async def find(self, posting: ErpPosting) -> Posted | None:
        raise Transient(f"knows nothing of {posting.posting_id}")

    async def close(self) -> None:
        """Nothing is open."""


def puller(erp: Pages, kafka: Kafka, cursor: str = "") -> Puller:
    made = Puller("main", erp, kafka, REGISTRY, MOST_BYTES, lambda: NOW)
    made.cursor = cursor
    return made


A, B, C = (b"SO-1", b"a"), (b"SO-2", b"b"), (b"SO-3", b"c")


def test_every_page_is_written_before_its_cursor() -> None:
    kafka = Kafka()
    counts = asyncio.run(puller(Pages([A, B], [C]), kafka).round())
    assert counts[WRITTEN] == 3
    told = [one.topic for one in kafka.written]
    orders, cursors = topics.ERP_ORDERS.name, topics.ERP_CURSORS.name
    assert told == [orders, orders, cursors, orders, cursors]
    assert [one.key for one in kafka.of(topics.ERP_ORDERS)] == [b"SO-1", b"SO-2", b"SO-3"]
    assert [CURSORS.decode(one.value).cursor for one in kafka.of(topics.ERP_CURSORS)] == ["1", "2"]
    assert dict(kafka.of(topics.ERP_ORDERS)[0].headers)[headers.FEED] == b"main"


@pytest.mark.parametrize("topic", [topics.ERP_ORDERS, topics.ERP_CURSORS], ids=["orders", "cursor"])
def test_what_kafka_does_not_take_is_read_again_by_the_successor(topic: topics.Topic) -> None:
    """A process that dies between the two writes is the same: the cursor it leaves is the older one."""
    kafka, erp = Kafka({topic.name: NotWritten("not now")}), Pages([A, B])
    first = puller(erp, kafka)
    with pytest.raises(Transient, match="not now"):
        asyncio.run(first.round())
    assert not kafka.of(topics.ERP_CURSORS)
    successor = puller(erp, kafka, first.cursor)
    asyncio.run(successor.round())
    assert {one.key for one in kafka.of(topics.ERP_ORDERS)} == {b"SO-1", b"SO-2"}
    assert successor.cursor == "1"


def test_the_same_process_tries_a_page_again_whole() -> None:
    kafka = Kafka({topics.ERP_ORDERS.name: NotWritten("not now")})
    one = puller(Pages([A, B]), kafka)
    with pytest.raises(Transient):
        asyncio.run(one.round())
    assert asyncio.run(one.round())[WRITTEN] == 2
    assert [record.key for record in kafka.of(topics.ERP_ORDERS)][-2:] == [b"SO-1", b"SO-2"]


def test_a_version_that_was_written_is_not_written_again() -> None:
    kafka = Kafka()
    one = puller(Pages([A, B], [A, (b"SO-2", b"b2")]), kafka)
    counts = asyncio.run(one.round())
    assert (counts[WRITTEN], counts[UNCHANGED]) == (3, 1)
    assert [record.value for record in kafka.of(topics.ERP_ORDERS)] == [b"a", b"b", b"b2"]


def test_a_cursor_that_stands_still_is_not_written() -> None:
    kafka = Kafka()
    asyncio.run(puller(Pages(), kafka, "7").round())
    assert not kafka.written


def test_an_item_that_is_no_order_is_a_dead_letter_once() -> None:
    kafka = Kafka()
    bad = [(b'{"number": ""}', Reject(RejectReason.CONTRACT_BROKEN, "order_id: too short", "order_id"))]
    counts = asyncio.run(puller(Pages([A], [B], refused=bad), kafka).round())
    assert (counts[WRITTEN], counts[REFUSED]) == (2, 1)
    [letter] = kafka.of(topics.DLQ_ORDERS)
    assert letter.value == b'{"number": ""}'
    assert dict(letter.headers)[headers.REASON] == b"contract_broken"
    [index] = kafka.of(topics.DEAD_LETTERS)
    told = CARDS.decode(index.value)
    assert (told.step, told.detail, told.path, told.feed) == ("orders", "order_id: too short", "order_id", "main")


def test_a_record_that_kafka_never_takes_is_fatal() -> None:
    kafka = Kafka({topics.ERP_ORDERS.name: NotWritten("too large", too_large=True)})
    with pytest.raises(Fatal, match="too large"):
        asyncio.run(puller(Pages([A]), kafka).round())


def test_an_erp_that_does_not_answer_keeps_its_cursor() -> None:
    erp, kafka = Pages([A]), Kafka()
    erp.silent = True
    one = puller(erp, kafka, "0")
    with pytest.raises(Transient, match="maintenance"):
        asyncio.run(one.round())
    assert one.cursor == "0"


def test_a_document_becomes_the_record_the_webhook_would_write() -> None:
    key, value = encoder(ORDERS)({**DOCUMENT, "shipments": [
        {"delivery_id": "80001", "carrier": "acme", "tracking_number": "AC1", "references": []},
    ]})
    order = ORDERS.decode(value)
    assert (key, order.order_id, order.updated_at) == (b"SO-1", "SO-1", NOW)
    assert order.shipments[0].tracking_number == "AC1"


@pytest.mark.parametrize(("change", "path"), [
    ({"order_id": ""}, "order_id"), ({"status": "shipped"}, "status"), ({"updated_at": "yesterday"}, "updated_at"),
    ({"shipments": [{"delivery_id": "80001"}]}, "shipments"),
])
def test_a_document_that_the_webhook_would_refuse_is_refused_here(change: dict[str, Any], path: str) -> None:
    with pytest.raises(Reject) as raised:
        encoder(ORDERS)({**DOCUMENT, **change})
    assert raised.value.reason is RejectReason.CONTRACT_BROKEN
    assert (raised.value.path or "").startswith(path)


def test_orders_of_an_erp_come_whole_onto_the_topic() -> None:
    case, kafka = CASES["odoo"], Kafka()

    async def act(scene: Scene) -> None:
        one = Puller("main", scene.erp, kafka, REGISTRY, MOST_BYTES, lambda: NOW)
        counts = await one.round()
        assert counts[WRITTEN] == 1
        assert counts[UNCHANGED] == 1
        [record] = kafka.of(topics.ERP_ORDERS)
        order = ORDERS.decode(record.value)
        assert (order.order_id, order.status, order.value) == ("S00003", "open", 120.5)
        assert json.loads(CURSORS.decode(kafka.of(topics.ERP_CURSORS)[-1].value).cursor)["sources"]

    within(case, act, encode=encoder(ORDERS))


def test_an_erp_that_is_silent_for_long_is_an_alert_until_it_is_read_again() -> None:
    silence, minute = OrderSilence("main"), 60_000
    assert silence.failed("down", NOW) is None
    assert silence.failed("down", NOW + 14 * minute) is None
    raised = silence.failed("down for maintenance", NOW + 15 * minute)
    assert raised is not None
    assert (raised.kind, raised.state, raised.raised_at) == (
        AlertKind.ERP_ORDERS_SILENT, AlertState.RAISED, NOW
    )
    assert raised.message == "Orders of ERP main are not read for 15 minutes: down for maintenance"
    again = silence.failed("down", NOW + 16 * minute)
    assert again is not None, "it is told until Kafka has it"
    silence.told(again)
    assert silence.failed("down", NOW + 17 * minute) is None
    ended = silence.read(NOW + 18 * minute)
    assert ended is not None
    assert (ended.state, ended.alert_id) == (AlertState.RESOLVED, raised.alert_id)
    silence.told(ended)
    assert silence.read(NOW + 19 * minute) is None
    assert silence.failed("down", NOW + 20 * minute) is None


def test_a_round_that_fails_for_long_writes_the_alert() -> None:
    erp, kafka, now = Pages([A]), Kafka(), [NOW]
    erp.silent = True
    pulling = Pulling(Settings(), lambda _: {}, lambda: now[0])
    one = puller(erp, kafka)
    asyncio.run(pulling._round("main", one, None))
    now[0] += 16 * 60_000
    asyncio.run(pulling._round("main", one, None))
    erp.silent = False
    asyncio.run(pulling._round("main", one, None))
    states = [SIGNALS.decode(record.value).state for record in kafka.of(topics.ALERT_SIGNALS)]
    assert states == [AlertState.RAISED, AlertState.RESOLVED]
