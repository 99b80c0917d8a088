"""The packaged UN/LOCODE list, and what it adds to what carriers say of places and clocks."""

from __future__ import annotations

from zoneinfo import available_timezones

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.carriers import discover
from connectors.mapping.values import unlocode
from connectors.mapping.values.places import place, zone_at
from streams.intake.adapter import RawContext

CONTEXT = RawContext("edifact_partner", "", "raw.edifact_partner.v1", 0, 0, 1_790_000_000_000, "c")
LINES = unlocode._table().decode().splitlines()[1:]


@pytest.mark.parametrize(("code", "name", "zone"), [
    ("DEHAM", "Hamburg", "Europe/Berlin"), ("us nyc", "New York", "America/New_York"),
    ("USELP", "El Paso", "America/Denver"), ("SEGOT", "Göteborg", "Europe/Stockholm"),
    ("BRSSZ", "Santos", "America/Sao_Paulo"), ("USLAX", "Los Angeles", "America/Los_Angeles"),
])
def test_a_place_is_found_by_its_code_however_it_is_spelt(code: str, name: str, zone: str) -> None:
    listed = unlocode.find(code)
    assert listed is not None
    assert (listed.name, listed.zone) == (name, zone)
    assert listed.code == code.replace(" ", "").upper()


def test_every_zone_is_one_and_every_position_lies_on_earth() -> None:
    known = available_timezones()
    rows = [line.split("\t") for line in LINES]
    assert len(rows) > 110_000
    assert {row[5] for row in rows} - {""} <= known
    assert all(-90 <= float(row[3] or 0) <= 90 and -180 <= float(row[4] or 0) <= 180 for row in rows)
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)


@given(st.sampled_from(LINES))
def test_every_row_is_found(line: str) -> None:
    code, name, *_ = line.split("\t")
    listed = unlocode.find(code)
    assert listed is not None
    assert listed.name == name


@given(st.text(max_size=6) | st.from_regex(r"[A-Z]{5}", fullmatch=True))
def test_what_is_no_code_is_no_place(text: str) -> None:
    listed = unlocode.find(text)
    assert listed is None or listed.code == text.replace(" ", "").upper()


def test_what_the_carrier_leaves_out_of_a_place_comes_from_the_list_and_nothing_else_does() -> None:
    filled = place((None, None, None, None, None, "DE HAM"))
    assert filled is not None
    assert (filled.city, filled.country, filled.unlocode, filled.latitude) == ("Hamburg", "DE", "DEHAM", 53.52)
    told = place(("Burchardkai", "HH", None, None, "DE", "DEHAM"))
    assert told is not None
    assert (told.name, told.city) == ("Burchardkai", "HH")
    unlisted = place((None, None, None, None, None, "DEXX9"))
    assert unlisted is not None
    assert (unlisted.unlocode, unlisted.country) == ("DEXX9", None)


def test_a_zone_comes_from_the_place_else_from_a_country_whose_clocks_agree() -> None:
    assert zone_at("USLAX", "US") == "America/Los_Angeles"
    assert zone_at("XXXXX", "Sweden") == "Europe/Stockholm"
    assert zone_at(None, "US") is None
    assert zone_at(None, None) is None


def test_the_clocks_of_an_iftsta_show_the_time_of_its_place() -> None:
    adapter = next(one.adapter for one in discover() if one.feed == "edifact_partner")
    body = (
        b"UNB+UNOC:3+A:14+B:14+260918:1030+1'UNH+1+IFTSTA:D:01B:UN'BGM+23+1+9'CNI+1+C1'STS+1+21'"
        b"DTM+334:202609181200:203'LOC+175+USLAX:139'UNT+6+1'UNZ+1+1'"
    )
    (event,) = adapter.parse(body, CONTEXT).events
    assert (event.utc_offset_minutes, event.zone_assumed) == (-420, True)
