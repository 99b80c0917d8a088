"""Compiles ``place`` and ``zone_by`` of a document: the location of a scan and the IANA zone of its local times."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from operator import itemgetter

from connectors.mapping.declared.schema import Place, ZoneBy
from connectors.mapping.documents.paths import Row, Texts
from connectors.mapping.values.places import (
    PARTS,
    Key,
    country_code,
    is_country,
    is_country_by_city,
    place,
    zone_at,
    zone_in,
    zone_name,
    zones,
)
from streams.contracts.model import Location

Locate = Callable[[Row], Location | None]
LineParser = Callable[[str], Sequence[str | None]]
_NOTHING: tuple[None, ...] = (None,) * len(PARTS)
_COUNTRY = PARTS.index("country")
_UNKNOWN_PART = f"name parts of a place: {', '.join(PARTS)}"


def location_reader(spec: Place | None, texts: Texts) -> Locate:
    """Compile ``place`` to a function from a row to a location. A part's own field overrides that of ``line``."""
    if spec is None:
        return lambda _: None
    parts = (spec.name, spec.city, spec.region, spec.postal_code, spec.country, spec.unlocode)
    key_of: Callable[[Row], Key] = itemgetter(*map(texts.first, parts))
    if spec.line is None:
        return lambda row: place(key_of(row))
    slot, parse_line = texts.slot(spec.line), line_parser(spec)

    def locate(row: Row) -> Location | None:
        line = row[slot]
        return place(_merged_parts(key_of(row), _NOTHING if line is None else parse_line(line)))

    return locate


def _merged_parts(own: Sequence[str | None], line: Sequence[str | None]) -> Key:
    name, city, region, postal_code, country, unlocode = (
        own_part or line_part for own_part, line_part in zip(own, line, strict=True)
    )
    return name, city, region, postal_code, country, unlocode


def line_parser(spec: Place) -> LineParser:
    """Compile ``parts`` or ``pattern`` to a function from a line to the parts of a place, in the order of ``PARTS``.

    Raises ValueError for an unknown part name and an invalid regular expression.
    """
    if spec.pattern is not None:
        return _pattern_parser(spec.pattern)
    order = _indexes(spec.parts.split(","))
    from_right = spec.parts_from == "right"

    def parse_line(line: str) -> Sequence[str | None]:
        found = line.rsplit(",", len(order) - 1) if from_right else line.split(",", len(order) - 1)
        parts = [part.strip() or None for part in found]
        targets = list(order[-len(parts):] if from_right else order[:len(parts)])
        if 1 < len(parts) < len(order) and _COUNTRY in order and _ends_with_country(parts):
            targets[-1] = _COUNTRY
        key: list[str | None] = [*_NOTHING]
        for index, part in zip(targets, parts, strict=True):
            key[index] = part
        return key

    return parse_line


def _ends_with_country(parts: Sequence[str | None]) -> bool:
    city, last = parts[0], parts[-1]
    return last is not None and (is_country(last) or (city is not None and is_country_by_city(last, city)))


def assumes_country(spec: Place | None, texts: Texts) -> Callable[[Row], bool] | None:
    """Return a test of a row: whether the last part of its line could be a region as well, and was taken for a country
    by the city before it; None where no line is cut at commas."""
    if spec is None or spec.line is None or spec.pattern is not None or not {"region", "country"} <= set(_names(spec)):
        return None
    slot = texts.slot(spec.line)

    def assumes(row: Row) -> bool:
        city, _, last = (row[slot] or "").partition(",")
        return bool(last) and is_country_by_city(last.strip(), city.strip())

    return assumes


def _names(spec: Place) -> list[str]:
    return [name.strip() for name in spec.parts.split(",")]


def _indexes(names: Iterable[str]) -> tuple[int, ...]:
    try:
        return tuple(PARTS.index(name.strip()) for name in names)
    except ValueError as error:
        raise ValueError(_UNKNOWN_PART) from error


def _pattern_parser(pattern: str) -> LineParser:
    try:
        regex = re.compile(pattern)
    except re.error as error:
        raise ValueError(f"{pattern!r} is no regular expression: {error}") from error
    if not regex.groupindex:
        raise ValueError("has a named group for each part, such as (?P<city>[^,]+)")
    indexes = dict(zip(regex.groupindex, _indexes(regex.groupindex), strict=True))

    def parse_line(line: str) -> Sequence[str | None]:
        found = regex.fullmatch(line)
        if found is None:
            return (line, *_NOTHING[1:])
        key: list[str | None] = [*_NOTHING]
        for name, index in indexes.items():
            part = found[name]
            key[index] = part.strip() or None if part is not None else None
        return key

    return parse_line


class ZoneFinder:
    """Finds the IANA zone of a scan's local times: by the first entry of ``zone_by`` that finds one, else ``default``.

    ``declared`` and ``locate`` are the document's ``place`` and its compiled reader. ``reads_names``: whether a field
    may hold a zone's name.
    """

    def __init__(
        self, specs: Sequence[ZoneBy], default: str, texts: Texts, declared: Place | None, locate: Locate
    ) -> None:
        self._default = default
        self._readers = [_zone_reader(spec, texts, declared, locate) for spec in specs]
        self._named = [(texts.slot(spec.by), spec.table == "zones") for spec in specs if spec.by is not None]
        self.reads_names = bool(self._named)

    def zone_of(self, row: Row) -> str:
        """Return the zone of a scan."""
        for read_zone in self._readers:
            zone = read_zone(row)
            if zone is not None:
                return zone
        return self._default

    def is_stated(self, row: Row) -> bool | None:
        """Return True where a field names the scan's zone, False where it names one that is unknown, else None."""
        for slot, is_name in self._named:
            value = row[slot]
            if value is not None and (is_name or "/" in value):
                return zone_name(value) is not None
        return None


def _zone_reader(spec: ZoneBy, texts: Texts, declared: Place | None, locate: Locate) -> Callable[[Row], str | None]:
    if spec.by is None:
        def of_the_scan(row: Row) -> str | None:
            found = locate(row)
            return None if found is None else zone_in(found.unlocode, found.country, found.region)

        return of_the_scan
    slot, zone_by = texts.slot(spec.by), _zone_getter(spec, declared)

    def of_a_field(row: Row) -> str | None:
        value = row[slot]
        return None if value is None else zone_by(value) or zone_name(value)

    return of_a_field


def _zone_getter(spec: ZoneBy, declared: Place | None) -> Callable[[str], str | None]:
    own = {name.upper(): zone for name, zone in spec.zones.items()}
    if spec.table == "zones":
        return lambda value: own.get(value.upper())
    if spec.table == "unlocodes":
        return lambda value: own.get(value.upper()) or zone_at(value, None)
    if spec.table == "place":
        parse_line = line_parser(declared or Place())
        return lambda value: own.get(value.upper()) or _zone_of_line(parse_line(value))
    table: Mapping[str, str] = getattr(zones(), spec.table) if spec.table else {}
    table = {**table, **own}
    if spec.table == "countries":
        return lambda value: table.get(value.upper()) or table.get(country_code(value))
    begins = [(name.removesuffix("*"), zone) for name, zone in own.items() if name.endswith("*")]
    if begins:
        return lambda value: table.get(value.upper()) or next(
            (zone for beginning, zone in begins if value.upper().startswith(beginning)), None
        )
    return lambda value: table.get(value.upper())


def _zone_of_line(key: Sequence[str | None]) -> str | None:
    _, _, region, _, country, unlocode = key
    return zone_in(unlocode, country, region)
