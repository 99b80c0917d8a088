"""The places of the UN/LOCODE list (UNECE Recommendation 16), packaged with their zones by ``tools/unlocode.py``."""

from __future__ import annotations

import lzma
from functools import cache
from pathlib import Path
from typing import NamedTuple

from streams.kernel.memo import remembered

TABLE = Path(__file__).parent / "tables" / "unlocode.tsv.xz"


class UnlocodePlace(NamedTuple):
    """A place of the list. ``code`` has no blank; ``region`` is ISO 3166-2 without the country; coordinates are WGS 84
    degrees; ``zone`` is IANA. Values that the list lacks are None."""

    code: str
    country: str
    name: str
    region: str | None
    latitude: float | None
    longitude: float | None
    zone: str | None


@remembered(20_000)
def find(code: str) -> UnlocodePlace | None:
    """Return the place of a code such as ``DEHAM`` or ``DE HAM``; None if the list has no such code."""
    bare = code.replace(" ", "").upper()
    if len(bare) != 5 or not bare.isalnum():
        return None
    line = _row(bare)
    if line is None:
        return None
    _, name, region, north, east, zone = line.split("\t")
    return UnlocodePlace(
        bare, bare[:2], name, region or None,
        float(north) if north else None, float(east) if east else None, zone or None,
    )


@remembered(300)
def names_in(country: str) -> frozenset[tuple[str, str]]:
    """Return the places of a country (alpha-2): name in lower case, and region, empty where the list has none."""
    table, prefix = _table(), country.encode("ascii", "replace")
    start = table.find(b"\n" + prefix) + 1
    if not start or len(prefix) != 2:
        return frozenset()
    end = table.find(b"\n", table.rfind(b"\n" + prefix) + 1)
    rows = (line.split("\t", 3) for line in table[start:end].decode().split("\n"))
    return frozenset((row[1].casefold(), row[2]) for row in rows)


def _row(code: str) -> str | None:
    """Return the row of a code by binary search in the sorted table; None if there is none."""
    table, wanted = _table(), code.encode("utf-8", "replace")
    low, high = 0, len(table)
    while low < high:
        start = table.rfind(b"\n", low, (low + high) // 2) + 1 or low
        end = table.index(b"\n", start)
        found = table[start : start + 5]
        if found == wanted:
            return table[start:end].decode()
        if found < wanted:
            low = end + 1
        else:
            high = start
    return None


@cache
def _table() -> bytes:
    return lzma.decompress(TABLE.read_bytes())
