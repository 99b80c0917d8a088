"""FedEx: the Track API's answer, which repeats every earlier scan each time."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from topologies.demo.cast import Place
from topologies.demo.journeys import Journey, Scan, Step

FEED = "fedex"
CARRIER = "fedex"
CONTENT_TYPE = "application/json"

_EVENT: dict[Step, tuple[str, str, str, str, str]] = {
    Step.LABEL: ("OC", "Shipment information sent to FedEx", "IN", "Label created", "CUSTOMER"),
    Step.PICKUP: ("PU", "Picked up", "PU", "Picked up", "PICKUP_LOCATION"),
    Step.ORIGIN_DEPARTED: ("DP", "Left FedEx origin facility", "IT", "In transit", "ORIGIN_FEDEX_FACILITY"),
    Step.HUB_ARRIVED: ("AR", "Arrived at FedEx location", "IT", "In transit", "FEDEX_FACILITY"),
    Step.HUB_DEPARTED: ("DP", "Departed FedEx location", "IT", "In transit", "FEDEX_FACILITY"),
    Step.DELAYED: ("DY", "Delay", "DY", "Delay", "FEDEX_FACILITY"),
    Step.ODD: ("ZQ", "Relayed by autonomous shuttle", "IT", "In transit", "VEHICLE"),
    Step.DESTINATION_ARRIVED: (
        "AR", "At local FedEx facility", "IT", "In transit", "DESTINATION_FEDEX_FACILITY",
    ),
    Step.OUT_FOR_DELIVERY: ("OD", "On FedEx vehicle for delivery", "IT", "In transit", "VEHICLE"),
    Step.ATTEMPTED: ("DE", "Delivery exception", "DE", "Delivery exception", "DELIVERY_LOCATION"),
    Step.DELIVERED: ("DL", "Delivered", "DL", "Delivered", "DELIVERY_LOCATION"),
    Step.RETURNING: (
        "RS", "Returning package to shipper", "RS", "Returning package to shipper", "FEDEX_FACILITY",
    ),
    Step.RETURNED: ("RD", "Return label link expired", "RD", "Return label link expired", "CUSTOMER"),
}
_EXCEPTION: dict[Step, tuple[str, str]] = {
    Step.DELAYED: ("12", "Package delayed due to local weather conditions"),
    Step.ATTEMPTED: ("08", "Customer not available or business closed"),
    Step.RETURNING: ("07", "Shipment refused by recipient"),
}


def _address(place: Place) -> dict[str, Any]:
    return {
        "city": place.city.upper(),
        "stateOrProvinceCode": place.region,
        "postalCode": place.postal_code,
        "countryCode": place.country,
        "residential": False,
        "countryName": place.country_name,
    }


def _instant(scan: Scan) -> str:
    return scan.place.local(scan.at_ms).isoformat(timespec="seconds")


def _scan_event(scan: Scan) -> dict[str, Any]:
    type_, description, derived_code, derived, location_type = _EVENT[scan.step]
    exception, exception_text = _EXCEPTION.get(scan.step, ("", ""))
    event: dict[str, Any] = {
        "date": _instant(scan),
        "eventType": type_,
        "eventDescription": description,
        "exceptionCode": exception,
        "exceptionDescription": exception_text,
        "scanLocation": {"streetLines": [""], **_address(scan.place)},
        "locationId": scan.place.postal_code[:4],
        "locationType": location_type,
        "derivedStatusCode": derived_code,
        "derivedStatus": derived,
    }
    if scan.step is Step.DELAYED:
        event["delayDetail"] = {"type": "WEATHER", "subType": "SNOW", "status": "DELAYED"}
    return event


def _result(journey: Journey, scans: Sequence[Scan]) -> dict[str, Any]:
    latest = scans[-1]
    _, description, derived_code, _, _ = _EVENT[latest.step]
    result: dict[str, Any] = {
        "trackingNumberInfo": {
            "trackingNumber": journey.number,
            "carrierCode": "FDXG",
            "trackingNumberUniqueId": f"12026~{journey.number}~FDEG",
        },
        "latestStatusDetail": {
            "code": derived_code,
            "derivedCode": derived_code,
            "statusByLocale": description,
            "description": description,
            "scanLocation": _address(latest.place),
        },
        "dateAndTimes": [{"type": "SHIP", "dateTime": _instant(scans[0])}],
        "scanEvents": [_scan_event(scan) for scan in reversed(scans)],
        "serviceDetail": {"type": "FEDEX_GROUND", "description": "FedEx Ground", "shortDescription": "FG"},
        "estimatedDeliveryTimeWindow": {"window": {}},
    }
    if latest.step is Step.DELIVERED:
        result["dateAndTimes"].insert(0, {"type": "ACTUAL_DELIVERY", "dateTime": _instant(latest)})
        result["deliveryDetails"] = {
            "actualDeliveryAddress": _address(latest.place),
            "deliveryAttempts": "0",
            "receivedByName": f"{journey.person[0][0]}{journey.person[1]}".upper(),
        }
    return result


def answer(journey: Journey, scans: Sequence[Scan], transaction_id: str) -> bytes:
    """The answer once ``scans`` had happened, newest first."""
    results = [{"trackingNumber": journey.number, "trackResults": [_result(journey, scans)]}]
    return msgspec.json.encode({"transactionId": transaction_id, "output": {"completeTrackResults": results}})
