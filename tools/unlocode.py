"""Builds ``connectors/mapping/values/tables/unlocode.tsv.xz`` of UNECE's code list, with the time zone of every place.

    pip install timezonefinder tzdata
    python tools/unlocode.py FOLDER_WITH_THE_CSV_FILES "2023-1"

The list (``*CodeListPart*.csv``) is published twice a year: https://unece.org/trade/uncefact/unlocode
"""

from __future__ import annotations

import csv
import lzma
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path
from typing import NamedTuple

OUT = Path(__file__).parents[1] / "connectors" / "mapping" / "values" / "tables" / "unlocode.tsv.xz"
NEARLY_ALL = 0.97
_POSITION = re.compile(r"(\d{2})(\d{2})([NS]) (\d{3})(\d{2})([EW])")


class Row(NamedTuple):
    """A place of the list; degrees north and east, where it gives them."""

    code: str
    name: str
    region: str
    latitude: float | None
    longitude: float | None


def rows(folder: Path) -> Iterator[Row]:
    """The places, but for those the list has removed."""
    for path in sorted(folder.glob("*CodeListPart*.csv")):
        with path.open(encoding="cp1252", newline="") as lines:
            for change, country, place, name, _, region, _, _, _, _, position, *_ in csv.reader(lines):
                if place and change != "X":
                    yield Row(country + place, name, region, *degrees(position))


def degrees(position: str) -> tuple[float | None, float | None]:
    """``5333N 00959E`` as degrees; none for what is no place on earth, of which the list has some."""
    found = _POSITION.fullmatch(position)
    if found is None:
        return None, None
    north = round(int(found[1]) + int(found[2]) / 60, 2)
    east = round(int(found[4]) + int(found[5]) / 60, 2)
    if north > 90 or east > 180:
        return None, None
    return -north if found[3] == "S" else north, -east if found[6] == "W" else east


def zones_of_countries(*tables: str) -> dict[str, set[str]]:
    """Country -> its zones (IANA zone.tab, zone1970.tab)."""
    found: dict[str, set[str]] = defaultdict(set)
    for table in tables:
        for line in (files("tzdata") / "zoneinfo" / table).read_text("utf-8").splitlines():
            if line and not line.startswith("#"):
                countries, _, zone, *_ = line.split("\t")
                for country in countries.split(","):
                    found[country].add(zone)
    return found


def zones(places: list[Row]) -> dict[str, str]:
    """Code -> zone: by position, where that lies in the country at all; else that of nearly all of its region, or of
    the whole country."""
    from timezonefinder import TimezoneFinder

    finder, own = TimezoneFinder(), zones_of_countries("zone.tab")
    allowed = zones_of_countries("zone.tab", "zone1970.tab")
    found: dict[str, str] = {}
    regions: dict[str, Counter[str]] = defaultdict(Counter)
    for row in places:
        country = row.code[:2]
        if row.latitude is not None and row.longitude is not None:
            zone = finder.timezone_at(lat=row.latitude, lng=row.longitude)
            if zone in allowed[country]:
                found[row.code] = str(zone)
                regions[country + row.region][str(zone)] += 1
    for row in places:
        country = row.code[:2]
        zone, count = (*regions[country + row.region].most_common(1), ("", 0))[0]
        if row.code not in found and row.region and count >= NEARLY_ALL * regions[country + row.region].total():
            found[row.code] = zone
        elif row.code not in found and len(own[country]) == 1:
            found[row.code] = next(iter(own[country]))
    return {code: zone for code, zone in found.items() if zone}


def main() -> None:
    """Write the table and say what is in it."""
    folder, release = Path(sys.argv[1]), sys.argv[2]
    places = sorted({row.code: row for row in rows(folder)}.values())
    zone_of = zones(places)
    lines = [f"# UN/LOCODE {release} (UNECE Recommendation 16): code, name, subdivision, degrees north, east, zone"]
    lines += [
        "\t".join((
            row.code, row.name, row.region, "" if row.latitude is None else f"{row.latitude:g}",
            "" if row.longitude is None else f"{row.longitude:g}", zone_of.get(row.code, ""),
        ))
        for row in places
    ]
    OUT.write_bytes(lzma.compress(("\n".join(lines) + "\n").encode(), preset=9 | lzma.PRESET_EXTREME))
    sys.stdout.write(f"{len(places):,} places, {len(zone_of):,} with a zone, {OUT.stat().st_size:,} bytes\n")


main()
