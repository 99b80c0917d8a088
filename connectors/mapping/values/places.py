"""Locations, one cached object per distinct place, and their IANA time zones."""

from __future__ import annotations

from collections import Counter
from functools import cache
from importlib.resources import files
from pathlib import Path
from zoneinfo import available_timezones

import pycountry
from msgspec import Struct
from msgspec.structs import replace

from connectors.mapping.declared import yaml_text
from connectors.mapping.values.unlocode import find, names_in
from streams.contracts.model import Location
from streams.kernel.memo import is_short, remembered

TABLES = Path(__file__).parent / "tables"
_MAX_CACHED_PLACES = 50_000
PARTS = ("name", "city", "region", "postal_code", "country", "unlocode")
_OF_REGIONS = ("US", "CA")
Key = tuple[str | None, str | None, str | None, str | None, str | None, str | None]


class Zones(Struct, frozen=True, forbid_unknown_fields=True):
    """``tables/zones.yaml``: IANA zones by place, and alpha-2 codes of countries by other spellings. Regions of the US
    and Canada stand there by their code, others as in ISO 3166-2."""

    source: str
    countries: dict[str, str]
    regions: dict[str, str]
    alpha_2: dict[str, str]


@cache
def zones() -> Zones:
    """Return ``tables/zones.yaml``, read once, with the zone of every country that has one. Raises CarrierFileError."""
    table = yaml_text.load(TABLES / "zones.yaml", Zones)[0]
    return replace(table, countries={**_only_zones(), **table.countries})


def _only_zones() -> dict[str, str]:
    """Map each country with a single zone to that zone (IANA zone.tab, as packaged in tzdata)."""
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    several = Counter(row[0] for row in rows)
    return {row[0]: row[2] for row in rows if several[row[0]] == 1}


@cache
def _zone_names() -> dict[str, str]:
    return {name.casefold(): name for name in available_timezones()}


@remembered(1_000)
def zone_name(text: str) -> str | None:
    """Return the IANA zone of this name, as it is spelled there; None if there is none."""
    return _zone_names().get(text.casefold().replace(" ", "_"))


@remembered(1_000)
def country_code(country: str) -> str:
    """Return the ISO 3166-1 alpha-2 code of a code or an English name; an unknown text unchanged."""
    upper = country.upper()
    known = zones().alpha_2.get(upper)
    if known is not None or len(upper) == 2:
        return known or upper
    try:
        return str(pycountry.countries.lookup(country).alpha_2)
    except LookupError:
        return country


@remembered(1_000)
def may_be_country(text: str) -> bool:
    """Return True for the code or English name of a country; it may be that of a region as well."""
    return pycountry.countries.get(alpha_2=country_code(text)) is not None


def is_country(text: str) -> bool:
    """Return True for the code or English name of a country that is no region code of ``tables/zones.yaml``."""
    return text.upper() not in zones().regions and may_be_country(text)


@remembered(20_000)
def is_country_by_city(text: str, city: str) -> bool:
    """Return True where ``text`` is the code of a country and of a region of the US or Canada (DE, NL), and the city is
    a place of that country and none of that region, by the UN/LOCODE list."""
    code, name = text.upper(), city.casefold()
    if len(code) != 2 or code not in zones().regions or not may_be_country(code):
        return False
    in_region = any((name, code) in names_in(country) for country in _OF_REGIONS)
    return not in_region and any(name == known for known, _ in names_in(code))


_places: dict[Key, Location] = {}


def place(key: Key) -> Location | None:
    """Return the location of these parts (name, city, region, postal code, country, UN/LOCODE); None if all are empty.

    A known UN/LOCODE supplies the missing parts and the coordinates.
    """
    known = _places.get(key)
    if known is not None:
        return known
    if not any(key):
        return None
    name, city, region, postal_code, country, unlocode = key
    if len(_places) >= _MAX_CACHED_PLACES:
        _places.clear()
    alpha_2 = country_code(country) if country else None
    un_place = find(unlocode) if unlocode else None
    if un_place is None:
        made = Location(name, city, region, postal_code, alpha_2, unlocode)
    else:
        made = Location(
            name, city or (None if name else un_place.name), region or un_place.region, postal_code,
            alpha_2 or un_place.country, un_place.code, un_place.latitude, un_place.longitude,
        )
    if is_short(*key):
        _places[key] = made
    return made


def zone_at(unlocode: str | None, country: str | None) -> str | None:
    """Return the IANA zone of a UN/LOCODE, else of a country with a single zone; None if both are unknown."""
    un_place = find(unlocode) if unlocode else None
    if un_place is not None and un_place.zone is not None:
        return un_place.zone
    return zones().countries.get(country_code(country)) if country else None


@remembered(20_000)
def zone_in(unlocode: str | None, country: str | None, region: str | None) -> str | None:
    """Return the zone of :func:`zone_at`, else that of the region in ``tables/zones.yaml``."""
    known = zone_at(unlocode, country)
    if known is not None or region is None:
        return known
    alpha_2, regions = country_code(country) if country else "", zones().regions
    if alpha_2 and alpha_2 not in _OF_REGIONS:
        return regions.get(f"{alpha_2}-{region.upper()}")
    return regions.get(region.upper())
