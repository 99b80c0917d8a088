"""Payloads whose code says delivered, and whose words say that the recipient has nothing: none is posted.

Of our own making, in carriers' and aggregators' shapes and in the languages they write; people and numbers are made up.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from msgspec.structs import replace

from streams.fulfilment.policy import PLAIN, PiecesNeeded, Policies, Policy
from streams.intake.adapter import Adapter
from streams.intake.step import step
from streams.kernel.vocabulary import Status
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
    ("ups", ups("Delivered to customs broker"), "handed_over"),
    ("dhl", dhl("Handed over to local courier"), "handed_over"),
    ("shipengine", shipengine("Delivered to third party carrier"), "handed_over"),
    ("laposte", laposte("Colis remis au transitaire"), "handed_over"),
    ("fedex", fedex("Delivered", "Tendered to USPS for delivery"), "handed_over"),
    ("easypost", easypost("Delivered to post office for pick-up"), "available_for_pickup"),
    ("gls", gls("Delivered to PUDO point"), "available_for_pickup"),
    ("aftership", aftership("RTO delivered"), "returned"),
    ("easypost", easypost("Delivered to returns centre"), "returned"),
    ("aftership", aftership("1 of 3 pieces delivered"), "in_transit"),
    ("shipengine", shipengine("Part of the shipment was delivered"), "in_transit"),
    ("ups", ups("Refused by consignee"), "delivery_attempted"),
    ("fedex", fedex("Delivered", "Shipment refused by recipient"), "delivery_attempted"),
    ("dhl", dhl("Annahme verweigert"), "delivery_attempted"),
    ("gls", gls("Attempted - business closed"), "delivery_attempted"),
    ("ups", ups("Recipient refused to sign, left at front door"), "delivered"),
    ("dhl", dhl("Delivered to neighbour, nobody home"), "delivered"),
]


@pytest.fixture(scope="module")
def adapters() -> dict[str, Adapter]:
    return packaged()


def outcome(
    feed: str, body: bytes, adapters: dict[str, Adapter], policies: Policies = PLAIN
) -> tuple[list[str], int]:
    """The milestones, and how many deliveries are posted."""
    sent = Sent(f"raw.{feed}.v1", body, offset=0, timestamp=RECEIVED_AT, headers=[])
    events = events_of(step([sent], adapters, RECEIVED_AT, MOST_BYTES))
    postings = travelled(events, orders_for(events, {}), policies).postings
    return [one.milestone.value for one in events], sum(one.kind == "delivery_confirmation" for one in postings)


@pytest.mark.parametrize(("feed", "payload", "right"), PAYLOADS)
def test_words_beside_delivered_say_who_has_it(
    feed: str, payload: Any, right: str, adapters: dict[str, Adapter]
) -> None:
    found = outcome(feed, json.dumps(payload).encode(), adapters)
    assert found == ([right], int(right == "delivered"))


@pytest.mark.parametrize(
    ("feed", "payload"),
    [
        ("ups", ups("Delivered to agent")), ("easypost", easypost("Delivered to wrong address")),
        ("dhl", dhl("Falsch zugestellt")), ("aftership", aftership("Assumed delivered")),
        ("shipengine", shipengine("Delivery rescheduled")), ("fedex", fedex("Delivered", "Misdelivered")),
        ("gls", gls("Delivered to seller")), ("ups", ups("Delivered, recipient claims it was not received")),
    ],
)
def test_words_that_contradict_delivered_hold_it_back(feed: str, payload: Any, adapters: dict[str, Adapter]) -> None:
    assert outcome(feed, json.dumps(payload).encode(), adapters) == (["delivered"], 0)


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


def at7(code: str, reason: str = "NS", day: int = 18, clock: str = "1200") -> str:
    return f"AT7*{code}*{reason}***202611{day}*{clock}*LT"


def statuses(*segments: str) -> bytes:
    """A 214 of one PRO with these segments."""
    inner = "~".join(segments)
    return (
        "ISA*00*          *00*          *02*RLCA           *ZZ*SHIPPERCO      *261120*1902*U*00401*000000072*0*P*>~"
        "GS*QM*RLCA*SHIPPERCO*20261120*1902*72*X*004010~ST*214*0001~B10*IBK412099*812050*RLCA*1~LX*1~"
        f"{inner}~SE*{len(segments) + 4}*0001~GE*1*72~IEA*1*000000072~"
    ).encode()


@pytest.mark.parametrize(
    ("segments", "right", "posted"),
    [
        ([at7("D1", "BS")], ["delivery_attempted"], 0),
        ([at7("D1"), "K1*REFUSED BY CONSIGNEE"], ["delivery_attempted"], 0),
        ([at7("D1"), "K1*DELIVERED TO CARTAGE AGENT"], ["handed_over"], 0),
        ([at7("D1"), "K1*RETURNED TO SHIPPER"], ["returned"], 0),
        ([at7("D1"), "K1*PARTIAL DELIVERY*2 OF 5 SKIDS"], ["in_transit"], 0),
        ([at7("D1"), at7("A7", "BS", 19)], ["delivered", "delivery_attempted"], 0),
        ([at7("D1"), at7("A7", "BS", 18, "1300")], ["delivered", "delivery_attempted"], 0),
        ([at7("A3"), at7("D1", day=19)], ["returned", "delivered"], 0),
        ([at7("PA"), at7("D1")], ["in_transit", "delivered"], 0),
        ([at7("D1"), at7("CB", day=19)], ["delivered", "info"], 0),
        ([at7("PA"), at7("D1", day=19)], ["in_transit", "delivered"], 1),
        ([at7("A7", "BS"), at7("D1", day=19)], ["delivery_attempted", "delivered"], 1),
        ([at7("D1", "AI"), "K1*LEFT WITH RECEIVING"], ["delivered"], 1),
    ],
)
def test_a_214_that_contradicts_its_d1_is_no_delivery(
    segments: list[str], right: list[str], posted: int, adapters: dict[str, Adapter]
) -> None:
    assert outcome("rlca", statuses(*segments), adapters) == (right, posted)


@pytest.mark.parametrize(
    ("segments", "right"),
    [
        (["FTX+AAI+++RETURNED TO SHIPPER"], ["returned"]),
        (["FTX+AAI+++SHIPMENT 4711:RETURNED TO SHIPPER"], ["returned"]),
        (["FTX+AAI+++REFUSED BY CONSIGNEE"], ["delivery_attempted"]),
        (["FTX+AAI+++DELIVERED TO CUSTOMS BROKER"], ["handed_over"]),
    ],
)
def test_what_an_iftsta_says_beside_delivered_is_read_whole(
    segments: list[str], right: list[str], adapters: dict[str, Adapter]
) -> None:
    inner = "'".join(["STS+1+21", "DTM+334:202611181200:203", *segments])
    body = (
        "UNA:+.? 'UNB+UNOC:3+PARTNER:14+SHIPPER:14+261120:1030+77'UNH+1+IFTSTA:D:01B:UN'BGM+44+ST-1+9'"
        f"DTM+137:20261120:102'NAD+CA+ABCD:160'CNI+1+C-100'{inner}'UNT+{len(segments) + 8}+1'UNZ+1+77'"
    )
    assert outcome("edifact_partner", body.encode(), adapters) == (right, 0)


def ups_day(kind: str, code: str, words: str, day: int) -> dict[str, Any]:
    return {
        "status": {"type": kind, "code": code, "description": words}, "date": f"202611{day}", "time": "120000",
        "gmtDate": f"202611{day}", "gmtTime": "17:00:00", "gmtOffset": "-05:00",
    }


@pytest.mark.parametrize(
    ("feed", "payload"),
    [
        ("ups", {"trackResponse": {"shipment": [{"inquiryNumber": NUMBER, "package": [{
            "trackingNumber": NUMBER, "activity": [
                ups_day("D", "FS", "Delivered", 20),
                ups_day("I", "Q9", "The package is being returned to the sender", 18),
            ]}]}]}}),
        ("ups", {"trackResponse": {"shipment": [{"inquiryNumber": NUMBER, "package": [{
            "trackingNumber": NUMBER, "activity": [
                ups_day("D", "FS", "Delivered", 20), ups_day("X", "RS", "Return to sender requested", 18),
            ]}]}]}}),
        ("dhl", {"shipments": [{"id": "00340434161000000421", "events": [
            {"timestamp": "2026-11-20T12:00:00+01:00", "statusCode": "delivered", "description": "Delivered"},
            {"timestamp": "2026-11-18T12:00:00+01:00", "statusCode": "failure",
             "description": "The shipment is being returned to the shipper"},
        ]}]}),
    ],
)
def test_a_way_back_said_in_words_alone_makes_the_delivery_its_end(
    feed: str, payload: Any, adapters: dict[str, Adapter]
) -> None:
    milestones, posted = outcome(feed, json.dumps(payload).encode(), adapters)
    assert (sorted(milestones), posted) == (["delivered", "returning"], 0)


@pytest.mark.parametrize(
    ("flag", "right"), [(True, "returned"), ("true", "returned"), (False, "delivered"), (None, "delivered")]
)
def test_what_is_delivered_under_the_flag_of_a_return_is_returned(
    flag: Any, right: str, adapters: dict[str, Adapter]
) -> None:
    payloads = {"dhl": dhl("Delivered"), "easypost": easypost("Delivered"), "aftership": aftership("Delivered")}
    payloads["dhl"]["shipments"][0]["returnFlag"] = flag
    payloads["easypost"]["result"]["is_return"] = flag
    payloads["aftership"]["msg"]["return_to_sender"] = flag
    payloads["sendcloud"] = {"action": "parcel_status_changed", "timestamp": 1_795_000_000_000, "parcel": {
        "tracking_number": "SC0000000421", "status": {"id": 11, "message": "Delivered"}, "is_return": flag,
    }}
    for feed, payload in payloads.items():
        assert outcome(feed, json.dumps(payload).encode(), adapters) == ([right], int(right == "delivered")), feed


@pytest.mark.parametrize(
    ("words", "posted"), [("Package collected by carrier", 0), ("", 0), ("Delivered, new words", 1), ("Zugestellt", 1)]
)
def test_a_code_that_only_its_type_calls_delivered_needs_words_that_say_so(
    words: str, posted: int, adapters: dict[str, Adapter]
) -> None:
    payload = ups(words)
    payload["trackResponse"]["shipment"][0]["package"][0]["activity"][0]["status"]["code"] = "Q9"
    assert outcome("ups", json.dumps(payload).encode(), adapters) == (["delivered"], posted)


@pytest.mark.parametrize("lead", ["612900000400", "612900000421"])
def test_one_piece_of_several_delivers_no_lead_number(lead: str, adapters: dict[str, Adapter]) -> None:
    payload = fedex("Delivered")
    [result] = payload["output"]["completeTrackResults"][0]["trackResults"]
    result["packageDetails"] = {"count": "3"}
    result["additionalTrackingInfo"] = {"packageIdentifiers": [{"type": "STANDARD_MPS", "values": [lead]}]}
    sent = Sent("raw.fedex.v1", json.dumps(payload).encode(), offset=0, timestamp=RECEIVED_AT, headers=[])
    events = events_of(step([sent], adapters, RECEIVED_AT, MOST_BYTES))
    found = travelled(events, [replace(one, tracking_number=lead) for one in orders_for(events, {})])
    assert [one.milestone.value for one in events] == ["delivered"]
    assert found.shipments[f"fedex:{lead}"].status is not Status.DELIVERED
    assert (found.postings, found.updates) == ([], [])


@pytest.mark.parametrize(("segments", "milestones"), [
    ([at7("D1"), "Q7*S*CTN*2", "AT8*G*L*400*10"], ["delivered"]), ([at7("D1"), "Q7*M*CTN*2"], ["delivered"]),
    ([at7("D1", "S1")], ["delivered"]), ([at7("D1"), at7("X6", "S1", clock="1700")], ["delivered", "in_transit"]),
])
def test_a_delivery_with_pieces_short_waits_where_all_of_them_are_asked_for(
    segments: list[str], milestones: list[str], adapters: dict[str, Adapter]
) -> None:
    body, complete = statuses(*segments), Policies(Policy(pieces=PiecesNeeded.COMPLETE))
    assert outcome("rlca", body, adapters) == (milestones, 1)
    assert outcome("rlca", body, adapters, complete) == (milestones, 0)
    sound = statuses(at7("D1"), "AT8*G*L*400*10")
    assert outcome("rlca", sound, adapters, complete) == (["delivered"], 1)
