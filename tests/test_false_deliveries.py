"""Payloads whose code says delivered, and whose words say that the recipient has nothing: none is posted.

Of our own making, in carriers' and aggregators' shapes and in the languages they write; people and numbers are made up.
"""

from __future__ import annotations

import json
from typing import Any

import pytest

from streams.intake.adapter import Adapter
from streams.intake.step import step
from tests.cases.journey import orders_for, travelled
from tests.cases.running import RECEIVED_AT, packaged
from tests.samples import MOST_BYTES, Sent, events_of
from tests.support.carrier_cases import case

NUMBER = "1Z77E0000000000421"
DELIVERED = "+21"
"""The status code of IFTSTA."""


def ups(words: str) -> Any:
    return {"trackResponse": {"shipment": [{"inquiryNumber": NUMBER, "package": [{
        "trackingNumber": NUMBER, "activity": [{
            "status": {"type": "D", "code": "FS", "description": words}, "date": "20261120", "time": "120000",
            "gmtDate": "20261120", "gmtTime": "17:00:00", "gmtOffset": "-05:00",
        }],
    }]}]}}


def easypost(words: str) -> Any:
    return {"object": "Event", "result": {"object": "Tracker", "tracking_code": NUMBER, "carrier": "UPS",
        "tracking_details": [{
            "message": words, "status": "delivered", "status_detail": "arrived_at_destination",
            "datetime": "2026-11-20T15:00:00Z",
        }]}}


def dhl(words: str) -> Any:
    return {"shipments": [{"id": "00340434161000000421", "events": [{
        "timestamp": "2026-11-20T12:00:00+01:00", "statusCode": "delivered", "description": words,
    }]}]}


def gls(words: str) -> Any:
    return {"parcels": [{"unitno": "00AB42", "events": [{
        "code": "DELIVD.NORMAL", "description": words, "eventDateTime": "2026-11-20T12:00:00+0100",
    }]}]}


def fedex(words: str, remark: str = "") -> Any:
    return {"output": {"completeTrackResults": [{"trackingNumber": "612900000421", "trackResults": [{
        "trackingNumberInfo": {"trackingNumber": "612900000421"}, "scanEvents": [{
            "date": "2026-11-20T12:00:00-06:00", "eventType": "DL", "eventDescription": words,
            "exceptionCode": "", "exceptionDescription": remark,
        }],
    }]}]}}


def laposte(words: str) -> Any:
    return {"shipment": {"idShip": "6A000000421", "event": [
        {"code": "DI1", "label": words, "date": "2026-11-20T12:00:00+01:00"},
    ]}}


def aftership(words: str) -> Any:
    return {"msg": {"tracking_number": NUMBER, "slug": "ups", "checkpoints": [{
        "slug": "ups", "tag": "Delivered", "subtag": "Delivered_001", "message": words,
        "checkpoint_time": "2026-11-20T12:00:00+00:00",
    }]}}


def shipengine(words: str) -> Any:
    return {"data": {"tracking_number": NUMBER, "carrier_code": "ups", "events": [{
        "carrier_occurred_at": "2026-11-20T12:00:00Z", "description": words, "status_code": "DE",
    }]}}


def postnord(words: str) -> Any:
    return {"TrackingInformationResponse": {"shipments": [{"shipmentId": "00370000421", "items": [{
        "itemId": "00370000421", "events": [{
            "eventTime": "2026-11-20T12:00:00", "eventCode": "21", "status": "DELIVERED", "eventDescription": words,
            "location": {"displayName": "Lund", "countryCode": "SE"},
        }],
    }]}]}}


