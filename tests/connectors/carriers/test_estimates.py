"""The window of delivery that carriers state: its end, its beginning, and dates without a time at the place of
delivery."""

from __future__ import annotations

import json
from typing import Any

import pytest

from connectors.carriers import HOME, discover
from streams.intake.step import step
from tests.cases.aspects import at_utc
from tests.support.records import FakeRecord

RECEIVED_AT = 1_798_000_000_000
CARRIERS = {carrier.feed: carrier for carrier in discover()}
SCAN = "2026-11-18T10:00:00+01:00"


def aftership(**stated: Any) -> Any:
    return {"msg": {"tracking_number": "AS4210", "slug": "ups", **stated, "checkpoints": [
        {"tag": "InTransit", "subtag": "InTransit_001", "message": "Moving", "checkpoint_time": SCAN, "slug": "ups"},
    ]}}


def dhl(**stated: Any) -> Any:
    return {"shipments": [{"id": "00340434161000000421", **stated, "events": [
        {"timestamp": SCAN, "statusCode": "transit", "description": "In transit"},
    ]}]}


def royalmail(**stated: Any) -> Any:
    return {"mailPieces": {"mailPieceId": "090367574000000FE1E1B", "summary": {"oneDBarcode": "FQ087430672GB"},
        "estimatedDelivery": stated, "events": [{"eventCode": "EVNMI", "eventName": "In", "eventDateTime": SCAN}]}}


def hermes(**stated: Any) -> Any:
    return {"shipmentinfo": [{"shipmentID": "H1000000000000042101", "deliveryForecast": stated, "status": [
        {"timestamp": SCAN, "code": "3410", "description": "unterwegs"},
    ]}]}


def sendle(**stated: Any) -> Any:
    return {"sendle_reference": "S4FAKE21", "scheduling": stated, "tracking_events": [
        {"event_type": "In Transit", "scan_time": "2026-11-18T10:00:00Z", "description": "In transit"},
    ]}


def track17(**stated: Any) -> Any:
    return {"event": "TRACKING_UPDATED", "data": {"number": "RR000000421CN", "track_info": {
        "time_metrics": {"estimated_delivery_date": stated},
        "shipping_info": {"recipient_address": {"country": "US", "state": "CA"}},
        "tracking": {"providers": [{"provider": {"name": "UPS"}, "events": [
            {"time_iso": SCAN, "description": "Moving", "stage": "InTransit"},
        ]}]},
    }}}


def shippo(eta: str) -> Any:
    return {"event": "track_updated", "data": {"tracking_number": "SHIPPO421", "carrier": "ups", "eta": eta,
        "address_to": {"city": "San Diego", "state": "CA", "zip": "92101", "country": "US"},
        "tracking_history": [{"status": "TRANSIT", "status_details": "Moving", "status_date": SCAN}]}}


def usps(**stated: Any) -> Any:
    return {"trackingNumber": "9400111899560000004210", "destinationState": "HI", **stated, "trackingEvents": [
        {"eventType": "Departed USPS Regional Facility", "eventCode": "T1", "GMTTimestamp": "2026-11-18T10:00:00Z",
         "GMTOffset": "-05:00", "eventState": "NY"},
    ]}


def mydhl(**stated: Any) -> Any:
    return {"shipments": [{"shipmentTrackingNumber": "4210000000", **stated,
        "receiverDetails": {"postalAddress": {"countryCode": "JP"}},
        "events": [{"date": "2026-11-18", "time": "10:00:00", "GMTOffset": "+01:00", "typeCode": "DF",
                    "description": "Departed"}]}]}


def ups(**stated: Any) -> Any:
    return {"trackResponse": {"shipment": [{"inquiryNumber": "1Z77E0000000000421", "package": [{
        "trackingNumber": "1Z77E0000000000421", **stated,
        "packageAddress": [{"type": "DESTINATION", "address": {"stateProvince": "CA", "countryCode": "US"}}],
        "activity": [{"status": {"type": "I", "code": "DP", "description": "Departed"}, "date": "20261118",
                      "time": "100000", "gmtDate": "20261118", "gmtTime": "15:00:00", "gmtOffset": "-05:00"}],
    }]}]}}


def fedex(**stated: Any) -> Any:
    return {"output": {"completeTrackResults": [{"trackingNumber": "612900000421", "trackResults": [{
        "trackingNumberInfo": {"trackingNumber": "612900000421"}, **stated,
        "scanEvents": [{"date": SCAN, "eventType": "IT", "eventDescription": "In transit"}],
    }]}]}}


def fedex_web(**stated: Any) -> Any:
    return {"TrackPackagesResponse": {"packageList": [{"trackingNbr": "612900000421", **stated, "scanEventList": [
        {"date": "2026-11-18", "time": "10:00:00", "gmtOffset": "-06:00", "statusCD": "IT", "status": "In transit"},
    ]}]}}


