"""Locations as carriers write them, one object per distinct place; and the zones places lie in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from functools import cache, lru_cache
from importlib.resources import files
from operator import itemgetter
from pathlib import Path

import pycountry
from msgspec import Struct
from msgspec.structs import replace

from connectors.mapping import yaml_text
from connectors.mapping.paths import Row, Texts
from connectors.mapping.specification import Place, ZoneBy
from connectors.mapping.unlocode import find
from streams.model import Location

TABLES = Path(__file__).parent / "tables"
_MOST_PLACES = 50_000
_PARTS = ("name", "city", "region", "postal_code", "country", "unlocode")
Key = tuple[str | None, str | None, str | None, str | None, str | None, str | None]


class Zones(Struct, frozen=True, forbid_unknown_fields=True):
    """``tables/zones.yaml``: IANA zones by place, and alpha-2 codes of countries by other spellings."""

    source: str
    countries: dict[str, str]
    regions: dict[str, str]
    alpha_2: dict[str, str]


@cache
def zones() -> Zones:
    """The shared table, read once, with the zone of every country that has but one. Raises CarrierFileError."""
    table = yaml_text.load(TABLES / "zones.yaml", Zones)[0]
    return replace(table, countries={**_only_zones(), **table.countries})


def _only_zones() -> dict[str, str]:
    """Country -> its zone, for countries all of whose clocks agree (IANA zone.tab, as packaged in tzdata)."""
    lines = (files("tzdata") / "zoneinfo" / "zone.tab").read_text("utf-8").splitlines()
    rows = [line.split("\t") for line in lines if line and not line.startswith("#")]
    several = Counter(row[0] for row in rows)
    return {row[0]: row[2] for row in rows if several[row[0]] == 1}


@lru_cache(maxsize=1_000)
def country_code(country: str) -> str:
    """ISO 3166-1 alpha-2 of a code or an English name, where the spelling is known; else as it came."""
    upper = country.upper()
    known = zones().alpha_2.get(upper)
    if known is not None or len(upper) == 2:
        return known or upper
    try:
        return str(pycountry.countries.lookup(country).alpha_2)
    except LookupError:
        return country


_places: dict[Key, Location] = {}


def place(key: Key) -> Location | None:
    """The location of these parts (name, city, region, postal code, country, UN/LOCODE); None without any.

    What the carrier leaves out is filled from the UN/LOCODE list, where it names one of its places.
    """
    known = _places.get(key)
    if known is not None:
        return known
    if not any(key):
        return None
    name, city, region, postal_code, country, unlocode = key
    if len(_places) >= _MOST_PLACES:
        _places.clear()
    alpha_2 = country_code(country) if country else None
    listed = find(unlocode) if unlocode else None
    if listed is None:
        made = Location(name, city, region, postal_code, alpha_2, unlocode)
    else:
        made = Location(
            name, city or (None if name else listed.name), region or listed.region, postal_code,
            alpha_2 or listed.country, listed.code, listed.latitude, listed.longitude,
        )
    _places[key] = made
    return made


def zone_at(unlocode: str | None, country: str | None) -> str | None:
    """The zone of a place of the UN/LOCODE list, else of a country whose clocks all agree; None where neither tells."""
    listed = find(unlocode) if unlocode else None
    if listed is not None and listed.zone is not None:
        return listed.zone
    return zones().countries.get(country_code(country)) if country else None


def locator(spec: Place | None, texts: Texts) -> Callable[[Row], Location | None]:
    """Reads the location a document declares."""
    if spec is None:
        return lambda _: None
    parts = (spec.name, spec.city, spec.region, spec.postal_code, spec.country, spec.unlocode)
    key_of: Callable[[Row], Key] = itemgetter(*map(texts.first, parts))

    def locate(row: Row) -> Location | None:
        key = key_of(row)
        return _places.get(key) or place(key)

    return locate if spec.line is None else _with_line(texts.slot(spec.line), spec, key_of)


def line_order(parts: str) -> tuple[int, ...]:
    """Where in a place each part of a line goes. Raises ValueError for a part no place has."""
    return tuple(_PARTS.index(part.strip()) for part in parts.split(","))


def _with_line(slot: int, spec: Place, key_of: Callable[[Row], Key]) -> Callable[[Row], Location | None]:
    """Parts with a field of their own go before those of the line."""
    order, from_right = line_order(spec.parts), spec.parts_from == "right"

    def locate(row: Row) -> Location | None:
        key = list(key_of(row))
        text = row[slot] or ""
        found = text.rsplit(",", len(order) - 1) if from_right else text.split(",", len(order) - 1)
        line = [part.strip() or None for part in found]
        for index, part in zip(order[-len(line):] if from_right else order, line, strict=False):
            key[index] = key[index] or part
        return place((key[0], key[1], key[2], key[3], key[4], key[5]))

    return locate


def zone_finder(specs: Sequence[ZoneBy], default: str, texts: Texts) -> Callable[[Row], str]:
    """The zone a scan's clocks show: by the first field with an entry, else ``default``."""
    found = [(texts.slot(spec.by), _zone_getter(spec)) for spec in specs]

    def zone_of(row: Row) -> str:
        for slot, zone_by in found:
            value = row[slot]
            if value is None:
                continue
            zone = zone_by(value)
            if zone is not None:
                return zone
        return default

    return zone_of


def _zone_getter(spec: ZoneBy) -> Callable[[str], str | None]:
    own = {name.upper(): zone for name, zone in spec.zones.items()}
    if spec.table == "unlocodes":
        return lambda value: own.get(value.upper()) or zone_at(value, None)
    table: Mapping[str, str] = getattr(zones(), spec.table) if spec.table else {}
    table = {**table, **own}
    if spec.table == "countries":
        return lambda value: table.get(value.upper()) or table.get(country_code(value))
    return lambda value: table.get(value.upper())
