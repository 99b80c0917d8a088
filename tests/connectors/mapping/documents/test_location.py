"""Places written in one line, and the zones of scans that tell none."""

from __future__ import annotations

import pytest

from connectors.mapping.declared.schema import Place, ZoneBy
from connectors.mapping.documents.location import ZoneFinder, line_parser, location_reader
from connectors.mapping.documents.paths import Row, Texts
from connectors.mapping.values.places import zone_in

LINE = Place(line="scan.at")
DASHES = r"(?P<city>.+?)(?:, ?(?P<region>[A-Z]{2}))?(?: - |-)(?P<country>[A-Za-z][A-Za-z ,]+)"


def parts(place: Place, line: str) -> dict[str, str]:
    texts = Texts(["scan"])
    found = location_reader(place, texts)(texts.reader()(({"at": line},)))
    assert found is not None
    return {name: value for name in ("name", "city", "region", "country") if (value := getattr(found, name))}


@pytest.mark.parametrize(("line", "told"), [
    ("Toronto, ON, CA", {"city": "Toronto", "region": "ON", "country": "CA"}),
    ("Columbus, OH", {"city": "Columbus", "region": "OH"}),
    ("Wilmington, DE", {"city": "Wilmington", "region": "DE"}),
    ("Paris, FR", {"city": "Paris", "country": "FR"}),
    ("London, UK", {"city": "London", "country": "GB"}),
    ("Lyon, France", {"city": "Lyon", "country": "FR"}),
    ("Feltham, SRY", {"city": "Feltham", "region": "SRY"}),
    ("North Shields", {"city": "North Shields"}),
])
def test_a_line_is_cut_at_its_commas_and_a_country_at_its_end_stays_one(line: str, told: dict[str, str]) -> None:
    assert parts(LINE, line) == told


@pytest.mark.parametrize(("line", "told"), [
    ("Barcelona - Spain", {"city": "Barcelona", "country": "ES"}),
    ("VAN NUYS,CA-USA", {"city": "VAN NUYS", "region": "CA", "country": "US"}),
    ("HONG KONG-HKG", {"city": "HONG KONG", "country": "HK"}),
    ("LONDON-HEATHROW - UNITED KINGDOM", {"city": "LONDON-HEATHROW", "country": "GB"}),
    ("AMSTERDAM - NETHERLANDS, THE", {"city": "AMSTERDAM", "country": "NL"}),
    ("San Francisco", {"name": "San Francisco"}),
])
def test_a_pattern_names_the_parts_and_a_text_it_does_not_fit_is_the_name(line: str, told: dict[str, str]) -> None:
    assert parts(Place(line="scan.at", pattern=DASHES), line) == told


def test_a_part_with_a_field_of_its_own_goes_before_that_of_the_line() -> None:
    texts = Texts(["scan"])
    locate = location_reader(Place(line="scan.at", country="scan.land"), texts)
    found = locate(texts.reader()(({"at": "Paris, TX, US", "land": "FR"},)))
    assert found is not None
    assert (found.city, found.region, found.country) == ("Paris", "TX", "FR")


@pytest.mark.parametrize(
    "place", [Place(parts="street"), Place(pattern="("), Place(pattern="a"), Place(pattern="(?P<x>a)")]
)
def test_what_names_no_part_of_a_place_is_refused(place: Place) -> None:
    with pytest.raises(ValueError, match=r"part|regular expression"):
        line_parser(place)


@pytest.mark.parametrize(("country", "region", "zone"), [
    ("US", "WA", "America/Los_Angeles"), ("AU", "WA", "Australia/Perth"), (None, "WA", "America/Los_Angeles"),
    ("IT", "MI", "Europe/Rome"), ("BR", "SC", None), ("USA", "NY", "America/New_York"), ("US", None, None),
    ("Germany", None, "Europe/Berlin"), (None, None, None),
])
def test_a_region_counts_only_in_its_own_country(country: str | None, region: str | None, zone: str | None) -> None:
    assert zone_in(None, country, region) == zone


def zone_of(scan: dict[str, str], *ways: ZoneBy, place: Place = LINE) -> str:
    texts = Texts(["scan"])
    found = ZoneFinder(ways, "Etc/UTC", texts, place, location_reader(place, texts)).zone_of
    row: Row = texts.reader()((scan,))
    return found(row)


def test_the_zone_of_a_scan_is_that_of_its_place_else_of_the_next_way() -> None:
    by_place, by_end = ZoneBy(table="place"), ZoneBy(by="scan.goes_to", table="place")
    assert zone_of({"at": "Denver, CO"}, by_place) == "America/Denver"
    assert zone_of({"at": "Gateway"}, by_place) == "Etc/UTC"
    assert zone_of({"at": "Gateway", "goes_to": "Perth, WA, AU"}, by_place, by_end) == "Australia/Perth"
    assert zone_of({"at": "Denver, CO", "goes_to": "Perth, WA, AU"}, by_place, by_end) == "America/Denver"
    assert zone_of({}, by_place, by_end) == "Etc/UTC"


def test_a_zone_given_here_goes_before_the_place() -> None:
    depot = ZoneBy(by="scan.at", table="place", zones={"HUB 7": "Asia/Tokyo"})
    assert zone_of({"at": "Hub 7"}, depot) == "Asia/Tokyo"
    assert zone_of({"at": "Lyon, FR"}, depot) == "Europe/Paris"
