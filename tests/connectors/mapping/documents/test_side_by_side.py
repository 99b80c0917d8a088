"""Lists that run side by side are joined by position, or by what points from one into another, and never by luck."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.carriers import Carrier, CarrierFileError, discover
from connectors.mapping.documents.side_by_side import side_by_side
from streams.intake.adapter import Parsed, RawContext
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

FILE = """\
feed: acme
name: Acme
carrier: acme
formats: [FORMAT]
channel: webhook
zone: UTC
cadence: {expect_every: 15m, stale_after: 2h}
source: Acme's manual
documents:
  - name: scans
    when: message.WHEN
    each: EACH
    tracking_number: NUMBER
    time: [{stamp: TIME}]
    statuses: codes
    code: CODE
    place: {city: CITY}
statuses:
  codes: {source: "Acme's manual", codes: {D: delivered, T: in_transit}}
"""
TEXTS = {
    "FORMAT": "json", "WHEN": "numbers",
    "EACH": '{scan: {number: "message.numbers[]", status: "message.statuses[]", city: "message.cities[]"}}',
    "NUMBER": "scan.number", "TIME": "message.at", "CODE": "scan.status", "CITY": "scan.city",
}
OBJECTS = {
    **TEXTS, "WHEN": "events", "NUMBER": "scan.event.number", "TIME": "scan.event.at", "CODE": "scan.event.code",
    "CITY": "scan.place.city", "EACH": '{scan: {event: "message.events[]", place: "message.places[]"}}',
}
AT = "2026-09-14T10:00:00Z"
EVENTS = [{"number": "A1", "at": AT, "code": "D", "place": 1}, {"number": "B2", "at": AT, "code": "T", "place": 0}]
PLACES = [{"city": "Graz", "id": "G"}, {"city": "Linz", "id": "L"}]


def acme(tmp_path: Path, said: dict[str, str]) -> Carrier:
    text = FILE
    for name, value in said.items():
        text = text.replace(name, value)
    folder = tmp_path / "acme"
    folder.mkdir()
    (folder / "carrier.yaml").write_text(text, "utf-8")
    return discover(tmp_path)[0]


def read(carrier: Carrier, body: Any) -> Parsed:
    context = RawContext("acme", "", "raw.acme.v1", 0, 0, 1_790_000_000_000, "c")
    return carrier.adapter.parse(body if isinstance(body, bytes) else json.dumps(body).encode(), context)


def told(parsed: Parsed) -> list[tuple[str, str, str | None]]:
    return [
        (one.tracking_number, one.milestone.value, one.location.city if one.location else None)
        for one in parsed.events
    ]


def test_lists_of_texts_are_joined_by_position(tmp_path: Path) -> None:
    body = {"at": AT, "numbers": ["A1", "B2"], "statuses": ["D", "T"], "cities": ["Graz", None]}
    assert told(read(acme(tmp_path, TEXTS), body)) == [("A1", "delivered", "Graz"), ("B2", "in_transit", None)]


def test_lists_of_objects_are_joined_by_position(tmp_path: Path) -> None:
    body = {"events": EVENTS, "places": PLACES}
    assert told(read(acme(tmp_path, OBJECTS), body)) == [("A1", "delivered", "Graz"), ("B2", "in_transit", "Linz")]


def test_a_list_that_is_missing_joins_nothing(tmp_path: Path) -> None:
    carrier = acme(tmp_path, OBJECTS)
    for body in ({"events": EVENTS}, {"events": EVENTS, "places": None}):
        assert told(read(carrier, body)) == [("A1", "delivered", None), ("B2", "in_transit", None)]


@pytest.mark.parametrize("cities", [[], ["Graz"], ["Graz", "Linz", "Wels"]])
def test_lists_of_unequal_length_are_refused_and_the_refusal_names_both(tmp_path: Path, cities: list[str]) -> None:
    body = {"at": AT, "numbers": ["A1", "B2"], "statuses": ["D", "T"], "cities": cities}
    parsed = read(acme(tmp_path, TEXTS), body)
    assert parsed.events == []
    [refused] = parsed.rejects
    assert refused.reason is RejectReason.CONTRACT_BROKEN
    assert f"message.statuses has 2 elements and message.cities {len(cities)}" in refused.detail
    assert refused.path == "message.cities"


def test_where_all_are_empty_there_is_no_scan(tmp_path: Path) -> None:
    body = {"at": AT, "numbers": [], "statuses": [], "cities": []}
    [refused] = read(acme(tmp_path, {**TEXTS, "WHEN": "at"}), body).rejects
    assert refused.reason is RejectReason.UNSUPPORTED_MESSAGE


def test_what_is_no_list_is_refused(tmp_path: Path) -> None:
    [refused] = read(acme(tmp_path, TEXTS), {"at": AT, "numbers": ["A1"], "statuses": "D"}).rejects
    assert refused.reason is RejectReason.CONTRACT_BROKEN
    assert "message.statuses: a list is due" in refused.detail


def test_an_object_where_a_text_is_due_costs_its_scan_alone(tmp_path: Path) -> None:
    body = {"at": AT, "numbers": ["A1", "B2"], "statuses": [{"code": "D"}, "T"]}
    parsed = read(acme(tmp_path, TEXTS), body)
    assert told(parsed) == [("B2", "in_transit", None)]
    assert [one.reason for one in parsed.rejects] == [RejectReason.CONTRACT_BROKEN]


def test_one_element_of_xml_is_a_list_of_one(tmp_path: Path) -> None:
    carrier = acme(tmp_path, {
        **TEXTS, "FORMAT": "xml", "WHEN": "answer", "TIME": "message.answer.at",
        "EACH": '{scan: {number: "message.answer.number[]", status: "message.answer.status[]"}}',
    })
    one = f"<answer><at>{AT}</at><number>A1</number><status>D</status></answer>"
    two = one.replace("</at>", "</at><number>B2</number><status>T</status>")
    assert told(read(carrier, one.encode())) == [("A1", "delivered", None)]
    assert told(read(carrier, two.encode())) == [("B2", "in_transit", None), ("A1", "delivered", None)]
    [refused] = read(carrier, one.replace("<status>D</status>", "").replace(
        "</number>", "</number><number>B2</number><status>T</status>").encode()).rejects
    assert "message.answer.number has 2 elements and message.answer.status 1" in refused.detail


@pytest.mark.parametrize(("pointing", "field"), [("[event.place]", 1), ("[id=event.place]", "L")])
def test_a_field_points_into_another_list(tmp_path: Path, pointing: str, field: object) -> None:
    carrier = acme(tmp_path, {**OBJECTS, "EACH": OBJECTS["EACH"].replace("places[]", f"places{pointing}")})
    events = [{**EVENTS[0], "place": field}, {key: value for key, value in EVENTS[1].items() if key != "place"}]
    body = {"events": events, "places": PLACES}
    assert told(read(carrier, body)) == [("A1", "delivered", "Linz"), ("B2", "in_transit", None)]


@pytest.mark.parametrize("field", [2, -1, "one"])
def test_a_position_at_which_nothing_is_is_refused(tmp_path: Path, field: object) -> None:
    carrier = acme(tmp_path, {**OBJECTS, "EACH": OBJECTS["EACH"].replace("places[]", "places[event.place]")})
    parsed = read(carrier, {"events": [{**EVENTS[0], "place": field}], "places": PLACES})
    assert parsed.events == []
    [refused] = parsed.rejects
    assert f"event.place is {field}, and message.places has 2 elements, counted from 0" in refused.detail


def test_what_many_events_point_to_makes_no_flood(tmp_path: Path) -> None:
    carrier = acme(tmp_path, {**OBJECTS, "EACH": OBJECTS["EACH"].replace("places[]", "places[event.place]")})
    events = [{**EVENTS[0], "place": 0} for _ in range(2_000)]
    with pytest.raises(Reject) as refused:
        read(carrier, {"events": events, "places": [{"city": "G" * 100_000}]})
    assert refused.value.reason is RejectReason.TOO_LARGE


@pytest.mark.parametrize(
    ("path", "words"),
    [("message.places", "ends neither in []"), ("message.places[of.place]", "is no list joined by position"),
     ("massage.places[]", "must start with one of message")],
)
def test_a_list_that_cannot_be_joined_is_named_on_load(tmp_path: Path, path: str, words: str) -> None:
    with pytest.raises(CarrierFileError) as wrong:
        acme(tmp_path, {**OBJECTS, "EACH": OBJECTS["EACH"].replace("message.places[]", path)})
    assert words in str(wrong.value)


@given(st.lists(st.none() | st.integers() | st.text(), max_size=6), st.lists(st.none() | st.text(), max_size=6))
def test_every_element_meets_the_one_at_its_position_or_none_is_read(ones: list[Any], others: list[Any]) -> None:
    read_both = side_by_side({"one": "message.ones[]", "other": "message.others[]"}, ["message"])
    at = ({"ones": ones, "others": others},)
    if len(ones) == len(others):
        assert [(each["one"], each["other"]) for each in read_both(at, False)] == list(zip(ones, others, strict=True))
    else:
        with pytest.raises(Reject):
            read_both(at, False)
