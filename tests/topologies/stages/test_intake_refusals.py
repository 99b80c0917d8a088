"""The intake handler with the real carriers: it refuses a bad record alone, with its reason, and counts it."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace
from typing import Any

import pytest
from msgspec.structs import replace as changed

from config import topics
from config.settings import Settings
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason
from tests.support.intake_records import (
    ACTIVITY,
    CARRIERS,
    EVENTS,
    MOST_BYTES,
    NOW,
    NUMBER,
    REGISTRY,
    alert,
    raw,
    values,
)
from tests.support.records import FakeRecord
from topologies.runtime.handler import Handled
from topologies.stages.intake import IntakeHandler


@pytest.fixture
def handler() -> IntakeHandler:
    return IntakeHandler(Settings(max_record_bytes=MOST_BYTES), REGISTRY, CARRIERS)


BAD = [
    (None, RejectReason.EMPTY, None),
    (b"", RejectReason.EMPTY, None),
    (b" \r\n", RejectReason.EMPTY, None),
    (b'{"a":"' + b"x" * MOST_BYTES + b'"}', RejectReason.TOO_LARGE, None),
    (b"\xff\xfe\x00", RejectReason.NOT_TEXT, None),
    (alert()[:-9], RejectReason.MALFORMED, None),
    (alert(receivedBy="\ud800"), RejectReason.MALFORMED, None),
    (b'[{"trackingNumber":"1Z"}]', RejectReason.UNEXPECTED_SHAPE, "message"),
    (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', RejectReason.FORBIDDEN_XML, None),
    (b'{"weather":"fair"}', RejectReason.UNSUPPORTED_MESSAGE, "message"),
    (alert(trackingNumber=""), RejectReason.NO_REFERENCE, "message.trackingNumber"),
    (alert(trackingNumber={"a": 1}), RejectReason.CONTRACT_BROKEN, "message.trackingNumber"),
    (alert(activityStatus=["D", "FS"]), RejectReason.CONTRACT_BROKEN, "message.activityStatus.type"),
    (
        alert(
            gmtActivityDate="20261345", localActivityDate="20261345",
            activityStatus={"type": "I", "code": "AR", "description": "Arrived at Facility"},
        ),
        RejectReason.INVALID_TIME, "message.gmtActivityDate",
    ),
]


@pytest.mark.parametrize(("value", "reason", "path"), BAD, ids=[f"{place}-{one[1]}" for place, one in enumerate(BAD)])
def test_a_bad_payload_is_refused_for_its_own_reason_and_its_neighbours_go_on(
    handler: IntakeHandler, value: bytes | None, reason: RejectReason, path: str | None
) -> None:
    records = raw(alert(), value, alert(trackingNumber="1Z9X77410311122299"), first=20)
    out = handler.handle(records, None, NOW)
    [refused] = out.refused
    assert refused.record is records[1]
    assert (refused.reject.reason, refused.reject.path) == (reason, path)
    assert refused.reject.detail
    assert [(event.tracking_number, event.source.offset) for event in values(out, EVENTS)] == [
        (NUMBER, 20), ("1Z9X77410311122299", 22),
    ]
    assert out.counts["refused"] == 1


def test_a_chunk_of_bad_payloads_gives_one_refusal_each_and_no_event(handler: IntakeHandler) -> None:
    out = handler.handle(raw(*(value for value, _, _ in BAD)), None, NOW)
    assert [(one.record.offset, one.reject.reason) for one in out.refused] == [
        (place, reason) for place, (_, reason, _) in enumerate(BAD)
    ]
    assert set(out.outputs) == {topics.FEED_ACTIVITY.name}
    assert (out.counts["records"], out.counts["events"], out.counts["refused"]) == (len(BAD), 0, len(BAD))


def test_a_refused_record_is_let_go_of_once_its_chunk_is_done(handler: IntakeHandler) -> None:
    def refused_once() -> list[weakref.ref[Reject]]:
        return [weakref.ref(one.reject) for one in handler.handle(raw(b"{}", alert()[:-9]), None, NOW).refused]

    left = refused_once()
    gc.collect()
    assert [reject() for reject in left] == [None, None]


def test_a_feed_no_carrier_has_is_refused_and_no_activity_of_it_is_told(handler: IntakeHandler) -> None:
    out = handler.handle(raw(alert(), feed="pigeon-post"), None, NOW)
    assert [one.reject.reason for one in out.refused] == [RejectReason.UNKNOWN_FEED]
    assert out.outputs == {}


class Unwritable:
    """Reads UPS's alerts, and makes of one what no Unicode text can be."""

    feed = "ups"

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        parsed = CARRIERS["ups"].adapter.parse(body, context)
        if context.offset == 1:
            parsed.events[0] = changed(parsed.events[0], carrier_text="half a \ud83d")
        return parsed

    def shape(self, body: bytes) -> set[str]:
        return CARRIERS["ups"].adapter.shape(body)


