"""The ways a carrier.yaml may describe the shape of a payload, one feature after the other."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.carriers import Carrier, CarrierFileError, discover
from streams.contracts.model import Location
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.carrier_errors import CarrierError, ErrorKind
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Classifier, Flag, Milestone, Precision, RejectReason

PLAIN = """\
feed: acme
name: Acme
carrier: acme
formats: [json]
channel: webhook
zone: Europe/Vienna
cadence: {expect_every: 15m, stale_after: 2h}
source: Acme's manual
refusals:
  - {when: message.error, reason: carrier_error, detail: [message.error.code, message.error.text],
     kinds: {E404: not_found, "too many": rate_limited}, kind: invalid_request, number: message.error.number}
documents:
  - name: scans
    when: message.list
    each: {scan: "message.list[]"}
    tracking_number: scan.number
    time: [{stamp: scan.at}]
    statuses: codes
    code: scan.code
statuses:
  codes: {source: "Acme's manual, page 3", codes: {D: delivered, T: in_transit}}
"""
SCAN = {"number": "A1", "at": "2026-09-14T10:00:00Z", "code": "D"}


def acme(tmp_path: Path, *changes: tuple[str, str]) -> Carrier:
    text = PLAIN
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "carrier.yaml").write_text(text, "utf-8")
    return discover(tmp_path)[0]


def read(carrier: Carrier, body: Any) -> Parsed:
    context = RawContext("acme", "", "raw.acme.v1", 0, 0, 1_790_000_000_000, "c")
    return carrier.adapter.parse(body if isinstance(body, bytes) else json.dumps(body).encode(), context)


def test_a_list_at_the_root_is_walked(tmp_path: Path) -> None:
    events = read(acme(tmp_path), [SCAN, {**SCAN, "code": "T"}]).events
    assert [event.milestone for event in events] == [Milestone.DELIVERED, Milestone.IN_TRANSIT]


def test_a_list_at_the_root_of_a_carrier_that_sends_objects_is_said_to_be_one(tmp_path: Path) -> None:
    carrier = acme(tmp_path, ("when: message.list", "when: message.scans"), ('"message.list[]"', '"message.scans[]"'))
    with pytest.raises(Reject) as refused:
        read(carrier, [SCAN])
    assert refused.value.reason is RejectReason.UNEXPECTED_SHAPE


def test_several_lists_are_one_after_the_other(tmp_path: Path) -> None:
    carrier = acme(
        tmp_path, ("when: message.list", "when: message.last"),
        ('"message.list[]"', '"message.last + message.earlier[]"'),
    )
    events = read(carrier, {"last": SCAN, "earlier": [{**SCAN, "code": "T"}]}).events
    assert [event.milestone for event in events] == [Milestone.DELIVERED, Milestone.IN_TRANSIT]


def test_json_in_a_text_is_a_level(tmp_path: Path) -> None:
    carrier = acme(tmp_path, ('{scan: "message.list[]"}', '{parcel: "message.list[]", scan: "parcel.last{}"}'))
    parsed = read(carrier, [{"last": json.dumps(SCAN)}, {"last": "{no"}, {"last": ""}])
    assert [event.tracking_number for event in parsed.events] == ["A1"]
    assert [reject.reason for reject in parsed.rejects] == [
        RejectReason.CONTRACT_BROKEN, RejectReason.UNSUPPORTED_MESSAGE,
    ]


@pytest.mark.parametrize(
    ("way", "fields", "at_ms", "precision"),
    [
        ('{stamp: scan.at, pattern: ["%m/%d/%Y %I:%M %p", iso]}', {"at": "09/14/2026 03:02 PM"}, 1_789_390_920_000,
         Precision.LOCAL_NO_ZONE),
        ('{stamp: scan.at, pattern: ["%m/%d/%Y %I:%M %p", iso]}', {"at": "2026-09-14 15:02:00"}, 1_789_390_920_000,
         Precision.LOCAL_NO_ZONE),
        ('{stamp: scan.at, pattern: "%d.%m.%Y"}', {"at": "14.09.2026"}, 1_789_336_800_000, Precision.DATE_ONLY),
        ('{stamp: scan.at, pattern: "%d %b %Y %H:%M %z"}', {"at": "14 Sep 2026 15:02 +0200"}, 1_789_390_920_000,
         Precision.INSTANT),
        ('{local: [scan.day, scan.clock], pattern: "%B %d, %Y"}', {"day": "September 14, 2026", "clock": "3:02 pm"},
         1_789_390_920_000, Precision.LOCAL_NO_ZONE),
        ('{local: [scan.day, scan.clock], pattern: ["%d/%m/%Y", iso]}', {"day": "2026-09-14", "clock": "15:02"},
         1_789_390_920_000, Precision.LOCAL_NO_ZONE),
        ("{stamp: scan.at, offset: scan.zone}", {"at": "2026-09-14T09:02:00", "zone": "-04:00"}, 1_789_390_920_000,
         Precision.INSTANT),
        ("{stamp: scan.at, zone: UTC}", {"at": "2026-09-14T13:02:00"}, 1_789_390_920_000, Precision.INSTANT),
        ("{stamp: scan.at, offset: scan.zone}", {"at": "2026-09-14T13:02:00Z", "zone": "-04:00"}, 1_789_390_920_000,
         Precision.INSTANT),
        ("{epoch: scan.at}", {"at": 1_789_390_920}, 1_789_390_920_000, Precision.INSTANT),
        ("{epoch: scan.at}", {"at": "1789390920.5"}, 1_789_390_920_500, Precision.INSTANT),
        ("{epoch: scan.at}", {"at": 1_789_390_920_000}, 1_789_390_920_000, Precision.INSTANT),
        ("{epoch: scan.at}", {"at": "1789390920000000"}, 1_789_390_920_000, Precision.INSTANT),
        ("{epoch: scan.at}", {"at": 639_249_877_200_000_000}, 1_789_390_920_000, Precision.INSTANT),
        ("{epoch: scan.at}", {"at": "/Date(1789390920000+0200)/"}, 1_789_390_920_000, Precision.INSTANT),
        ("{stamp: scan.at}", {"at": "2026-09-14T15:02:00.1234567+0200"}, 1_789_390_920_123, Precision.INSTANT),
    ],
)
def test_times_are_read_as_declared(
    tmp_path: Path, way: str, fields: dict[str, Any], at_ms: int, precision: Precision
) -> None:
    [event] = read(acme(tmp_path, ("[{stamp: scan.at}]", f"[{way}]")), [{**SCAN, "at": None, **fields}]).events
    assert (event.occurred_at, event.precision) == (at_ms, precision)
    assert event.zone_assumed == (precision is not Precision.INSTANT)


@pytest.mark.parametrize(
    ("way", "fields"),
    [
        ('{stamp: scan.at, pattern: ["%m/%d/%Y %I:%M %p", iso]}', {"at": "14/14/2026 03:02 PM"}),
        ('{local: [scan.day, scan.clock]}', {"day": "2026-09-14", "clock": "13:02 pm"}),
        ("{epoch: scan.at}", {"at": "soon"}),
        ("{epoch: scan.at}", {"at": "123456789012345678"}),
        ("{epoch: scan.at}", {"at": "/Date(99999999999999999)/"}),
        ("{stamp: scan.at, pattern: \"%Y\"}", {"at": "0001"}),
    ],
)
def test_a_time_that_cannot_be_read_costs_its_scan(tmp_path: Path, way: str, fields: dict[str, Any]) -> None:
    scan = {**SCAN, "code": "elsewhere", "at": None, **fields}
    parsed = read(acme(tmp_path, ("[{stamp: scan.at}]", f"[{way}]")), [scan])
    assert (parsed.events, [reject.reason for reject in parsed.rejects]) == ([], [RejectReason.INVALID_TIME])


def test_a_delivery_whose_time_cannot_be_read_is_kept_at_its_receipt(tmp_path: Path) -> None:
    [event] = read(acme(tmp_path), [{**SCAN, "at": "soon"}]).events
    assert (event.milestone, event.occurred_at) == (Milestone.DELIVERED, event.received_at)
    assert event.flags == [Flag.TIMESTAMP_UNREADABLE.value]


def test_a_delivery_without_a_time_is_none(tmp_path: Path) -> None:
    parsed = read(acme(tmp_path), [{**SCAN, "at": None}])
    assert (parsed.events, [reject.reason for reject in parsed.rejects]) == ([], [RejectReason.CONTRACT_BROKEN])


def test_the_next_way_is_taken_where_one_is_unreadable_and_the_event_says_so(tmp_path: Path) -> None:
    ways = "[{stamp: scan.at}, {local: [scan.day, scan.clock], clock: hhmmss}]"
    carrier = acme(tmp_path, ("[{stamp: scan.at}]", ways))
    scan = {**SCAN, "at": "14th", "day": "20260914", "clock": "90501"}
    [told, plain] = read(carrier, [scan, {**scan, "at": None}]).events
    assert told.occurred_at == plain.occurred_at
    assert (told.flags, plain.flags) == ([Flag.TIME_FALLBACK.value], [])


def test_a_column_names_the_zone_and_an_unknown_one_is_flagged(tmp_path: Path) -> None:
    carrier = acme(tmp_path, ("[{stamp: scan.at}]", "[{stamp: scan.at}]\n    zone_by: [{by: scan.tz, table: zones}]"))
    scans = [{**SCAN, "at": "2026-09-14T10:00:00", "tz": zone} for zone in ("america/new_york", "America/Gotham", None)]
    events = read(carrier, scans).events
    assert [event.utc_offset_minutes for event in events] == [-240, 120, 120]
    assert [event.zone_assumed for event in events] == [False, True, True]
    assert [event.flags for event in events] == [[], [Flag.ZONE_UNKNOWN.value], []]


def test_scans_still_to_come_are_left_out_by_rule(tmp_path: Path) -> None:
    rule = "[{stamp: scan.at}]\n    leave_out: [{path: scan.done, one_of: ['false']}]"
    carrier = acme(tmp_path, ("[{stamp: scan.at}]", rule))
    parsed = read(carrier, [{**SCAN, "done": True}, {**SCAN, "at": None, "done": False}])
    assert (len(parsed.events), parsed.rejects) == (1, [])
    nothing = read(carrier, [{**SCAN, "done": False}])
    assert [reject.reason for reject in nothing.rejects] == [RejectReason.UNSUPPORTED_MESSAGE]


def test_an_offset_beside_a_stamp_tells_the_clocks_at_the_place(tmp_path: Path) -> None:
    way = "[{stamp: scan.at, offset: scan.zone}]"
    rows = [("13:02:00Z", "-04:00"), ("09:02:00", "-04:00"), ("13:02:00Z", None), ("09:02:00-04:00", "+01:00")]
    scans = [{**SCAN, "at": f"2026-09-14T{at}", "zone": zone} for at, zone in rows]
    events = read(acme(tmp_path, ("[{stamp: scan.at}]", way)), scans).events
    assert [event.utc_offset_minutes for event in events] == [-240, -240, None, -240]


def test_a_field_may_say_that_the_event_is_an_estimate(tmp_path: Path) -> None:
    carrier = acme(
        tmp_path,
        ("    code: scan.code", "    code: scan.code\n    classifier: {path: scan.sure, values: {EST: estimated}}"),
    )
    events = read(carrier, [{**SCAN, "sure": "EST"}, {**SCAN, "sure": "ACT"}, SCAN]).events
    assert [event.classifier for event in events] == [Classifier.ESTIMATED, Classifier.ACTUAL, Classifier.ACTUAL]


def test_a_document_without_codes_may_always_mean_one_thing(tmp_path: Path) -> None:
    carrier = acme(tmp_path, ("    statuses: codes\n    code: scan.code", "    always: pod_received"))
    assert [event.milestone for event in read(carrier, [SCAN]).events] == [Milestone.POD_RECEIVED]


def test_a_line_of_text_is_taken_apart_into_a_place(tmp_path: Path) -> None:
    carrier = acme(
        tmp_path, ("    code: scan.code", "    code: scan.code\n    place: {line: scan.where, country: scan.land}"),
    )
    rows = [("Quebec City, QC, CA", None), ("Feltham, SRY", "GB"), ("Linz", None), (None, None)]
    events = read(carrier, [{**SCAN, "where": where, "land": land} for where, land in rows]).events
    assert [event.location for event in events] == [
        Location(city="Quebec City", region="QC", country="CA"),
        Location(city="Feltham", region="SRY", country="GB"), Location(city="Linz"), None,
    ]


def test_a_line_may_be_taken_apart_from_its_end(tmp_path: Path) -> None:
    where = "place: {line: scan.where, parts: 'city, country', parts_from: right}"
    carrier = acme(tmp_path, ("    code: scan.code", f"    code: scan.code\n    {where}"))
    rows = ["LONDON,EGHAM,GB", "Essen, DE", "NL"]
    events = read(carrier, [{**SCAN, "where": where} for where in rows]).events
    assert [event.location for event in events] == [
        Location(city="LONDON,EGHAM", country="GB"), Location(city="Essen", country="DE"), Location(country="NL"),
    ]


@pytest.mark.parametrize(
    ("error", "kind", "number"),
    [
        ({"code": "E404", "text": "unknown", "number": " a 1 "}, ErrorKind.NOT_FOUND, "A1"),
        ({"code": "X", "text": "Too many questions"}, ErrorKind.RATE_LIMITED, ""),
        ({"code": "X"}, ErrorKind.INVALID_REQUEST, ""),
    ],
)
def test_a_carriers_error_is_an_outcome_of_its_own(
    tmp_path: Path, error: dict[str, str], kind: ErrorKind, number: str
) -> None:
    parsed = read(acme(tmp_path), {"error": error})
    assert (parsed.events, parsed.rejects) == ([], [])
    assert [(one.kind, one.tracking_number) for one in parsed.errors] == [(kind, number)]
    assert isinstance(parsed.errors[0], CarrierError)


TABLE = (
    ("formats: [json]", "formats: [csv]"), ("when: message.list", "when: message.PRO"),
    ('    each: {scan: "message.list[]"}\n', ""), ("scan.number", "message.PRO"), ("scan.at", "message.At"),
    ("scan.code", "message.Code"),
)


def test_every_row_of_a_table_is_a_message(tmp_path: Path) -> None:
    parsed = read(acme(tmp_path, *TABLE), b"PRO,At,Code\nA1,2026-09-14 10:00,D\nA2,never,T\nA3,2026-09-14 10:00,T\n")
    assert [event.tracking_number for event in parsed.events] == ["A1", "A3"]
    assert [(one.reason, one.detail) for one in parsed.rejects] == [
        (RejectReason.INVALID_TIME, "line 3: message.At: 'never' is no time")
    ]


def test_columns_of_fixed_width_are_declared(tmp_path: Path) -> None:
    widths = "csv: {columns: [PRO, At, Code], widths: [4, 17, 2]}\nsource: Acme's manual"
    carrier = acme(tmp_path, *TABLE, ("source: Acme's manual\nref", f"{widths}\nref"))
    assert [event.tracking_number for event in read(carrier, b"A1  2026-09-14 10:00 D\n").events] == ["A1"]


def test_every_line_of_ndjson_is_a_message(tmp_path: Path) -> None:
    changes = (*TABLE[1:], ("formats: [json]", "formats: [ndjson]"))
    line = b'{"PRO":"A1","At":"2026-09-14T10:00:00Z","Code":"D"}'
    parsed = read(acme(tmp_path, *changes), line + b'\n{"PRO"\n' + line.replace(b"A1", b"A2"))
    assert [event.tracking_number for event in parsed.events] == ["A1", "A2"]
    assert [one.reason for one in parsed.rejects] == [RejectReason.MALFORMED]


def test_lines_that_are_none_are_empty(tmp_path: Path) -> None:
    with pytest.raises(Reject) as refused:
        read(acme(tmp_path, *TABLE), b"PRO,At,Code\n\n")
    assert refused.value.reason is RejectReason.EMPTY


def test_xml_attributes_are_fields_where_declared_and_soap_is_taken_off(tmp_path: Path) -> None:
    carrier = acme(
        tmp_path, ("formats: [json]", "formats: [xml]\nxml_attributes: true"),
        ("when: message.list", "when: message.Track"),
        ('"message.list[]"', '"message.Track.Scan[]"'), ("scan.number", "scan.@id"), ("scan.code", "scan.Code.text"),
    )
    body = b"""<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Header/><s:Body><Track>
        <Scan id="A1"><at>2026-09-14T10:00:00Z</at><Code kind="x">D</Code></Scan></Track></s:Body></s:Envelope>"""
    [event] = read(carrier, body).events
    assert (event.tracking_number, event.milestone) == ("A1", Milestone.DELIVERED)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ([("formats: [json]", "formats: [csv, json]")], ["stands alone"]),
        ([("source: Acme's manual\nref", "source: Acme's manual\ncsv: {delimiter: ;}\nref")], ["formats [csv]"]),
        ([("formats: [json]", "formats: [csv]\ncsv: {widths: [3]}")], ["1 widths for 0 columns"]),
        ([("formats: [json]", "formats: [csv]\ncsv: {encoding: morse}")], ["morse"]),
        ([("    code: scan.code", "    code: scan.code\n    place: {line: scan.w, parts: planet}")], ["parts of"]),
        ([("[{stamp: scan.at}]", "[{stamp: scan.at, epoch: scan.at}]")], ["exactly one"]),
    ],
)
def test_contradicting_entries_are_named(
    tmp_path: Path, changes: list[tuple[str, str]], words: list[str]
) -> None:
    with pytest.raises(CarrierFileError) as wrong:
        acme(tmp_path, *changes)
    assert all(word in str(wrong.value) for word in words), wrong.value
