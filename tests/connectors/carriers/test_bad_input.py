"""Every record on a carrier's topic is accounted for: events or a refusal with its true reason."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from connectors.carriers import discover
from connectors.formats import xml
from streams.intake.step import IntakeResult, step
from streams.kernel.vocabulary import Flag, Precision, RejectReason
from tests.support import damage

HERE = Path(__file__).parent
RECEIVED_AT = 1_790_000_000_000
MOST_BYTES = 4 * 1024 * 1024
ADAPTERS = {carrier.feed: carrier.adapter for carrier in discover()}
FEEDS = pytest.mark.parametrize("feed", sorted(ADAPTERS))
CASES = [path.read_bytes() for path in sorted(HERE.glob("*/cases/*.in.*"))]
JSON_CASES = [json.loads(path.read_bytes()) for path in sorted(HERE.glob("*/cases/*.in.json"))]
QUIET = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@dataclass(frozen=True, slots=True)
class Raw:
    topic: str
    value: bytes
    offset: int = 0
    partition: int = 0
    timestamp: int = RECEIVED_AT
    key: bytes | None = None
    headers: Sequence[tuple[str, bytes]] = ()


def take(feed: str, *bodies: bytes) -> IntakeResult:
    records = [Raw(f"raw.{feed}.v1", body, offset) for offset, body in enumerate(bodies)]
    return step(records, ADAPTERS, RECEIVED_AT, MOST_BYTES)


def reasons(feed: str, body: bytes) -> set[RejectReason]:
    result = take(feed, body)
    assert (result.outputs.events, result.outputs.unresolved) == ([], [])
    return {reject.reason for _, reject in result.refused}


def accounted(result: IntakeResult, records: int) -> None:
    offsets = {event.source.offset for event in result.outputs.events}
    offsets |= {event.source.offset for _, event in result.outputs.unresolved}
    offsets |= {place for place, _ in result.refused}
    offsets |= {context.offset for context, _ in result.outputs.carrier_errors}
    offsets |= {one.offset for one in result.outputs.acknowledgements}
    assert offsets == set(range(records))
    internal = [str(reject) for _, reject in result.refused if reject.reason is RejectReason.INTERNAL]
    assert internal == []


def alert(**changed: Any) -> bytes:
    good = json.loads((HERE / "ups/cases/track_alert_out_for_delivery.in.json").read_bytes())
    return json.dumps({**good, **changed}).encode()


@FEEDS
@pytest.mark.parametrize("body", [b"", b"  \n\t", b"\xef\xbb\xbf"])
def test_an_empty_body_is_empty(feed: str, body: bytes) -> None:
    assert reasons(feed, body) <= {RejectReason.EMPTY, RejectReason.MALFORMED}


@FEEDS
def test_five_megabytes_are_too_large(feed: str) -> None:
    assert reasons(feed, b'{"a":"' + b"x" * 5_000_000 + b'"}') == {RejectReason.TOO_LARGE}


@FEEDS
@pytest.mark.parametrize("body", [b'{"a":"\xff\xfe"}', b"\xff\xfe\xfa", b"\x00\x01\x02", b"[1]", b"7", b"null", b'"x"'])
def test_junk_is_refused_without_a_fault_of_ours(feed: str, body: bytes) -> None:
    assert reasons(feed, body) <= {
        RejectReason.NOT_TEXT, RejectReason.MALFORMED, RejectReason.UNEXPECTED_SHAPE, RejectReason.EMPTY,
        RejectReason.CONTRACT_BROKEN, RejectReason.UNSUPPORTED_MESSAGE,
    }


@FEEDS
@pytest.mark.parametrize("body", [b"{}", b'{"hello":"world"}'])
def test_an_unknown_object_is_no_supported_message(feed: str, body: bytes) -> None:
    assert reasons(feed, body) <= {RejectReason.UNSUPPORTED_MESSAGE, RejectReason.MALFORMED}


@pytest.mark.parametrize("feed", ["ups", "fedex", "dhl"])
def test_an_entity_bomb_is_forbidden(feed: str) -> None:
    body = (HERE / "dhl/cases/entity_bomb.in.xml").read_bytes()
    assert reasons(feed, body) == {RejectReason.FORBIDDEN_XML}


@pytest.mark.parametrize("feed", ["ups", "fedex", "dhl", "easypost"])
@pytest.mark.parametrize("depth", [2000, 200_000])
def test_deep_nesting_is_malformed(feed: str, depth: int) -> None:
    assert reasons(feed, b'{"a":' * depth + b"1" + b"}" * depth) <= {
        RejectReason.MALFORMED, RejectReason.UNSUPPORTED_MESSAGE
    }


def test_a_list_where_an_object_is_due_breaks_the_contract_with_its_path() -> None:
    (_, reject), = take("ups", alert(activityStatus=["I", "OT"])).refused
    assert (reject.reason, reject.path) == (RejectReason.CONTRACT_BROKEN, "message.activityStatus.type")


@pytest.mark.parametrize(
    ("changed", "reason", "path"),
    [
        (
            {"gmtActivityDate": "20261345", "localActivityDate": "20261345"}, RejectReason.INVALID_TIME,
            "message.gmtActivityDate",
        ),
        ({"gmtActivityTime": "246060", "localActivityTime": "x"}, RejectReason.INVALID_TIME, "message.gmtActivityTime"),
        ({"gmtActivityDate": "", "localActivityDate": None}, RejectReason.CONTRACT_BROKEN, "message.gmtActivityDate"),
        ({"trackingNumber": ""}, RejectReason.NO_REFERENCE, "message.trackingNumber"),
        ({"trackingNumber": "string"}, RejectReason.NO_REFERENCE, "message.trackingNumber"),
        ({"trackingNumber": {"a": 1}}, RejectReason.CONTRACT_BROKEN, "message.trackingNumber"),
        ({"activityStatus": {}}, RejectReason.CONTRACT_BROKEN, "message.activityStatus.type"),
    ],
)
def test_a_broken_field_is_named(changed: dict[str, Any], reason: RejectReason, path: str) -> None:
    (_, reject), = take("ups", alert(**changed)).refused
    assert (reject.reason, reject.path) == (reason, path)


def test_numbers_where_texts_are_due_are_read() -> None:
    event = take("ups", alert(trackingNumber=123456789012, localActivityDate=20260914)).outputs.events[0]
    assert (event.tracking_number, event.utc_offset_minutes) == ("123456789012", -240)


def test_a_number_is_normalised() -> None:
    assert take("ups", alert(trackingNumber=" 1z7a 1234 ")).outputs.events[0].tracking_number == "1Z7A1234"


def test_a_time_without_a_zone_is_read_in_the_zone_of_its_place() -> None:
    event = take("ups", alert(gmtActivityDate=None, gmtActivityTime="")).outputs.events[0]
    assert (event.precision, event.zone_assumed, event.utc_offset_minutes) == (Precision.LOCAL_NO_ZONE, True, -240)


def test_a_time_from_the_future_is_flagged_and_clamped_and_its_resend_is_the_same_event() -> None:
    body = alert(gmtActivityDate="20990914", localActivityDate="20990914")
    now, later = take("ups", body).outputs.events[0], step(
        [Raw("raw.ups.v1", body, timestamp=RECEIVED_AT + 60_000)], ADAPTERS, RECEIVED_AT, MOST_BYTES
    ).outputs.events[0]
    assert (now.occurred_at, later.occurred_at) == (RECEIVED_AT, RECEIVED_AT + 60_000)
    assert now.event_id == later.event_id
    assert now.flags == [Flag.TIMESTAMP_FUTURE.value]


def test_a_clock_a_little_ahead_is_believed() -> None:
    ahead = take("ups", alert(gmtActivityDate="20260921", gmtActivityTime="141800")).outputs.events[0]
    assert (ahead.flags, ahead.occurred_at > RECEIVED_AT) == ([], True)


def test_an_estimate_lies_in_the_future_by_nature() -> None:
    body = (HERE / "rlca/cases/pickup_delay_estimate_appointment.in.edi").read_bytes()
    events = take("rlca", body.replace(b"20260917*1700", b"20261217*1700")).outputs.events
    (estimate,) = [event for event in events if event.milestone == "eta_updated"]
    assert (estimate.flags, estimate.occurred_at) == ([], RECEIVED_AT)
    assert estimate.estimated_delivery_at is not None
    assert estimate.estimated_delivery_at > RECEIVED_AT


def test_an_unreadable_estimate_costs_no_scan() -> None:
    assert take("ups", alert(scheduledDeliveryDate="by Friday")).outputs.events[0].estimated_delivery_at is None


def test_scans_known_by_a_shipment_id_alone_have_ids_of_their_own() -> None:
    body = (HERE / "rlca/cases/error_another_set_and_no_pro.in.edi").read_bytes()
    unresolved = take("rlca", body, body.replace(b"812046", b"812047")).outputs.unresolved
    assert [key for key, _ in unresolved] == ["shipment:812046", "shipment:812047"]
    assert len({event.event_id for _, event in unresolved}) == 2


def emptied(value: Any) -> Iterator[Any]:
    """Copies of a payload, each with one leaf null, empty, a number, a list or an object."""
    if isinstance(value, dict):
        for key in value:
            yield from ({**value, key: other} for other in emptied(value[key]))
    elif isinstance(value, list):
        for index in range(len(value)):
            yield from ([*value[:index], other, *value[index + 1:]] for other in emptied(value[index]))
    yield from (None, "", 7, [], {}, ["x"], {"x": {"y": 1}}, "ÿ\u2028", -1.5, True)


@cache
def emptied_bodies() -> Sequence[bytes]:
    """Every such copy of every case, the same for each feed."""
    return [json.dumps(changed).encode() for case in JSON_CASES for changed in emptied(case)]


@FEEDS
def test_nothing_in_any_place_of_a_payload_is_a_fault_of_ours(feed: str) -> None:
    bodies = emptied_bodies()
    accounted(take(feed, *bodies), len(bodies))


@FEEDS
def test_payloads_cut_short_anywhere_are_accounted_for(feed: str) -> None:
    bodies = [case[:length] for case in CASES for length in range(1, len(case), 7)]
    accounted(take(feed, *bodies), len(bodies))


KEYS = sorted({
    key for case in JSON_CASES for key in json.dumps(case).replace('"', " ").split() if key.isidentifier()
})


@FEEDS
@QUIET
@given(bodies=damage.bodies(5, 300))
def test_arbitrary_bytes_are_accounted_for(feed: str, bodies: list[bytes]) -> None:
    accounted(take(feed, *bodies), len(bodies))


@FEEDS
@QUIET
@given(value=damage.values(KEYS))
def test_arbitrary_json_is_accounted_for(feed: str, value: Any) -> None:
    accounted(take(feed, json.dumps(value).encode()), 1)


@FEEDS
@QUIET
@given(payload=damage.damaged(JSON_CASES, KEYS))
def test_a_payload_with_anything_anywhere_is_accounted_for(feed: str, payload: Any) -> None:
    accounted(take(feed, json.dumps(payload).encode()), 1)


@QUIET
@given(
    at=st.integers(0, 900), inserted=st.text("*~>\n0123456789ABCDISEGT ", max_size=10),
    case=st.sampled_from([path.read_bytes() for path in sorted(HERE.glob("rlca/cases/*.in.edi"))]),
)
def test_interchanges_with_anything_anywhere_are_accounted_for(at: int, inserted: str, case: bytes) -> None:
    accounted(take("rlca", case[:at] + inserted.encode() + case[at + len(inserted) // 2:]), 1)


def test_xml_nested_to_the_limit_is_read_by_every_adapter() -> None:
    depth = xml.MAX_DEPTH - 1
    for feed in ("ups", "fedex", "dhl"):
        assert reasons(feed, b"<a>" * depth + b"x" + b"</a>" * depth) == {RejectReason.UNSUPPORTED_MESSAGE}