def second_of_three_unwritable() -> Handled:
    carriers = {"ups": replace(CARRIERS["ups"], adapter=Unwritable())}
    return IntakeHandler(Settings(), REGISTRY, carriers).handle(raw(alert(), alert(), alert()), None, NOW)


def test_an_event_that_cannot_be_written_is_refused_with_its_record_alone() -> None:
    out = second_of_three_unwritable()
    assert [(one.record.offset, one.reject.reason) for one in out.refused] == [(1, RejectReason.NOT_TEXT)]
    assert [event.source.offset for event in values(out, EVENTS)] == [0, 2]


def test_an_event_that_cannot_be_written_counts_as_refused_and_as_no_event() -> None:
    out = second_of_three_unwritable()
    [told] = values(out, ACTIVITY)
    assert (out.counts["events"], out.counts["refused"]) == (2, 1)
    assert (told.events, told.dead_letters) == (2, 1)


@pytest.mark.parametrize(
    ("bad", "told"),
    [
        ({"activityStatus": {"type": "D", "code": "FS", "description": "x" * 70_000}}, "the event has 7"),
        ({"trackingNumber": "1Z" * 200}, "the tracking number has 400 characters"),
    ],
)
def test_an_event_no_topic_could_carry_is_refused_with_its_record_alone(bad: dict[str, Any], told: str) -> None:
    handler = IntakeHandler(Settings(), REGISTRY, CARRIERS)
    out = handler.handle(raw(alert(), alert(**bad), alert()), None, NOW)
    [refused] = out.refused
    assert (refused.record.offset, refused.reject.reason) == (1, RejectReason.TOO_LARGE)
    assert refused.reject.detail.startswith(told)
    assert out.counts["events"] == 2


def test_an_acknowledgement_no_topic_could_carry_costs_its_record_a_dead_letter_and_not_its_events() -> None:
    sets = "".join(
        f"ST*214*N{one:08}~B10*PRO{one}*S1*RLCA~AT7*X1*NS***20260914*1015~SE*4*N{one:08}~" for one in range(30_000)
    )
    head = "ISA*00*          *00*          *02*RLCA           *ZZ*SHIPPERCO      *260914*1902*U*00401*000000071*0*P*>~"
    body = f"{head}GS*QM*RLCA*SHIPPERCO*20260914*1902*71*X*004010~{sets}GE*30000*71~IEA*1*000000071~".encode()
    handler = IntakeHandler(Settings(), REGISTRY, CARRIERS)
    record = FakeRecord("raw.x12_partner.v1", 0, 7, NOW, None, body)
    out = handler.handle([record], None, NOW)
    [refused] = out.refused
    assert (refused.record.offset, refused.reject.reason) == (7, RejectReason.TOO_LARGE)
    assert "fewer transaction sets" in refused.reject.detail
    assert len(out.outputs[topics.CARRIER_EVENTS.name]) == out.counts["events"] == 30_000
    assert topics.EDI_ACKNOWLEDGEMENTS.name not in out.outputs
    [told] = values(out, ACTIVITY)
    assert told.dead_letters == out.counts["refused"] == 1
    assert max(len(one["value"] or b"") for messages in out.outputs.values() for one in messages) < 1_000_000
