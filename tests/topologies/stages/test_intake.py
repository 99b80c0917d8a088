"""The intake handler with the real carriers: bytes as received in, canonical bytes out."""

from __future__ import annotations

import io
import json
from datetime import UTC, datetime
from typing import Any

import fastavro
import pytest

from config import contracts, headers, topics
from config.settings import Settings
from connectors.kafka.registry import ValueCodec
from streams.contracts.ids import event_id
from streams.contracts.model import (
    Acknowledgement,
    FeedActivity,
    Location,
    MinuteCount,
    Reference,
    ReferenceClaim,
    Source,
)
from streams.kernel.vocabulary import Direction, Flag, Milestone, RejectReason, SaidBy, Verdict
from tests.support.intake_records import (
    ACTIVITY,
    CARRIERS,
    EDI,
    EVENTS,
    LANDED,
    MOST_BYTES,
    NOW,
    NUMBER,
    REGISTRY,
    UNRESOLVED,
    alert,
    keys,
    raw,
    values,
)
from tests.support.records import FakeRecord
from topologies.stages.intake import IntakeHandler

ACKNOWLEDGEMENTS = ValueCodec(topics.EDI_ACKNOWLEDGEMENTS, Acknowledgement, REGISTRY)
CLAIMS = ValueCodec(topics.REFERENCE_CLAIMS, ReferenceClaim, REGISTRY)
DELIVERED_AT = int(datetime(2026, 9, 21, 13, 5, 9, tzinfo=UTC).timestamp() * 1000)


def scan(status: str, date: str) -> dict[str, Any]:
    kind, _, code = status.partition(":")
    return {"status": {"type": kind, "code": code}, "gmtDate": date, "gmtTime": "080000"}


def answer(*packages: dict[str, Any]) -> bytes:
    """A made-up answer of UPS's Track API about one shipment."""
    return json.dumps({"trackResponse": {"shipment": [{"package": packages}]}}).encode()


@pytest.fixture
def handler() -> IntakeHandler:
    return IntakeHandler(Settings(max_record_bytes=MOST_BYTES), REGISTRY, CARRIERS)


def test_a_track_alert_becomes_the_event_a_person_reads_in_it(handler: IntakeHandler) -> None:
    out = handler.handle(raw(alert(), first=7, headers=[(headers.CORRELATION_ID, b"req-5")]), None, NOW)
    [message] = out.outputs[topics.CARRIER_EVENTS.name]
    portland = {"city": "Portland", "region": "OR", "postal_code": "97204", "country": "US"}
    head, body = message["value"][:5], io.BytesIO(message["value"][5:])
    assert head == b"\x00" + REGISTRY.schema_id(topics.CARRIER_EVENTS).to_bytes(4, "big")
    assert fastavro.schemaless_reader(body, contracts.schema("carrier_event"), None) == {
        "event_id": event_id("ups", NUMBER, Milestone.DELIVERED, "D:FS", DELIVERED_AT, Location(**portland), None),
        "carrier_shipment_id": None, "estimated_delivery_from": None, "piece_count": None,
        "carrier": "ups", "tracking_number": NUMBER, "milestone": "delivered", "classifier": "actual",
        "occurred_at": datetime(2026, 9, 21, 13, 5, 9, tzinfo=UTC),
        "received_at": datetime(2026, 9, 21, 14, 13, 18, tzinfo=UTC),
        "exception": "none", "reason": "normal", "carrier_code": "D:FS", "carrier_text": "Delivered",
        "location": {**dict.fromkeys(Location.__struct_fields__), **portland}, "estimated_delivery_at": None,
        "proof_of_delivery": {"signed_by": "Søren Ødegård", "left_at": "Front desk", "document_url": None},
        "piece": None, "utc_offset_minutes": -420, "zone_assumed": False, "precision": "instant",
        "correction": "new", "corrects": None, "references": [], "flags": [],
        "stated_at": None, "leg": None, "carrier_event_id": None,
        "source": {
            "feed": "ups", "channel": "webhook", "topic": "raw.ups.v1", "partition": 3, "offset": 7, "index": 0,
            "correlation_id": "req-5",
        },
    }
    assert message["key"] == b"ups:1Z9X77410311122231"
    assert (out.refused, out.changes) == ([], {})
    assert set(out.outputs) == {topics.CARRIER_EVENTS.name, topics.FEED_ACTIVITY.name}


