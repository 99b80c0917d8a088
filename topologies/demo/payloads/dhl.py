"""DHL: the unified Shipment Tracking answer; event times are local, without an offset."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from topologies.demo.cast import Place
from topologies.demo.journeys import Journey, Scan, Step

FEED = "dhl"
CARRIER = "dhl"
CONTENT_TYPE = "application/json"

_EVENT: dict[Step, tuple[str, str, str]] = {
    Step.LABEL: ("pre-transit", "SHIPMENT INFORMATION RECEIVED", "Shipment information received"),
    Step.PICKUP: ("transit", "SHIPMENT PICKED UP", "Shipment picked up"),
    Step.ORIGIN_DEPARTED: ("transit", "DEPARTED FACILITY", "Shipment has departed from a DHL facility"),
    Step.HUB_ARRIVED: ("transit", "ARRIVED AT SORT FACILITY", "Arrived at DHL Sort Facility"),
    Step.HUB_DEPARTED: ("transit", "DEPARTED FACILITY", "Shipment has departed from a DHL facility"),
    Step.CUSTOMS_HELD: ("transit", "CLEARANCE EVENT", "Shipment is on hold in customs"),
    Step.CUSTOMS_RELEASED: ("transit", "CLEARANCE PROCESSING COMPLETE", "Released by customs"),
    Step.DELAYED: ("transit", "DELAYED", "Shipment is delayed because of weather"),
    Step.ODD: ("quantum-hold", "QUANTUM HOLD", "Shipment is in two places"),
    Step.DESTINATION_ARRIVED: ("transit", "ARRIVED AT DELIVERY FACILITY", "Arrived at DHL Delivery Facility"),
    Step.OUT_FOR_DELIVERY: ("transit", "OUT FOR DELIVERY", "Shipment is out with courier for delivery"),
    Step.ATTEMPTED: ("failure", "DELIVERY ATTEMPTED", "Delivery attempted; recipient not home"),
    Step.DELIVERED: ("delivered", "DELIVERED", "Delivered"),
    Step.RETURNING: ("failure", "RETURNING", "Recipient refused delivery; shipment is being returned"),
    Step.RETURNED: ("failure", "RETURNED", "Returned to shipper"),
}


def _location(place: Place) -> dict[str, Any]:
    return {
        "address": {
            "countryCode": place.country,
            "postalCode": place.postal_code,
            "addressLocality": place.city.upper(),
        }
    }


def _event(scan: Scan) -> dict[str, Any]:
    code, status, description = _EVENT[scan.step]
    return {
        "timestamp": scan.place.local(scan.at_ms).strftime("%Y-%m-%dT%H:%M:%S"),
        "location": _location(scan.place),
        "statusCode": code,
        "status": status,
        "description": description,
    }


def _person(journey: Journey) -> dict[str, str]:
    given, family = journey.person
    return {"@type": "Person", "familyName": family, "givenName": given, "name": f"{given} {family}"}


def _details(journey: Journey, latest: Scan) -> dict[str, Any]:
    details: dict[str, Any] = {
        "carrier": {"@type": "Organization", "organizationName": "EXPRESS"},
        "product": {"productName": "EXPRESS WORLDWIDE"},
        "receiver": {**_person(journey), "organizationName": journey.consignee},
        "sender": {"@type": "Person", "organizationName": journey.shipper},
        "totalNumberOfPieces": 1,
        "weight": {"value": 4.5, "unitText": "kg"},
        "references": {"number": f"SO{journey.number[-6:]}", "type": "customer-reference"},
    }
    if latest.step is Step.DELIVERED:
        details["proofOfDelivery"] = {
            "timestamp": latest.place.local(latest.at_ms).isoformat(timespec="seconds"),
            "documentUrl": "https://pod.example.com/dhl",
            "signed": _person(journey),
        }
    return details


def answer(journey: Journey, scans: Sequence[Scan]) -> bytes:
    """The answer once ``scans`` had happened, newest first."""
    latest = _event(scans[-1])
    promised = journey.destination.local(journey.promised_ms).isoformat(timespec="seconds")
    shipment = {
        "id": journey.number,
        "service": "express",
        "origin": _location(journey.origin),
        "destination": _location(journey.destination),
        "status": latest,
        "estimatedTimeOfDelivery": promised,
        "serviceUrl": f"https://www.example.com/track?id={journey.number}",
        "details": _details(journey, scans[-1]),
        "events": [_event(scan) for scan in reversed(scans)],
    }
    here = f"/shipments?trackingNumber={journey.number}&offset=0&limit=5"
    return msgspec.json.encode({"url": here, "firstUrl": here, "lastUrl": here, "shipments": [shipment]})
