"""Lists of a sample that run side by side are drafted as one level, with a mark; others are left apart."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from connectors.carriers import discover
from connectors.drafting.draft import Draft
from connectors.drafting.sample import Sample, draft
from streams.intake.adapter import Parsed, RawContext

AT = "2026-09-11T15:24:57+02:00"
NUMBERS = ["AC4711000812", "AC4711000829"]
EVENTS = [{"time": AT, "code": "10", "text": "In transit"}, {"time": AT, "code": "20", "text": "Out for delivery"}]
PLACES = [{"city": "Graz", "country": "AT"}, {"city": "Linz", "country": "AT"}]


def drafted(*bodies: Any, kind: str = "json") -> Draft:
    samples = [
        Sample(f"{number}.{kind}", one if isinstance(one, bytes) else json.dumps(one).encode())
        for number, one in enumerate(bodies)
    ]
    return draft("acme", "Acme", samples, "samples")


def parsed(home: Path, made: Draft, body: Any) -> Parsed:
    (home / "acme").mkdir(exist_ok=True)
    (home / "acme" / "carrier.yaml").write_text(made.text, "utf-8")
    context = RawContext("acme", "", "raw.acme.v1", 0, 0, 1_790_000_000_000, "c")
    return discover(home)[0].adapter.parse(body if isinstance(body, bytes) else json.dumps(body).encode(), context)


def each_of(made: Draft) -> str:
    return next(line.strip() for line in made.text.splitlines() if line.strip().startswith("each:"))


def test_lists_of_texts_are_one_level_and_the_time_stands_above(tmp_path: Path) -> None:
    body = {"at": AT, "numbers": NUMBERS, "statuses": ["In transit", "Out for delivery"], "places": ["Graz", "Linz"]}
    made = drafted(body)
    lists = 'number: "message.numbers[]", status: "message.statuses[]", place: "message.places[]"'
    assert each_of(made).startswith(f"each: {{scan: {{{lists}}}}}  # guess: ")
    assert "does the first of one belong to the first of the other?" in each_of(made)
    events = parsed(tmp_path, made, body).events
    assert [(one.tracking_number, one.milestone.value) for one in events] == [
        (NUMBERS[0], "in_transit"), (NUMBERS[1], "out_for_delivery"),
    ]


def test_one_number_and_one_status_in_lists_are_joined_too(tmp_path: Path) -> None:
    body = {"parcels": NUMBERS[:1], "codes": ["10"], "times": [AT], "texts": ["Out for delivery"]}
    [event] = parsed(tmp_path, drafted(body), body).events
    assert (event.tracking_number, event.milestone.value) == (NUMBERS[0], "out_for_delivery")


def test_places_beside_the_events_are_joined_by_position(tmp_path: Path) -> None:
    body = {"result": {"trackingNumber": NUMBERS[0], "events": EVENTS, "locations": PLACES}}
    made = drafted(body)
    assert '{event: "message.result.events[]", location: "message.result.locations[]"}' in each_of(made)
    events = parsed(tmp_path, made, body).events
    assert [one.location and one.location.city for one in events] == ["Graz", "Linz"]


def test_parcels_beside_their_states_are_a_level_above_the_scans(tmp_path: Path) -> None:
    parcels = [{"barcode": number, "events": EVENTS} for number in NUMBERS]
    body = {"parcels": parcels, "depots": PLACES}
    events = parsed(tmp_path, drafted(body), body).events
    assert [one.tracking_number[-3:] for one in events] == ["812", "812", "829", "829"]


def test_repeated_elements_of_xml_are_lists_side_by_side(tmp_path: Path) -> None:
    one = f"<r><at>{AT}</at><number>{NUMBERS[0]}</number><status>In transit</status></r>"
    two = one.replace("</at>", f"</at><number>{NUMBERS[1]}</number><status>Out for delivery</status>")
    made = drafted(one.encode(), two.encode(), kind="xml")
    assert each_of(made).startswith('each: {scan: {number: "message.r.number[]", status: "message.r.status[]"}}')
    assert [len(parsed(tmp_path, made, body.encode()).events) for body in (one, two)] == [1, 2]


@pytest.mark.parametrize(
    "beside",
    [{"locations": PLACES[:1]}, {"references": ["PO-1", "PO-2"]}, {"estimates": [{"eta": AT}, {"eta": AT}]},
     {"a.b": ["x", "y"]}, {"locations": [*PLACES[:1], "Linz"]}],
)
def test_other_lists_are_left_apart(beside: dict[str, Any]) -> None:
    made = drafted({"trackingNumber": NUMBERS[0], "events": EVENTS, **beside})
    assert each_of(made).startswith('each: {scan: "message.events[]"}')


def test_lists_of_one_length_by_chance_are_told_apart_by_another_sample() -> None:
    both = [{"trackingNumber": NUMBERS[0], "events": EVENTS[:count], "locations": PLACES} for count in (2, 1)]
    assert each_of(drafted(*both)).startswith('each: {scan: "message.events[]"}')