def test_every_package_of_an_answer_goes_out_under_its_own_key_in_the_answers_order(handler: IntakeHandler) -> None:
    body = answer(
        {"trackingNumber": "1Z9X77410311122244", "activity": [scan("D:FS", "20260920"), scan("I:OT", "20260919")]},
        {"trackingNumber": "1z 9x7 74103 1112 2255", "activity": [scan("I:DP", "20260918")]},
    )
    out = handler.handle(raw(body), None, NOW)
    assert keys(out, topics.CARRIER_EVENTS) == [
        b"ups:1Z9X77410311122244", b"ups:1Z9X77410311122244", b"ups:1Z9X77410311122255",
    ]
    assert [(event.milestone, event.source.index) for event in values(out, EVENTS)] == [
        (Milestone.DELIVERED, 0), (Milestone.OUT_FOR_DELIVERY, 1), (Milestone.DEPARTED_FACILITY, 2),
    ]


def test_a_record_good_in_part_gives_its_events_and_is_refused_for_the_rest(handler: IntakeHandler) -> None:
    scans = [scan("D:FS", "20260920"), scan("I:OT", "20261399")]
    records = raw(answer({"trackingNumber": "1Z9X77410311122244", "activity": scans}))
    out = handler.handle(records, None, NOW)
    [refused] = out.refused
    assert len(values(out, EVENTS)) == 1
    assert (refused.record, refused.reject.reason) == (records[0], RejectReason.INVALID_TIME)


def test_a_code_without_a_mapping_goes_on_as_unknown_and_is_counted(handler: IntakeHandler) -> None:
    status = {"type": "X", "code": "Q9", "description": "Left with a drone"}
    out = handler.handle(raw(alert(activityStatus=status)), None, NOW)
    [event] = values(out, EVENTS)
    assert (event.milestone, event.carrier_code, event.carrier_text, event.flags) == (
        Milestone.UNKNOWN, "X:Q9", "Left with a drone", [Flag.CODE_UNMAPPED],
    )
    assert values(out, ACTIVITY)[0].unmapped == 1


def test_an_edi_status_with_a_pro_number_goes_to_its_shipment(handler: IntakeHandler) -> None:
    out = handler.handle(raw(EDI.format(pro="I993001").encode(), feed="rlca"), None, NOW)
    [event] = values(out, EVENTS)
    assert keys(out, topics.CARRIER_EVENTS) == [b"rlca:I993001"]
    assert (event.source.channel, event.location) == ("edi", Location(city="RENO", region="NV", country="US"))
    assert event.occurred_at == int(datetime(2026, 9, 14, 13, 16, tzinfo=UTC).timestamp() * 1000)


def test_an_event_without_the_carriers_number_waits_unresolved_under_the_reference_it_has(
    handler: IntakeHandler,
) -> None:
    out = handler.handle(raw(EDI.format(pro="").encode(), feed="rlca"), None, NOW)
    [message] = out.outputs[topics.CARRIER_UNRESOLVED.name]
    event = UNRESOLVED.decode(message["value"])
    assert message["key"] == b"shipment:771204"
    assert (event.tracking_number, event.references) == ("", [Reference("shipment", "771204")])
    assert set(out.outputs) == {
        topics.CARRIER_UNRESOLVED.name, topics.FEED_ACTIVITY.name, topics.EDI_ACKNOWLEDGEMENTS.name,
        topics.EDI_RECEIPTS.name,
    }