PAYLOADS = [
    ("ups", ups("An den Absender zurückgegeben"), "returned"),
    ("ups", ups("Entregado al remitente"), "returned"),
    ("ups", ups("Livré à un UPS Access Point"), "available_for_pickup"),
    ("ups", ups("Delivered to agent for final delivery"), "handed_over"),
    ("ups", ups("1 of 3 packages delivered"), "in_transit"),
    ("ups", ups("3 of 3 packages delivered"), "delivered"),
    ("easypost", easypost("Bezorgd bij afzender"), "returned"),
    ("easypost", easypost("Partially delivered"), "in_transit"),
    ("easypost", easypost("Delivered to locker"), "available_for_pickup"),
    ("dhl", dhl("Die Sendung wurde dem Absender zugestellt"), "returned"),
    ("dhl", dhl("Die Sendung wurde in die Packstation eingelegt"), "available_for_pickup"),
    ("dhl", dhl("Teilzustellung"), "in_transit"),
    ("gls", gls("Colis retourné et livré à l'expéditeur"), "returned"),
    ("gls", gls("The parcel has been delivered at the ParcelShop"), "available_for_pickup"),
    ("fedex", fedex("Package delivered to the original shipper"), "returned"),
    ("fedex", fedex("Delivered", "Package returned to shipper"), "returned"),
    ("fedex", fedex("Delivered", "Held at location, ready for recipient pickup"), "available_for_pickup"),
    ("fedex", fedex("Delivered to FedEx OnSite location for recipient pickup"), "available_for_pickup"),
    ("fedex", fedex("Delivered", "Left at front door"), "delivered"),
    ("laposte", laposte("Votre colis est livré à l'expéditeur"), "returned"),
    ("laposte", laposte("Votre colis est livré au point de retrait"), "available_for_pickup"),
    ("aftership", aftership("Consegnato al mittente"), "returned"),
    ("aftership", aftership("Entregue ao remetente"), "returned"),
    ("aftership", aftership("Paketet har levererats till avsändaren"), "returned"),
    ("aftership", aftership("Entregado en taquilla"), "available_for_pickup"),
    ("shipengine", shipengine("Tendered to delivery service provider"), "handed_over"),
    ("shipengine", shipengine("Delivered to shipper"), "returned"),
    ("postnord", postnord("Försändelsen har levererats till ett utlämningsställe"), "available_for_pickup"),
    ("postnord", postnord("Forsendelsen er leveret til afsender"), "returned"),
]


@pytest.fixture(scope="module")
def adapters() -> dict[str, Adapter]:
    return packaged()


def outcome(feed: str, body: bytes, adapters: dict[str, Adapter]) -> tuple[list[str], int]:
    """The milestones, and how many deliveries are posted."""
    sent = Sent(f"raw.{feed}.v1", body, offset=0, timestamp=RECEIVED_AT, headers=[])
    events = events_of(step([sent], adapters, RECEIVED_AT, MOST_BYTES))
    postings = travelled(events, orders_for(events, {})).postings
    return [one.milestone.value for one in events], sum(one.kind == "delivery_confirmation" for one in postings)


@pytest.mark.parametrize(("feed", "payload", "right"), PAYLOADS)
def test_words_beside_delivered_say_who_has_it(
    feed: str, payload: Any, right: str, adapters: dict[str, Adapter]
) -> None:
    found = outcome(feed, json.dumps(payload).encode(), adapters)
    assert found == ([right], int(right == "delivered"))


@pytest.mark.parametrize(("equipment", "right"), [("5", "delivered"), ("4", "info")])
def test_an_empty_container_is_no_delivery_of_the_goods(
    equipment: str, right: str, adapters: dict[str, Adapter]
) -> None:
    body = case("edifact_partner/cases/consignments.in.edi").decode("latin-1")
    segments = body.split("'")
    place = next(at for at, one in enumerate(segments) if one.strip().startswith("STS") and DELIVERED in one)
    segments.insert(place + 1, f"EQD+CN+MSCU7654329+22G1+++{equipment}")
    milestones, _ = outcome("edifact_partner", "'".join(segments).encode("latin-1"), adapters)
    assert right in milestones
    assert ("delivered" in milestones) is (equipment == "5")
