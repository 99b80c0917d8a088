"""Thirty payloads with one odd thing in each: what a carrier may send some day, and what must become of it."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

import pytest

from connectors.carriers import discover
from streams.intake.step import IntakeResult, step
from tests.support.carrier_cases import case
from tests.support.records import FakeRecord

ADAPTERS = {carrier.feed: carrier.adapter for carrier in discover()}
RECEIVED_AT = 1_790_000_000_000


ALERT = json.loads(case("ups/cases/track_alert_out_for_delivery.in.json"))
GLS = json.loads(case("gls/cases/web_api.in.json"))
DCSA = json.loads(case("dcsa/cases/events_2_2.in.json"))[:1]
USPS = case("usps/cases/trackv2_batch_with_one_not_found.in.xml")
X12 = case("x12_partner/cases/tenders_accepted_and_declined.in.edi")
EDIFACT = case("edifact_partner/cases/consignments.in.edi")
EPCIS = json.loads(case("epcis/cases/declared_in_error_and_corrected.in.json"))


def alert(**changes: Any) -> bytes:
    return json.dumps({**ALERT, **changes}).encode()


def gls(**changes: Any) -> bytes:
    return json.dumps({"parcels": [{**GLS["parcels"][0], **changes}]}).encode()


def dcsa(**changes: Any) -> bytes:
    return json.dumps([{**DCSA[0], **changes}]).encode()


def doubled(body: bytes) -> bytes:
    return body.replace(b'"trackingNumber"', b'"trackingNumber": "1ZWRONG000000000", "trackingNumber"', 1)


class Odd(NamedTuple):
    """One payload. ``milestones`` of all events in order, ``flags`` of all of them, ``reasons`` of what is refused."""

    what: str
    feed: str
    body: bytes
    milestones: str = ""
    flags: str = ""
    reasons: str = ""
    errors: str = ""


ODD = [
    Odd("a byte order mark", "ups", b"\xef\xbb\xbf" + alert(), "out_for_delivery"),
    Odd("blanks and zeros before the body", "ups", b" \r\n\x00" + alert(), "out_for_delivery"),
    Odd("a key that stands there twice: the last counts", "ups", doubled(alert()), "out_for_delivery"),
    Odd("a field nobody knows", "ups", alert(mood={"of": ["the", "driver"]}), "out_for_delivery"),
    Odd("a number where a text is due", "ups", alert(trackingNumber=123456789012), "out_for_delivery"),
    Odd("blanks in the tracking number", "ups", alert(trackingNumber=" 1z7a 1234 0300 45 "), "out_for_delivery"),
    Odd("a list where an object is due", "ups", alert(activityStatus=["I"]), "", "", "contract_broken"),
    Odd("no tracking number", "ups", alert(trackingNumber=None), "", "", "no_reference"),
    Odd("a thirteenth month, and the local time beside it", "ups", alert(gmtActivityDate="20261301"),
        "out_for_delivery", "time_fallback"),
    Odd("a thirteenth month on both clocks", "ups",
        alert(gmtActivityDate="20261301", localActivityDate="20261301"), "", "", "invalid_time"),
    Odd("a leap second", "ups", alert(gmtActivityTime="142260"), "out_for_delivery"),
    Odd("the year 2099", "ups", alert(gmtActivityDate="20990101", localActivityDate="20990101"),
        "out_for_delivery", "timestamp_future"),
    Odd("a code nobody knows", "ups", alert(activityStatus={"type": "Q", "code": "Q9", "description": "Quaint"}),
        "unknown", "code_unmapped"),
    Odd("an emoji and a right-to-left mark in the text", "ups",
        alert(activityStatus={"type": "D", "code": "FS", "description": "Delivered 📦\u200f"}), "delivered"),
    Odd("half a surrogate", "ups", b'{"trackingNumber":"\\ud800"}', "", "", "malformed"),
    Odd("a truncated body", "ups", alert()[:-7], "", "", "malformed"),
    Odd("two objects one after the other", "ups", alert() + alert(), "", "", "malformed"),
    Odd("an error with HTTP 200", "ups", b'{"response":{"errors":[{"code":"151018","message":"Invalid"}]}}',
        errors="not_found"),
    Odd("no scans at all", "gls", gls(events=[]), "", "", "unsupported_message"),
    Odd("scans that are null", "gls", gls(events=None), "", "", "unsupported_message"),
    Odd("one scan without a time among good ones", "gls",
        gls(events=[*GLS["parcels"][0]["events"][:1], {"code": "DELIVD.NORMAL"}]), "delivered", "", "contract_broken"),
    Odd("an offset of fifteen hours", "gls",
        gls(events=[{"code": "INBOUND.NORMAL", "eventDateTime": "2026-09-18T11:02:09+1500"}]), "", "", "invalid_time"),
    Odd("a delivery with an offset of fifteen hours", "gls",
        gls(events=[{"code": "DELIVD.NORMAL", "eventDateTime": "2026-09-18T11:02:09+1500"}]),
        "delivered", "timestamp_unreadable"),
    Odd("an estimate among events", "dcsa",
        dcsa(eventClassifierCode="EST", eventDateTime="2027-01-01T00:00:00Z"), "loaded"),
    Odd("a classifier nobody knows", "dcsa", dcsa(eventClassifierCode="MAYBE"), "loaded"),
    Odd("entities in XML", "usps", b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "", "", "forbidden_xml"),
    Odd("XML in Latin-1 that says so", "canadapost", case("canadapost/cases/details_in_french.in.xml")
        .replace(b"UTF-8", b"ISO-8859-1").decode().encode("latin-1"), "delivered unknown pre_advised", "code_unmapped"),
    Odd("an attribute with another case", "usps", USPS.replace(b"TrackInfo ID", b"TrackInfo Id"), "", "",
        "no_reference", "not_found"),
    Odd("an interchange whose trailer is missing", "x12_partner", X12[: X12.index(b"GE*")],
        "booking_confirmed booking_rejected", "envelope_truncated", "contract_broken"),
    Odd("the same interchange twice in a file", "x12_partner", X12 * 2,
        "booking_confirmed booking_rejected booking_confirmed booking_rejected", "control_number_repeated",
        "contract_broken"),
    Odd("a newline inside an EDIFACT segment", "edifact_partner", EDIFACT.replace(b"CNI+2+C-200", b"CNI+2\n+C-200"),
        "departed_facility in_transit delivered unknown", "code_unmapped", "invalid_time unsupported_message"),
    Odd("an event taken back before it was told", "epcis",
        json.dumps({**EPCIS, "epcisBody": {"eventList": EPCIS["epcisBody"]["eventList"][1:2]}}).encode(),
        "departed_facility"),
]


def taken(odd: Odd) -> IntakeResult:
    record = FakeRecord(f"raw.{odd.feed}.v1", 0, 7, RECEIVED_AT, None, odd.body)
    return step([record], ADAPTERS, RECEIVED_AT, 4 * 1024 * 1024)


def test_there_are_thirty_two_and_each_is_odd_in_its_own_way() -> None:
    assert len({odd.what for odd in ODD}) == len(ODD) == 32


@pytest.mark.parametrize("odd", ODD, ids=[odd.what for odd in ODD])
def test_an_odd_payload_becomes_what_a_person_would_make_of_it(odd: Odd) -> None:
    result = taken(odd)
    out = result.outputs
    events = sorted([*out.events, *(event for _, event in out.unresolved)], key=lambda event: event.source.index)
    assert " ".join(event.milestone for event in events) == odd.milestones
    assert sorted({flag for event in events for flag in event.flags}) == odd.flags.split()
    assert list(dict.fromkeys(reject.reason.value for _, reject in result.refused)) == odd.reasons.split()
    assert [error.kind.value for _, error in out.carrier_errors] == odd.errors.split()
    assert all(place == 0 for place, _ in result.refused)


def test_the_last_of_a_doubled_key_counts() -> None:
    [event] = taken(ODD[2]).outputs.events
    assert event.tracking_number == ALERT["trackingNumber"]


def test_an_estimate_stays_an_estimate() -> None:
    [odd] = [odd for odd in ODD if odd.what == "an estimate among events"]
    [event] = taken(odd).outputs.events
    assert (event.classifier, event.occurred_at) == ("estimated", RECEIVED_AT)


def test_what_is_taken_back_names_the_event_it_voids() -> None:
    [(_, event)] = taken(ODD[-1]).outputs.unresolved
    assert event.correction == "retracts"
    assert event.corrects is not None
    assert event.corrects != event.event_id
