"""Two carriers, one shipment, on the running stack: one takes it over from the other under a number of its own, and the
order names the first number alone; and what becomes of it where they turn out not to belong together."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from pathlib import Path

import pytest

from config import headers, topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import CustomerUpdate, ErpPosting, Order, OrderLine, Related, ShipmentLink, ShipmentState
from streams.kernel.vocabulary import Correction, LinkKind, Milestone, PostingKind, Status
from tests.support.brokers import BROKERS, on_broker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import Stack
from topologies.operations.shipment_trace import inspect

STAGES = ["intake", "orders", "identity", "shipments", "fulfilment"]
FIRST, SECOND = "dhl:700000000010", "postnord:XP100000019SE"


def tracking(number: str, slug: str, checkpoints: Iterable[tuple[str, str, str]], **more: object) -> bytes:
    """An aggregator's push: (time, subtag, words) of each checkpoint."""
    return json.dumps({"event": "tracking_update", "msg": {
        "tracking_number": number, "slug": slug, **more, "checkpoints": [
            {"slug": slug, "city": "Lund", "country_iso3": "SWE", "message": words, "subtag": subtag,
             "checkpoint_time": f"2026-09-{at}+02:00"} for at, subtag, words in checkpoints
        ],
    }}).encode()


HANDS_OVER = tracking(
    "700000000010", "dhl-express",
    [("16T09:00:00", "InTransit_002", "Picked up"), ("17T09:00:00", "InTransit_007", "Departed")],
    next_couriers=[{"slug": "postnord-sweden", "tracking_number": "XP100000019SE"}],
)
GOES_ON = tracking("XP100000019SE", "postnord-sweden", [
    ("17T12:00:00", "InTransit_002", "Accepted"), ("18T09:00:00", "OutForDelivery_001", "On the van"),
    ("18T13:00:00", "Delivered_001", "Delivered"),
])


def push(settings: Settings, body: bytes) -> None:
    fill(settings.kafka.bootstrap, topics.raw("aftership").name, [(headers.FEED.encode(), body)])


def claim(settings: Settings) -> None:
    order = Order("SO-1", "C-1", "released", "EUR", 120.0, None, 1_780_000_000_000,
                  [OrderLine("D-1", *FIRST.split(":"))])
    codec = ValueCodec(topics.ERP_ORDERS, Order, Registry(settings))
    fill(settings.kafka.bootstrap, topics.ERP_ORDERS.name, [(b"SO-1", codec.encode(order))])


@pytest.mark.parametrize("broker", BROKERS)
@pytest.mark.parametrize("first", ["the first carrier", "the second carrier"])
def test_an_order_hears_of_a_hand_over_to_the_end(
    broker: Callable[[], ExitStack], tmp_path: Path, first: str
) -> None:
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(broker, tmp_path, feeds="aftership"))
        closing.enter_context(Stack(settings, external=True, stages=STAGES))
        known = Registry(settings)
        states = ValueCodec(topics.SHIPMENT_STATE, ShipmentState, known)

        def standing() -> dict[str, ShipmentState]:
            read = [(one.key(), one.value()) for one in read_all(settings.kafka.bootstrap, topics.SHIPMENT_STATE.name)]
            return {(key or b"").decode(): states.decode(value) for key, value in read}

        def stands(key: str, status: Status) -> bool:
            state = standing().get(key)
            return state is not None and state.status is status

        if first == "the second carrier":
            push(settings, GOES_ON)
            eventually(lambda: stands(SECOND, Status.DELIVERED), interval=0.3)
        push(settings, HANDS_OVER)
        claim(settings)
        if first == "the first carrier":
            eventually(lambda: stands(FIRST, Status.IN_TRANSIT), interval=0.3)
            push(settings, GOES_ON)
        eventually(lambda: stands(FIRST, Status.DELIVERED), interval=0.3)

        posting = ValueCodec(topics.ERP_POSTINGS, ErpPosting, known)

        def posted() -> list[PostingKind]:
            return sorted(
                posting.decode(one.value()).kind for one in read_all(settings.kafka.bootstrap, topics.ERP_POSTINGS.name)
            )

        eventually(lambda: len(posted()) >= 2, interval=0.3)
        assert posted() == [PostingKind.DELIVERY_CONFIRMATION, PostingKind.GOODS_ISSUE]
        update = ValueCodec(topics.CUSTOMER_UPDATES, CustomerUpdate, known)
        told = read_all(settings.kafka.bootstrap, topics.CUSTOMER_UPDATES.name)
        updates = [update.decode(one.value()) for one in told]
        assert {(one.carrier, one.tracking_number) for one in updates} == {tuple(FIRST.split(":"))}
        assert sorted(one.milestone.value for one in updates) == ["delivered", "out_for_delivery", "picked_up"]
        assert standing()[FIRST].parts == [Related(SECOND, LinkKind.HANDED_OVER)]
        assert standing()[SECOND].part_of == [Related(FIRST, LinkKind.HANDED_OVER)]
        assert len(inspect(settings, FIRST).events) == 5

        parted = ShipmentLink(*SECOND.split(":"), *FIRST.split(":"), LinkKind.HANDED_OVER, 1, True, "a person")
        links = ValueCodec(topics.SHIPMENT_LINKS, ShipmentLink, known)
        fill(settings.kafka.bootstrap, topics.SHIPMENT_LINKS.name, [(SECOND.encode(), links.encode(parted))])
        eventually(lambda: stands(FIRST, Status.IN_TRANSIT), interval=0.3)
        assert stands(SECOND, Status.DELIVERED)

        eventually(lambda: len(posted()) >= 3, interval=0.3)
        read = [posting.decode(one.value()) for one in read_all(settings.kafka.bootstrap, topics.ERP_POSTINGS.name)]
        [confirmed, reversal] = [one for one in read if one.kind is PostingKind.DELIVERY_CONFIRMATION]
        assert (confirmed.reverses, reversal.reverses) == (None, confirmed.posting_id)
        told = read_all(settings.kafka.bootstrap, topics.CUSTOMER_UPDATES.name)
        updates = [update.decode(one.value()) for one in told]
        assert {one.milestone for one in updates if one.correction is Correction.RETRACTS} == {
            Milestone.OUT_FOR_DELIVERY, Milestone.DELIVERED,
        }