def test_an_interchange_is_answered_with_a_997_on_the_topic_of_acknowledgements(handler: IntakeHandler) -> None:
    chunk = raw(EDI.format(pro="PRO1").encode(), first=4, feed="rlca")
    out = handler.handle(chunk, None, NOW)
    assert keys(out, topics.EDI_ACKNOWLEDGEMENTS) == [b"rlca"]
    [answer] = values(out, ACKNOWLEDGEMENTS)
    assert (answer.direction, answer.verdict, answer.topic, answer.offset) == (
        Direction.SENT, Verdict.ACCEPTED, "raw.rlca.v1", 4,
    )
    assert answer.text.startswith("ISA*00*")
    assert out.counts["acknowledgements"] == 1
    assert handler.handle(chunk, None, NOW + 5).outputs[topics.EDI_ACKNOWLEDGEMENTS.name] == (
        out.outputs[topics.EDI_ACKNOWLEDGEMENTS.name]
    )


def test_a_carriers_error_is_neither_an_event_nor_a_dead_letter(handler: IntakeHandler) -> None:
    error = b'{"response":{"errors":[{"code":"151018","message":"Invalid tracking number"}]}}'
    out = handler.handle(raw(error, alert()), None, NOW)
    assert (out.refused, len(values(out, EVENTS))) == ([], 1)
    assert out.carrier_errors == {("ups", "not_found"): 1}
    assert out.counts["carrier_errors"] == 1
    [activity] = values(out, ACTIVITY)
    assert (activity.carrier_errors, activity.dead_letters, activity.events) == (1, 0, 1)


def test_what_is_noticed_and_let_pass_is_counted_by_feed_and_flag(handler: IntakeHandler) -> None:
    odd = alert(trackingNumber="1Z9X77410311122234")
    out = handler.handle(raw(odd, odd, alert()), None, NOW)
    assert out.flags == {("ups", "check_digit_wrong"): 2}
    assert all("check_digit_wrong" in event.flags for event in values(out, EVENTS)[:2])


