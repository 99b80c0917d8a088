"""UPS: the track alert it pushes for every scan, and the Track API answer with the whole history."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import msgspec

from topologies.demo.cast import Place
from topologies.demo.journeys import Journey, Scan, Step

FEED = "ups"
CARRIER = "ups"
CONTENT_TYPE = "application/json"

_STATUS: dict[Step, tuple[str, str, str, int]] = {
    Step.LABEL: ("M", "MP", "Shipper created a label, UPS has not received the package yet.", 3),
    Step.PICKUP: ("P", "PU", "Pickup Scan", 38),
    Step.ORIGIN_DEPARTED: ("I", "DP", "Departed from Facility", 5),
    Step.HUB_ARRIVED: ("I", "AR", "Arrived at Facility", 5),
    Step.HUB_DEPARTED: ("I", "DP", "Departed from Facility", 5),
    Step.DELAYED: ("X", "3D", "Severe weather conditions have delayed delivery.", 13),
    Step.ODD: ("I", "ZZQ", "Relayed through partner micro hub", 899),
    Step.DESTINATION_ARRIVED: ("I", "AR", "Arrived at Facility", 5),
    Step.OUT_FOR_DELIVERY: ("I", "OT", "Out for Delivery", 17),
    Step.ATTEMPTED: ("X", "NH", "The receiver was not available for the first delivery attempt.", 12),
    Step.DELIVERED: ("D", "FS", "Delivered", 9),
    Step.DOUBTFUL: ("D", "ZX", "Handed to a neighbouring business", 990),
    Step.PROOF: ("I", "PX", "Proof of delivery is available", 991),
    Step.RETURNING: ("X", "RS", "The receiver did not want the package; it is returning to the sender.", 16),
    Step.RETURNED: ("RS", "RD", "Returned to shipper", 9),
}


def _local_stamp(place: Place, at_ms: int) -> tuple[str, str]:
    moment = place.local(at_ms)
    return moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")


def _utc_stamp(at_ms: int) -> tuple[str, str]:
    moment = datetime.fromtimestamp(at_ms / 1000, UTC)
    return moment.strftime("%Y%m%d"), moment.strftime("%H%M%S")


def push(journey: Journey, scan: Scan) -> bytes:
    """One track alert."""
    type_, code, description, description_code = _STATUS[scan.step]
    day, clock = _local_stamp(scan.place, scan.at_ms)
    utc_day, utc_clock = _utc_stamp(scan.at_ms)
    message: dict[str, Any] = {
        "trackingNumber": journey.number,
        "localActivityDate": day,
        "localActivityTime": clock,
        "activityLocation": {
            "city": scan.place.city.upper(),
            "stateProvince": scan.place.region,
            "postalCode": scan.place.postal_code,
            "country": scan.place.country,
        },
        "activityStatus": {
            "type": type_, "code": code, "description": description, "descriptionCode": description_code,
        },
        "scheduledDeliveryDate": _local_stamp(journey.destination, journey.promised_ms)[0],
        "gmtActivityDate": utc_day,
        "gmtActivityTime": utc_clock,
    }
    if scan.step is Step.OUT_FOR_DELIVERY:
        message["deliveryTimeDescription"] = "end of day"
    if scan.step is Step.DELIVERED:
        message |= {"actualDeliveryDate": day, "actualDeliveryTime": clock,
                    "receivedBy": journey.person[1].upper()}
    return msgspec.json.encode(message)


def _activity(scan: Scan) -> dict[str, Any]:
    type_, code, description, status_code = _STATUS[scan.step]
    day, clock = _local_stamp(scan.place, scan.at_ms)
    utc_day, utc_clock = _utc_stamp(scan.at_ms)
    offset = scan.place.local(scan.at_ms).strftime("%z")
    return {
        "date": day,
        "gmtDate": utc_day,
        "gmtOffset": f"{offset[:3]}:{offset[3:]}",
        "gmtTime": f"{utc_clock[:2]}:{utc_clock[2:4]}:{utc_clock[4:]}",
        "location": {
            "address": {
                "city": scan.place.city.upper(),
                "stateProvince": scan.place.region,
                "postalCode": scan.place.postal_code,
                "country": scan.place.country,
                "countryCode": scan.place.country,
            },
            "slic": scan.place.postal_code[:4],
        },
        "status": {
            "type": type_, "code": code, "description": description, "statusCode": f"{status_code:03d}",
            "simplifiedTextDescription": description,
        },
        "time": clock,
    }


def _package(journey: Journey, scans: Sequence[Scan], count: int) -> dict[str, Any]:
    latest = scans[-1]
    package: dict[str, Any] = {
        "activity": [_activity(scan) for scan in reversed(scans)],
        "currentStatus": _activity(latest)["status"],
        "packageCount": count,
        "referenceNumber": [{"number": f"SO{journey.number[-6:]}", "type": "SHIPMENT"}],
        "service": {"code": "518", "description": "UPS Ground"},
        "trackingNumber": journey.number,
        "weight": {"unitOfMeasurement": "LBS", "weight": "7.40"},
    }
    if latest.step is Step.DELIVERED:
        day, clock = _local_stamp(latest.place, latest.at_ms)
        package |= {
            "deliveryDate": [{"date": day, "type": "DEL"}],
            "deliveryTime": {"endTime": clock, "startTime": "", "type": "DEL"},
            "deliveryInformation": {"location": "Front Door", "receivedBy": journey.person[1].upper()},
        }
    return package


def answer(journey: Journey, scans: Sequence[Scan]) -> bytes:
    """The Track API's answer once ``scans`` had happened, newest first."""
    return consignment([replace(journey, scans=tuple(scans))])


def consignment(pieces: Sequence[Journey]) -> bytes:
    """The Track API's answer about all packages of a shipment; the first one's number leads."""
    packages = [_package(one, one.scans, len(pieces)) for one in pieces]
    shipment = {"inquiryNumber": pieces[0].number, "package": packages, "userRelation": "SHIPPER"}
    return msgspec.json.encode({"trackResponse": {"shipment": [shipment]}})
