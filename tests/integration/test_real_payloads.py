"""Real payloads of our carriers, sent with ``shipsync feed``'s own code into a running stack, an order for every
shipment beside them: what comes out on the fan-out topics is what a person reads in them.

As in ``tests/samples`` only names and outcomes stand here; the payloads are not ours to keep.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from contextlib import ExitStack
from itertools import pairwise
from typing import Any, NamedTuple

import pytest

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry, ValueCodec
from streams.contracts.model import (
    CarrierEvent,
    CustomerUpdate,
    DeadLetter,
    EnrichedEvent,
    ErpPosting,
    Order,
    OrderLine,
    ShipmentState,
)
from tests.samples import FOLDER, spelled_out
from tests.samples.spine import EXPECTED, FEED_OF, UNRESOLVED
from tests.support.brokers import embedded, on_broker
from tests.support.topics import fill, read_all
from tests.support.waiting import eventually
from topologies.local_stack.stack import Stack
from topologies.operations.file_publisher import files_in, send

pytestmark = [
    pytest.mark.broker,
    pytest.mark.skipif(not FOLDER.is_dir(), reason="SHIPSYNC_SAMPLES names no folder of real payloads"),
]

STAGES = ["intake", "orders", "identity", "shipments", "fulfilment"]
TOLD: dict[str, tuple[str, str, str]] = {
    "ups/karrio_track_tracking_responsejson.json": ("in_transit", "customs_released", ""),
    "ups/official_trackalert_issue41.json": ("in_transit", "", ""),
    "ups/official_upstrackalert_5.json": ("delivered", "out_for_delivery", "delivery_confirmation"),
    "ups/official_upstrackalert_6.json": ("delivered", "delivered", "delivery_confirmation"),
    "ups/shipit_ups_delivered.xml": ("delivered", "pre_advised delivered", "delivery_confirmation"),
    "ups/shipit_ups_delivery_attempt.xml": (
        "delivered", "in_transit delivery_attempted delivered picked_up",
        "delivery_attempt delivery_confirmation goods_issue",
    ),
    "ups/shipit_ups_transit.xml": ("in_transit", "", ""),
    "fedex/activeshipping_tracking_response_delivered_at_door.xml": (
        "delivered", "picked_up pre_advised out_for_delivery delivered",
        "goods_issue delivery_confirmation",
    ),
    "fedex/activeshipping_tracking_response_delivered_with_signature.xml": (
        "delivered", "picked_up pre_advised out_for_delivery delivered",
        "goods_issue delivery_confirmation",
    ),
    "fedex/activeshipping_tracking_response_in_transit.xml": ("in_transit", "", ""),
    "fedex/activeshipping_tracking_response_shipment_exception.xml": (
        "in_transit", "pre_advised picked_up*2",
        "goods_issue",
    ),
    "fedex/karrio_track_inconsistent_date_time_response.json": (
        "delivered", "picked_up pre_advised out_for_delivery delivered",
        "goods_issue delivery_confirmation",
    ),
    "fedex/karrio_track_tracking_response.json": ("picked_up", "picked_up", "goods_issue"),
    "fedex/shipit_fedex_missing_location.xml": ("in_transit", "pre_advised", ""),
    "fedex/shipmenttracker_fedex_shipment.json": (
        "delivered", "picked_up pre_advised out_for_delivery delivered",
        "goods_issue delivery_confirmation",
    ),
    "dhl_universal/karrio_track_tracking_responsejson.json": ("info_received", "pre_advised", ""),
    "dhl_express/karrio_track_tracking_responsexml.xml": (
        "delivered picked_up*2", "picked_up*3 departed_pickup out_for_delivery delivered",
        "goods_issue*3 delivery_confirmation",
    ),
    "dhl_express/shipit_dhl_delayed.xml": ("in_transit", "stored customs_held*10", ""),
    "dhl_express/shipit_dhl_eta.xml": ("in_transit", "picked_up", "goods_issue"),
    "dhl_express/shipmenttracker_delivered.json": (
        "delivered", "picked_up customs_released out_for_delivery delivered",
        "goods_issue delivery_confirmation",
    ),
    "dhl_express/shipmenttracker_in_transit.json": (
        "delivered", "picked_up customs_released out_for_delivery",
        "goods_issue delivery_confirmation",
    ),
    "x12_214/edifabric_ShipmentStatus.edi": ("info_received", "", ""),
    "x12_214/edinet_214-MGCTLYST-SAMPLE.EDI": ("delivered", "delivered", "delivery_confirmation"),
    "x12_214/ngl_BUDT_20140827_no_trailers.edi": ("info_received", "", ""),
    "x12_214/ngl_NGLT_20190619_two_interchanges_bad_counts.edi": ("", "", ""),
    "x12_214/ngl_NGLT_20191125_enroute_2_carlisle.edi": ("", "", ""),
    "x12_214/ngl_NGLT_20191125_enroute_3_altoona.edi": ("", "", ""),
    "x12_214/staedi_ts214_ellipses_segterm.edi": ("in_transit", "departed_pickup eta_updated", "goods_issue"),
    "x12_214/tms_RLCA_20260512_newline_terminated.edi": ("picked_up", "picked_up", "goods_issue"),
    "easypost/cassette_tracker_retrieve_0.json": ("info_received", "pre_advised*2", ""),
    "easypost/cassette_tracker_retrieve_1.json": ("info_received", "pre_advised*2", ""),
    "easypost/cassette_tracker_retrieve_batch_1.json": ("info_received", "pre_advised*2", ""),
    "easypost/examples_event-body.json": ("in_transit", "pre_advised picked_up", "goods_issue"),
    "easypost/examples_trackers-create.json": ("info_received", "pre_advised*2", ""),
    "easypost/examples_trackers-list.json": ("info_received", "pre_advised*2", ""),
    "easypost/examples_tracking-webhook.json": (
        "delivered", "delivered pre_advised out_for_delivery",
        "delivery_confirmation",
    ),
    # Three months before the file above, under the same number: another shipment, which no order claims.
    "easypost/examples_tracking_webhook_response.json": ("delivered", "", "delivery_confirmation"),
}
"""File -> where its shipments stand at the end, in the file's order, what their customers hear of the file in the order
of happening, what the ERP posts; "*2": so many times one after the other. Some files tell of the same shipment."""


NOTHING_TO_TELL = {file for file, outcome in EXPECTED.items() if outcome == ("", "carrier_error")}
"""Files in which the carrier says no more than that: they come out on no topic."""


DAY = 24 * 3_600_000


class Told(NamedTuple):
    """The outcome of one file: where its shipments stand, what their customers hear of it, what the ERP posts."""

    statuses: str
    updates: str
    postings: str


class Outcome:
    """Everything on the topics once all is quiet."""

    def __init__(self, settings: Settings, files: dict[str, str]) -> None:
        known = Registry(settings)

        def values(topic: topics.Topic, struct: type) -> list[Any]:
            codec: Any = ValueCodec(topic, struct, known)
            return [codec.decode(one.value()) for one in read_all(settings.kafka.bootstrap, topic.name)]

        self.cards = [(files[one.correlation_id], one.reason) for one in values(topics.DEAD_LETTERS, DeadLetter)]
        self.enriched = values(topics.SHIPMENT_EVENTS, EnrichedEvent)
        self.unresolved = values(topics.CARRIER_UNRESOLVED, CarrierEvent)
        self._updates = values(topics.CUSTOMER_UPDATES, CustomerUpdate)
        self._postings = values(topics.ERP_POSTINGS, ErpPosting)
        self.states = {(one.carrier, one.tracking_number): one for one in values(topics.SHIPMENT_STATE, ShipmentState)}
        self.events: dict[str, list[CarrierEvent]] = defaultdict(list)
        for event in values(topics.CARRIER_EVENTS, CarrierEvent):
            self.events[files[event.source.correlation_id]].append(event)

    def told(self, file: str) -> Told:
        events = sorted(self.events.get(file, []), key=lambda one: (one.source.offset, one.source.index))
        shipments = dict.fromkeys((one.carrier, one.tracking_number) for one in events)
        ids = {one.event_id for one in events}
        updates = sorted((one for one in self._updates if one.event_id in ids), key=lambda one: one.occurred_at)
        postings = [one for one in self._postings if (one.carrier, one.tracking_number) in shipments]
        return Told(
            " ".join(self.states[one].status for one in shipments),
            " ".join(one.milestone for one in updates),
            " ".join(one.kind for one in sorted(postings, key=lambda one: one.occurred_at)),
        )


def began_last(times: list[int]) -> int:
    """When the last shipment of a number began: its first event after two months without one."""
    return next((later for earlier, later in reversed(list(pairwise(times))) if later - earlier > 60 * DAY), times[0])


def orders(settings: Settings, shipments: dict[tuple[str, str], int]) -> None:
    """An order of its own for every shipment: the shipment's key -> when the order was written, ms."""
    codec = ValueCodec(topics.ERP_ORDERS, Order, Registry(settings))
    fill(settings.kafka.bootstrap, topics.ERP_ORDERS.name, (
        (b"SO-%d" % place, codec.encode(Order(
            f"SO-{place}", f"C-{place}", "released", "EUR", 120.0, None, began,
            [OrderLine(f"D-{place}", carrier, number)],
        )))
        for place, ((carrier, number), began) in enumerate(sorted(shipments.items()))
    ))


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    with ExitStack() as closing:
        settings = closing.enter_context(on_broker(embedded, tmp_path_factory.mktemp("stack")))
        closing.enter_context(Stack(settings, external=True, stages=STAGES))
        files: dict[str, str] = {}
        for folder, feed in FEED_OF.items():
            for sent in send(settings, feed, files_in(FOLDER / folder), "file", lambda: None):
                assert sent.place is not None, sent
                files[sent.correlation_id] = f"{folder}/{sent.file.name}"

        def all_read() -> Outcome | None:
            now = Outcome(settings, files)
            unresolved = {files[one.source.correlation_id] for one in now.unresolved}
            told = {*now.events, *unresolved, *(file for file, _ in now.cards)}
            return now if told >= {*files.values()} - NOTHING_TO_TELL else None

        read = eventually(all_read, interval=0.5)
        times: dict[tuple[str, str], list[int]] = defaultdict(list)
        for one in (one for events in read.events.values() for one in events):
            times[one.carrier, one.tracking_number].append(one.occurred_at)
        named = {key: began_last(sorted(happened)) for key, happened in times.items()}
        orders(settings, named)

        def all_matched() -> Outcome | None:
            now = Outcome(settings, files)
            return now if all(now.states[one].orders for one in named) and _posted(now) else None

        yield eventually(all_matched, interval=0.5)


