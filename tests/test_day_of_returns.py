"""A made-up day of returns, shipments of several pieces, numbers used again and lockers: not one false delivery.

Every parcel goes from the carrier's own payload through intake, shipments and fulfilment. Of each it is known what a
person standing at the door would say; only those are posted as delivered.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest

from streams.contracts.model import CarrierEvent, OrderReference
from streams.intake.step import step
from tests.cases.journey import orders_for, travelled
from tests.cases.running import packaged
from tests.samples import MOST_BYTES, Sent, events_of

RECEIVED_AT = 1_798_000_000_000
EACH = 25
DAYS = ("2026-11-20", "2026-11-21", "2026-11-22", "2026-11-23", "2026-11-24")


class Parcel(NamedTuple):
    """A payload of a feed, and what is true: whether the recipient has it all. ``ordered``: number -> UTC ms."""

    feed: str
    payload: Any
    delivered: bool
    ordered: Mapping[str, int] = MappingProxyType({})


def ups_scan(day: str, kind: str, code: str, words: str, hour: int = 12) -> dict[str, Any]:
    date = day.replace("-", "")
    return {
        "status": {"type": kind, "code": code, "description": words}, "date": date, "time": f"{hour:02}0000",
        "gmtDate": date, "gmtTime": f"{hour + 5:02}:00:00", "gmtOffset": "-05:00",
        "location": {"address": {"city": "ALBANY", "stateProvince": "NY", "countryCode": "US"}},
    }


def ups(*packages: tuple[str, list[dict[str, Any]]], count: int = 1) -> dict[str, Any]:
    return {"trackResponse": {"shipment": [{"inquiryNumber": packages[0][0], "package": [
        {"trackingNumber": number, "packageCount": count, "activity": scans} for number, scans in packages
    ]}]}}


def easypost(number: str, *rows: tuple[str, str, str, str]) -> dict[str, Any]:
    return {"object": "Event", "result": {"object": "Tracker", "tracking_code": number, "carrier": "USPS",
        "tracking_details": [
            {"message": words, "status": status, "status_detail": detail, "datetime": f"{day}T15:00:00Z"}
            for day, status, detail, words in rows
        ]}}


def number(place: int) -> str:
    return f"1ZTEST{place:012}"


def plain(place: int) -> Parcel:
    return Parcel("ups", ups((number(place), [
        ups_scan(DAYS[0], "I", "OR", "Origin Scan"), ups_scan(DAYS[2], "D", "FS", "DELIVERED", 14),
    ])), delivered=True)


def returned_by_words(place: int) -> Parcel:
    return Parcel("ups", ups((number(place), [
        ups_scan(DAYS[0], "I", "OR", "Origin Scan"), ups_scan(DAYS[3], "D", "UA", "Package was returned to the sender"),
    ])), delivered=False)


def returned_by_law(place: int) -> Parcel:
    """Nothing in the last scan says that it is a return's."""
    return Parcel("easypost", easypost(
        f"94001118995600{place:08}", (DAYS[0], "in_transit", "arrived_at_facility", "Arrived"),
        (DAYS[1], "return_to_sender", "return", "Return to Sender Processed"),
        (DAYS[3], "delivered", "arrived_at_destination", "Delivered, Front Desk"),
    ), delivered=False)


def at_a_locker(place: int) -> Parcel:
    return Parcel("ups", ups((number(place), [
        ups_scan(DAYS[0], "I", "OR", "Origin Scan"),
        ups_scan(DAYS[2], "D", "2Q", "Delivered to UPS Access Point"),
    ])), delivered=False)


def fetched_from_a_locker(place: int) -> Parcel:
    return Parcel("dhl", {"shipments": [{"id": f"0034043416109{place:07}", "events": [
        {"timestamp": f"{DAYS[3]}T18:00:00", "statusCode": "delivered",
         "description": "The recipient has picked up the shipment from the PACKSTATION"},
        {"timestamp": f"{DAYS[2]}T13:00:00", "statusCode": "delivered",
         "description": "The shipment is ready for pick-up at the PACKSTATION"},
    ]}]}, delivered=True)


def one_of_two(place: int) -> Parcel:
    first, second = number(place), number(place + 500)
    return Parcel("ups", ups(
        (first, [ups_scan(DAYS[2], "D", "FS", "Delivered")]), (second, [ups_scan(DAYS[2], "I", "DP", "Departed")]),
        count=2,
    ), delivered=False, ordered={first: 0})


def used_again(place: int) -> Parcel:
    """Delivered to somebody else before the order was written; the order's parcel is on its way."""
    name = f"6129{place:08}"

    def result(own: str, *scans: tuple[str, str]) -> dict[str, Any]:
        return {
            "trackingNumberInfo": {"trackingNumber": name, "trackingNumberUniqueId": f"{own}~{name}~FX"},
            "scanEvents": [{"date": f"{day}T10:00:00-06:00", "eventType": code} for day, code in scans],
        }

    return Parcel("fedex", {"output": {"completeTrackResults": [{"trackingNumber": name, "trackResults": [
        result("2461", (DAYS[4], "IT"), (DAYS[3], "PU")), result("2458", (DAYS[1], "DL"), (DAYS[0], "PU")),
    ]}]}}, delivered=False, ordered={name: 1_795_305_600_000})


def delivered_before_its_order(place: int) -> Parcel:
    """The same without the carrier's own ids: the order is five days younger than the delivery."""
    return Parcel("ups", ups((number(place), [ups_scan(DAYS[0], "D", "FS", "Delivered")])), delivered=False,
                  ordered={number(place): 1_795_651_200_000})


KINDS: list[Callable[[int], Parcel]] = [
    plain, returned_by_words, returned_by_law, at_a_locker, fetched_from_a_locker, one_of_two, used_again,
    delivered_before_its_order,
]


def parcels() -> Iterator[Parcel]:
    for kind, make in enumerate(KINDS):
        for place in range(EACH):
            yield make(kind * 1000 + place)


@pytest.mark.parametrize("seed", [1, 2])
def test_a_day_of_hard_parcels_posts_no_false_delivery(seed: int) -> None:
    adapters, day = packaged(), list(parcels())
    events: list[CarrierEvent] = []
    orders: list[OrderReference] = []
    truly: set[str] = set()
    for place, parcel in enumerate(day):
        sent = Sent(f"raw.{parcel.feed}.v1", json.dumps(parcel.payload).encode(), offset=place, timestamp=RECEIVED_AT)
        own = events_of(step([sent], adapters, RECEIVED_AT, MOST_BYTES))
        claims = orders_for(own, parcel.ordered)
        assert own
        assert claims
        events += own
        orders += claims
        truly |= {one.delivery_id for one in claims} if parcel.delivered else set()
    shuffled = random.Random(seed)
    shuffled.shuffle(events)
    shuffled.shuffle(orders)
    journey = travelled(events, orders)
    confirmed = [one.delivery_id for one in journey.postings if one.kind == "delivery_confirmation"]
    told = [one.order_id for one in journey.updates if one.milestone == "delivered"]
    assert sorted(confirmed) == sorted(truly)
    assert len(told) == len(truly) == 2 * EACH
    held = {one.subject for one in journey.alerts.values() if one.kind == "delivery_doubtful" and one.state == "raised"}
    assert held == {f"ups:{number(place)}" for place in range(7000, 7000 + EACH)}