def delhivery(**stated: Any) -> Any:
    return {"ShipmentData": [{"Shipment": {"AWB": "4210000000421", **stated, "Scans": [{"ScanDetail": {
        "ScanDateTime": "2026-11-18T10:00:00", "ScanType": "UD", "Scan": "In Transit", "StatusCode": "X-PPOM",
    }}]}}]}


def canadapost(postal_code: str, **dates: str) -> bytes:
    inner = "".join(f"<{name.replace('_', '-')}>{date}</{name.replace('_', '-')}>" for name, date in dates.items())
    return (
        f"<tracking-detail><pin>1371134583769923</pin><destination-postal-id>{postal_code}</destination-postal-id>{inner}"
        "<significant-events><occurrence><event-identifier>0174</event-identifier><event-date>2026-11-18</event-date>"
        "<event-time>10:00:00</event-time><event-time-zone>EST</event-time-zone><event-description>On its way"
        "</event-description></occurrence></significant-events></tracking-detail>"
    ).encode()


def postnord(eta: str) -> Any:
    return {"TrackingInformationResponse": {"shipments": [{
        "shipmentId": "00370000421", "consignee": {"address": {"countryCode": "FI"}}, "items": [{
            "itemId": "00370000421", "estimatedTimeOfArrival": eta, "events": [{
                "eventTime": "2026-11-18T10:00:00", "eventCode": "39", "status": "EN_ROUTE",
                "eventDescription": "Moving", "location": {"displayName": "Lund", "countryCode": "SE"},
            }]}],
    }]}}