def _posted(now: Outcome) -> bool:
    """Whether every delivery that began is posted, as the last stage does."""
    begun = {key for key, state in now.states.items() if state.delivered_at is not None}
    return begun <= {(one.carrier, one.tracking_number) for one in now._postings}


def test_every_file_is_the_source_of_events_or_of_a_dead_letter_with_its_reason(outcome: Outcome) -> None:
    refused: dict[str, list[str]] = defaultdict(list)
    for file, reason in outcome.cards:
        refused[file].append(reason)
    for file, (milestones, reasons) in EXPECTED.items():
        assert list(dict.fromkeys(refused[file])) == [one for one in reasons.split() if one != "carrier_error"], file
        assert bool(outcome.events.get(file) or file in UNRESOLVED) == bool(milestones), file


def test_each_event_reaches_the_history_once_with_its_order(outcome: Outcome) -> None:
    ids = [one.event.event_id for one in outcome.enriched]
    assert len(ids) == len(set(ids))
    assert set(ids) == {event.event_id for events in outcome.events.values() for event in events}


@pytest.mark.parametrize("file", [name for name, (milestones, _) in EXPECTED.items() if milestones])
def test_what_comes_out_is_what_one_reads_in_the_payload(file: str, outcome: Outcome) -> None:
    assert outcome.told(file) == Told(*(" ".join(spelled_out(words)) for words in TOLD[file]))
