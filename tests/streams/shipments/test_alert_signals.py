"""The contents of a shipment's signals beside the alert: orders, their value once each, the feed."""

from __future__ import annotations

from streams.contracts.at_stake import at_stake
from streams.contracts.ids import alert_id
from streams.contracts.model import AlertOrder, AlertSignal, AtStake
from streams.kernel.vocabulary import AlertKind, ExceptionType, Milestone
from streams.shipments.alert_signals import (
    MOST_ORDERS_NAMED,
    feed_of,
    feeds_by_source,
)
from streams.shipments.facts import Facts
from streams.shipments.occurrences.matching import source_number
from streams.shipments.record import Shipment, View, decode
from tests.support import laws
from tests.support.strategies import carrier_event, received, reference

DAMAGED = received(carrier_event(Milestone.IN_TRANSIT, 5, exception=ExceptionType.DAMAGE))
WORTH = reference(order_value=40.0, currency="EUR")


def said(*items: laws.Said) -> AlertSignal:
    return laws.tell([items]).alerts[-1]


def test_a_signal_carries_its_shipments_orders_and_what_they_are_worth() -> None:
    signal = said(WORTH, reference("O-2", "D-2", order_value=2.5, currency="EUR"), DAMAGED)
    assert signal.alert_id == alert_id(AlertKind.SHIPMENT_EXCEPTION, "north:N100", "damage")
    assert (signal.carrier, signal.cause) == ("north", "damage (normal)")
    assert signal.orders[0] == AlertOrder("O-1", "D-1", "customer of O-1", 40.0, "EUR")
    assert signal.at_stake == [AtStake("EUR", 42.5)]


def test_an_order_counts_once_however_many_deliveries_it_has() -> None:
    orders = [AlertOrder("O-1", f"D-{number}", "C", 10.0, "EUR") for number in range(3)]
    assert at_stake([*orders, AlertOrder("O-2", "D", "C", 5.0, "USD"), AlertOrder("O-3", "D", "C")]) == [
        AtStake("EUR", 10.0), AtStake("USD", 5.0),
    ]


def test_a_value_that_is_no_number_is_not_counted() -> None:
    assert at_stake([AlertOrder("O-1", "D", "C", float("nan"), "EUR")]) == []


def test_of_very_many_orders_the_first_are_named_and_all_are_counted() -> None:
    many = [reference(f"O-{number:03}", "D", order_value=1.0, currency="EUR") for number in range(50)]
    signal = said(*many, DAMAGED)
    assert (len(signal.orders), signal.at_stake) == (MOST_ORDERS_NAMED, [AtStake("EUR", 50.0)])


FEEDS = feeds_by_source(["north.track", "west.all"])


def shipment(*feeds: str, **fields: str) -> Shipment:
    sources = tuple(sorted(source_number(feed, "poll") for feed in feeds))
    return Shipment(Facts("north", "N1"), View(sources=sources, **fields))  # type: ignore[arg-type]


def test_the_feed_of_a_shipment_is_the_one_that_tells_of_it() -> None:
    own = {"north": "north.track"}
    assert feed_of(shipment("west.all"), FEEDS, own) == "west.all"
    assert feed_of(shipment(), FEEDS, own) == "north.track"
    assert feed_of(shipment(estimate_by="west.all"), FEEDS, own) == "west.all"
    assert feed_of(shipment("west.all", "north.track"), FEEDS, own) is None
    assert feed_of(shipment(), FEEDS, {}) is None


def test_the_record_names_its_sources_as_the_signals_look_for_them() -> None:
    record = laws.tell([[WORTH, received(carrier_event(Milestone.OUT_FOR_DELIVERY, 5))]]).records["north:N100"]
    assert feed_of(decode(record), FEEDS, {}) == "north.track"