STANDARD = {"window": {"begins": "2026-11-21T00:00:00-06:00", "ends": "2026-11-21T17:00:00-06:00"}}
ESTIMATED = [{"type": "ESTIMATED_DELIVERY", "dateTime": "2026-11-22T12:00:00-06:00"}]
WINDOW = [{"type": "EDW", "startTime": "100000", "endTime": "140000"}]
FRAME = {"estimatedFrom": "2026-11-20T10:00:00+01:00", "estimatedThrough": "2026-11-20T14:00:00+01:00"}
RANGE = {"type": "range", "datetime_min": "2026-11-20T08:00:00Z", "datetime_max": "2026-11-20T12:00:00Z"}
STATED = [
    ("dhl", dhl(estimatedDeliveryTimeFrame=FRAME), "2026-11-20T09:00:00Z", "2026-11-20T13:00:00Z"),
    ("dhl", dhl(estimatedTimeOfDelivery="2026-11-20T00:00:00", destination={"address": {"countryCode": "GB"}}),
     None, "2026-11-20T23:59:59Z"),
    ("aftership", aftership(latest_estimated_delivery=RANGE), "2026-11-20T08:00:00Z", "2026-11-20T12:00:00Z"),
    ("aftership", aftership(expected_delivery="2026-11-20", destination_country_iso3="JPN"),
     None, "2026-11-20T14:59:59Z"),
    ("aftership", aftership(
        courier_estimated_delivery_date={"estimated_delivery_date_max": "2026-11-21T12:00:00Z"},
        aftership_estimated_delivery_date={"estimated_delivery_date": "2026-11-20"},
    ), None, "2026-11-21T12:00:00Z"),
    ("royalmail", royalmail(
        date="2026-11-20", startOfEstimatedWindow="08:00:00+00:00", endOfEstimatedWindow="11:00:00+00:00"
    ), "2026-11-20T08:00:00Z", "2026-11-20T11:00:00Z"),
    ("royalmail", royalmail(date="2026-11-20"), None, "2026-11-20T23:59:59Z"),
    ("hermes", hermes(date="2026-11-20", timeSlot={"from": "10:00:00", "to": "12:00:00"}),
     "2026-11-20T09:00:00Z", "2026-11-20T11:00:00Z"),
    ("sendle", sendle(estimated_delivery_date_minimum="2026-11-20", estimated_delivery_date_maximum="2026-11-23"),
     "2026-11-20T00:00:00Z", "2026-11-23T23:59:59Z"),
    ("17track", track17(**{"from": "2026-11-20T08:00:00-08:00", "to": "2026-11-20T12:00:00-08:00"}),
     "2026-11-20T16:00:00Z", "2026-11-20T20:00:00Z"),
    ("17track", track17(to="2026-11-20"), None, "2026-11-21T07:59:59Z"),
    ("shippo", shippo("2026-11-20T00:00:00Z"), None, "2026-11-21T07:59:59Z"),
    ("usps", usps(expectedDeliveryDate="November 20, 2026"), None, "2026-11-21T09:59:59Z"),
    ("usps", usps(
        predictedDeliveryDate="2026-11-20", predictedDeliveryWindowStartTime="13:00",
        predictedDeliveryWindowEndTime="15:00",
        expectedDeliveryTimeStamp="2026-11-21T00:00:00Z",
    ), "2026-11-20T23:00:00Z", "2026-11-21T01:00:00Z"),
    ("usps", usps(predictedDeliveryDate="2026-11-20", predictedDeliveryWindowEndTime="by evening"),
     None, "2026-11-21T09:59:59Z"),
    ("usps", usps(expectedDeliveryTimeStamp="2026-11-20T00:00:00Z"), None, "2026-11-21T09:59:59Z"),
    ("usps", usps(deliveryDateExpectation={"expectedDeliveryDate": "2026-11-20", "endOfDay": "9:00 pm"}),
     None, "2026-11-21T07:00:00Z"),
    ("ups", ups(deliveryDate=[{"type": "SDD", "date": "20261120"}], deliveryTime=WINDOW),
     "2026-11-20T18:00:00Z", "2026-11-20T22:00:00Z"),
    ("ups", ups(deliveryDate=[{"type": "SDD", "date": "20261120"}],
                deliveryTime=[{"type": "CMT", "endTime": "120000"}]), None, "2026-11-20T20:00:00Z"),
    ("ups", ups(deliveryDate=[{"type": "RDD", "date": "20261121"}, {"type": "SDD", "date": "20261120"}],
                deliveryTime=WINDOW), "2026-11-21T18:00:00Z", "2026-11-21T22:00:00Z"),
    ("fedex", fedex(standardTransitTimeWindow=STANDARD), "2026-11-21T06:00:00Z", "2026-11-21T23:00:00Z"),
    ("fedex", fedex(standardTransitTimeWindow=STANDARD, dateAndTimes=ESTIMATED), None, "2026-11-22T18:00:00Z"),
    ("fedex", fedex_web(estDelTimeWindow={
        "estDelTmWindowStart": "2026-11-20T10:00:00-06:00", "estDelTmWindowEnd": "2026-11-20T14:00:00-06:00",
    }, estDeliveryDt="2026-11-21T17:00:00-06:00"), "2026-11-20T16:00:00Z", "2026-11-20T20:00:00Z"),
    ("fedex", fedex_web(estDelTimeWindow={"estDelTmWindowEnd": ""}, estDeliveryDt="2026-11-21T17:00:00-06:00"),
     None, "2026-11-21T23:00:00Z"),
    ("delhivery", delhivery(PromisedDeliveryDate="2026-11-20T00:00:00"), None, "2026-11-20T18:29:59Z"),
    ("delhivery", delhivery(PromisedDeliveryDate="2026-11-20T00:00:00", ExpectedDeliveryDate="2026-11-22T00:00:00"),
     None, "2026-11-22T18:29:59Z"),
    ("aftership", aftership(latest_estimated_delivery={"datetime": "2026-11-22T12:00:00Z"},
                            courier_estimated_delivery_date={"estimated_delivery_date_min": "2026-11-19T12:00:00Z"}),
     None, "2026-11-22T12:00:00Z"),
    ("aftership", aftership(courier_estimated_delivery_date={
        "estimated_delivery_date_min": "2026-11-19T12:00:00Z", "estimated_delivery_date_max": "2026-11-20T12:00:00Z",
    }), "2026-11-19T12:00:00Z", "2026-11-20T12:00:00Z"),
    ("canadapost", canadapost("V6B1A1", expected_delivery_date="2026-11-20"), None, "2026-11-21T07:59:59Z"),
    ("canadapost", canadapost("A1A1A1", expected_delivery_date="2026-11-20", changed_expected_date="2026-11-23"),
     None, "2026-11-24T03:29:59Z"),
    ("postnord", postnord("2026-11-20T13:00:00Z"), None, "2026-11-20T13:00:00Z"),
    ("postnord", postnord("2026-11-20T00:00:00"), None, "2026-11-20T21:59:59Z"),
    ("mydhl", mydhl(estimatedDeliveryDate="2026-11-20"), None, "2026-11-20T14:59:59Z"),
]


@pytest.mark.parametrize(("feed", "payload", "begins", "until"), STATED)
def test_the_window_is_read_whole(feed: str, payload: Any, begins: str | None, until: str) -> None:
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    record = FakeRecord(f"raw.{feed}.v1", 0, 0, RECEIVED_AT, None, body)
    result = step([record], {feed: CARRIERS[feed].adapter}, RECEIVED_AT, 1 << 20)
    [event] = [*result.outputs.events, *(event for _, event in result.outputs.unresolved)]
    stated = event.estimated_delivery_from, event.estimated_delivery_at
    assert tuple(None if at is None else at_utc(at) for at in stated) == (begins, until)


def test_each_carrier_maps_its_estimates_or_says_that_none_is_documented() -> None:
    silent = []
    for file in sorted(HOME.glob("*/carrier.yaml")):
        text = file.read_text("utf-8")
        if "\n    eta:" not in text and "\n# Estimates: " not in text:
            silent.append(file.parent.name)
    assert silent == []
