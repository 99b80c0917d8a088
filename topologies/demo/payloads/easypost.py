"""EasyPost: ``tracker.updated`` webhooks, speaking for another carrier and repeating its whole history."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from topologies.demo.journeys import Journey, Scan, Step

FEED = "easypost"
CONTENT_TYPE = "application/json"
CARRIER_NAME = {"ups": "UPS", "usps": "USPS"}

_DETAIL: dict[Step, tuple[str, str, str]] = {
    Step.LABEL: ("pre_transit", "label_created", "Shipping Label Created"),
    Step.PICKUP: ("in_transit", "received_at_origin_facility", "Accepted at Origin Facility"),
    Step.ORIGIN_DEPARTED: ("in_transit", "departed_facility", "Departed Facility"),
    Step.HUB_ARRIVED: ("in_transit", "arrived_at_facility", "Arrived at Regional Facility"),
    Step.HUB_DEPARTED: ("in_transit", "departed_facility", "Departed Regional Facility"),
    Step.DELAYED: ("in_transit", "weather_delay", "Weather Delay"),
    Step.ODD: ("in_transit", "carrier_pigeon_rest", "Carrier pigeon is resting"),
    Step.DESTINATION_ARRIVED: ("in_transit", "arrived_at_facility", "Arrived at Facility"),
    Step.OUT_FOR_DELIVERY: ("out_for_delivery", "out_for_delivery", "Out for Delivery"),
    Step.ATTEMPTED: ("failure", "delivery_exception", "Delivery Attempted - No Access to Delivery Location"),
    Step.DELIVERED: ("delivered", "arrived_at_destination", "Delivered, Front Door/Porch"),
    Step.RETURNING: ("return_to_sender", "return", "Refused, Return to Sender"),
    Step.RETURNED: ("return_to_sender", "return", "Returned to Sender"),
}


def _utc(at_ms: int) -> str:
    return datetime.fromtimestamp(at_ms / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _tracking_detail(carrier: str, scan: Scan) -> dict[str, Any]:
    status, detail, message = _DETAIL[scan.step]
    return {
        "object": "TrackingDetail",
        "message": message,
        "description": message,
        "status": status,
        "status_detail": detail,
        "datetime": _utc(scan.at_ms),
        "source": carrier,
        "carrier_code": "",
        "tracking_location": {
            "object": "TrackingLocation",
            "city": scan.place.city.upper(),
            "state": scan.place.region,
            "country": scan.place.country,
            "zip": scan.place.postal_code,
        },
    }


def _tracker(journey: Journey, scans: Sequence[Scan]) -> dict[str, Any]:
    latest = scans[-1]
    status, detail, _ = _DETAIL[latest.step]
    carrier = CARRIER_NAME[journey.carrier]
    tracker = f"trk_{journey.number[-12:].lower()}"
    delivered = latest.step is Step.DELIVERED
    return {
        "id": tracker,
        "object": "Tracker",
        "mode": "production",
        "tracking_code": journey.number,
        "status": status,
        "status_detail": detail,
        "created_at": _utc(scans[0].at_ms),
        "updated_at": _utc(latest.at_ms),
        "signed_by": " ".join(journey.person).upper() if delivered else None,
        "weight": 17.6,
        "est_delivery_date": _utc(journey.promised_ms),
        "shipment_id": None,
        "carrier": carrier,
        "tracking_details": [_tracking_detail(carrier, scan) for scan in scans],
        "public_url": f"https://track.example.com/{tracker}",
    }


def updated(journey: Journey, scans: Sequence[Scan], event_id: str) -> bytes:
    """The webhook sent once ``scans`` had happened, oldest first."""
    before = _DETAIL[scans[-2].step][0] if len(scans) > 1 else "unknown"
    return msgspec.json.encode({
        "id": event_id,
        "object": "Event",
        "created_at": _utc(scans[-1].at_ms),
        "updated_at": _utc(scans[-1].at_ms),
        "description": "tracker.updated",
        "mode": "production",
        "previous_attributes": {"status": before},
        "pending_urls": [],
        "completed_urls": [],
        "result": _tracker(journey, scans),
    })