def test_what_was_seen_of_the_feed_is_told_with_the_chunk(handler: IntakeHandler) -> None:
    earlier = alert(gmtActivityTime="120001", localActivityTime="050001")
    out = handler.handle([
        *raw(alert(), earlier, first=1),
        *raw(None, first=3, headers=[(headers.RECEIVED_AT, b"%d" % (LANDED + 700))]),
        *raw(alert(), b"{}", first=4),
    ], None, NOW)
    first = int(datetime(2026, 9, 21, 12, 0, 1, tzinfo=UTC).timestamp() * 1000)
    assert keys(out, topics.FEED_ACTIVITY) == [b"ups"]
    [seen] = values(out, ACTIVITY)
    novel, seen.novel = seen.novel, []
    assert seen == FeedActivity("ups", 3, 2, 0, first, DELIVERED_AT, LANDED + 700, [
        MinuteCount(first // 60_000, 1), MinuteCount(DELIVERED_AT // 60_000, 2),
    ], records=5)
    assert "trackingNumber: text" in {one.what for one in novel}


def test_a_field_and_a_code_never_told_of_are_told_with_the_record_they_stand_in(handler: IntakeHandler) -> None:
    handler.handle(raw(alert()), None, NOW)
    new = alert(weather={"sky": "grey"}, activityStatus={"type": "Q", "code": "QQ", "description": "Quaint"})
    [seen] = values(handler.handle(raw(alert(), new, alert(activityStatus=[]), first=8), None, NOW), ACTIVITY)
    assert [(one.what, one.offset) for one in seen.novel] == [("weather.sky: text", 9), ("code Q:QQ", 9)]
    assert (seen.records, seen.broken) == (3, 1)
    [again] = values(handler.handle(raw(new), None, NOW), ACTIVITY)
    assert again.novel == []


def test_without_headers_the_topic_the_carrier_and_the_broker_say_what_they_would(handler: IntakeHandler) -> None:
    [event, other] = values(handler.handle(raw(alert(), alert(), first=8), None, NOW), EVENTS)
    assert (event.received_at, event.source.feed, event.source.channel) == (LANDED, "ups", "webhook")
    [again] = values(handler.handle(raw(alert(), first=8), None, NOW + 60_000), EVENTS)
    assert again.source.correlation_id == event.source.correlation_id != other.source.correlation_id


def test_without_any_time_of_receipt_it_is_the_workers_clock(handler: IntakeHandler) -> None:
    [event] = values(handler.handle(raw(alert(), timestamp=-1), None, NOW), EVENTS)
    assert event.received_at == NOW


def test_what_the_headers_say_stands_before_topic_and_broker(handler: IntakeHandler) -> None:
    told = [
        (headers.FEED, b"ups"), (headers.CHANNEL, b"replay"), (headers.RECEIVED_AT, b"%d" % (NOW - 777)),
        (headers.CORRELATION_ID, b"req-5"), (headers.CONTENT_TYPE, b"application/json"),
    ]
    out = handler.handle(raw(alert(), feed="shared", headers=told), None, NOW)
    [event] = values(out, EVENTS)
    assert (event.received_at, event.source) == (NOW - 777, Source("ups", "replay", "raw.shared.v1", 3, 0, 0, "req-5"))
    assert keys(out, topics.FEED_ACTIVITY) == [b"ups"]


def test_repeats_inside_a_chunk_carry_one_event_id_and_their_own_origin(handler: IntakeHandler) -> None:
    out = handler.handle(raw(alert(), alert(), first=30), None, NOW)
    assert len({event.event_id for event in values(out, EVENTS)}) == 1
    assert [event.source.offset for event in values(out, EVENTS)] == [30, 31]


def test_a_repeated_chunk_gives_the_same_bytes_whenever_it_is_read(handler: IntakeHandler) -> None:
    chunk = raw(alert(), b"{}", alert(trackingNumber="1Z9X77410311122299"))
    fresh = IntakeHandler(Settings(max_record_bytes=MOST_BYTES), REGISTRY, CARRIERS)
    assert handler.handle(chunk, None, NOW).outputs == fresh.handle(chunk, None, NOW + 3_600_000).outputs


def pro_and_bol(number: str, offset: int = 0) -> list[FakeRecord]:
    """A made-up 214 of a pickup, with the PRO number, if any, and a bill of lading and a purchase order."""
    body = (
        "ISA*00*          *00*          *02*RLCA           *ZZ*SHIPSYNC       *260921*1200*U*00401*000000017*0*P*>~"
        f"GS*QM*RLCA*SHIPSYNC*20260921*1200*17*X*004010~ST*214*0001~B10*{number}**RLCA~"
        "L11*b 4711*BM~L11*P9*PO~LX*1~AT7*AF*NS***20260921*080000*ET~MS1*DAYTON*OH~SE*8*0001~GE*1*17~IEA*1*000000017~"
    )
    return raw(body.encode(), feed="rlca", first=offset)


def test_an_event_with_the_carriers_number_tells_whose_its_other_numbers_are(handler: IntakeHandler) -> None:
    out = handler.handle(pro_and_bol("I993001"), None, NOW)
    told = [(one.type, one.value, one.carrier, one.tracking_number, one.said_by) for one in values(out, CLAIMS)]
    assert told == [
        ("bol", "B4711", "rlca", "I993001", SaidBy.EVENT), ("po", "P9", "rlca", "I993001", SaidBy.EVENT),
    ]
    assert keys(out, topics.REFERENCE_CLAIMS) == [b"bol:B4711", b"po:P9"]
    again = handler.handle(pro_and_bol("I993001", 1), None, NOW)
    assert topics.REFERENCE_CLAIMS.name not in again.outputs


def test_an_event_without_it_waits_under_its_most_specific_reference(handler: IntakeHandler) -> None:
    out = handler.handle(pro_and_bol(""), None, NOW)
    assert keys(out, topics.CARRIER_UNRESOLVED) == [b"bol:B4711"]
    assert topics.REFERENCE_CLAIMS.name not in out.outputs


def test_an_event_that_is_refused_tells_nothing() -> None:
    handler = IntakeHandler(Settings(), REGISTRY, CARRIERS)
    out = handler.handle(pro_and_bol("I" * 400), None, NOW)
    assert [one.reject.reason for one in out.refused] == [RejectReason.TOO_LARGE]
    assert topics.REFERENCE_CLAIMS.name not in out.outputs
