"""Rows that a person writes into a file or a request, as records of master data; each fault names line, field and fix.

A row maps column to text. Times are ISO 8601 with an offset. ``scac``: Standard Carrier Alpha Code (NMFTA); ``duns``:
D-U-N-S number (Dun & Bradstreet); ``gln``: Global Location Number (GS1).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple

from msgspec import Struct, field
from msgspec.structs import replace

from streams.contracts.ids import LONGEST_NUMBER, normalise_carrier, normalise_tracking_number, shipment_key
from streams.contracts.masterdata import MasterRecord, master_key
from streams.contracts.references import parse_key
from streams.kernel.vocabulary import LinkKind, MasterKind

COLUMNS = (
    "kind", "id", "name", "scac", "duns", "gln", "aliases", "carrier", "tracking_number", "of_carrier",
    "of_tracking_number", "link", "valid_at", "withdrawn",
)
BETWEEN_ALIASES = ";"
_ALL = frozenset({"kind", "id", "withdrawn"})
_SHIPMENT = frozenset({"carrier", "tracking_number"})
_TAKES: dict[MasterKind, frozenset[str]] = {
    MasterKind.CARRIER: _ALL | {"name", "scac", "duns", "gln", "aliases"},
    MasterKind.CUSTOMER: _ALL | {"name", "duns", "gln", "aliases"},
    MasterKind.REFERENCE: _ALL | _SHIPMENT | {"valid_at"},
    MasterKind.LINK: _ALL | _SHIPMENT | {"of_carrier", "of_tracking_number", "link"},
}
_SHAPES = {
    "scac": (re.compile(r"[A-Z]{2,4}"), "two to four letters"),
    "duns": (re.compile(r"\d{9}"), "nine digits"),
    "gln": (re.compile(r"\d{13}"), "13 digits"),
}
_SLUG = re.compile(r"[a-z0-9_]+")
_YES, _NO = frozenset({"yes", "true", "1"}), frozenset({"", "no", "false", "0"})


class Fault(NamedTuple):
    """A fault in a row, and how to correct it. ``line`` counts from 1."""

    line: int
    field: str
    detail: str


class Rows(Struct):
    """The records of the rows by key, and the faults."""

    records: dict[str, MasterRecord] = field(default_factory=dict)
    faults: list[Fault] = field(default_factory=list)


class Difference(Struct):
    """Lists the changes that writing records would make, by key: new records, changed ones (old, new), withdrawn ones;
    and how many stay unchanged."""

    added: dict[str, MasterRecord] = field(default_factory=dict)
    changed: dict[str, tuple[MasterRecord, MasterRecord]] = field(default_factory=dict)
    withdrawn: dict[str, MasterRecord] = field(default_factory=dict)
    unchanged: int = 0

    @property
    def to_write(self) -> list[MasterRecord]:
        """The records that would be written."""
        return [*self.added.values(), *(new for _, new in self.changed.values()), *self.withdrawn.values()]


def read_rows(rows: Iterable[tuple[int, Mapping[str, str]]], updated_at: int, updated_by: str) -> Rows:
    """The records of (line, row) pairs. A key given twice is a fault of the later row."""
    out = Rows()
    for line, row in rows:
        found = read_row(row, updated_at, updated_by)
        if isinstance(found, MasterRecord):
            key = master_key(found.kind, found.id)
            if key in out.records:
                out.faults.append(Fault(line, "id", f"{key} stands in an earlier line too: leave one of them"))
            out.records.setdefault(key, found)
        else:
            out.faults += [Fault(line, column, detail) for column, detail in found]
    return out


def read_row(row: Mapping[str, str], updated_at: int, updated_by: str) -> MasterRecord | list[tuple[str, str]]:
    """The record of a row; or (column, detail) of each fault."""
    given = {column: text.strip() for column, text in row.items() if text.strip()}
    try:
        kind = MasterKind(given.get("kind", "").lower())
    except ValueError:
        return [("kind", f"{given.get('kind', '')!r}: write {', '.join(one.value for one in MasterKind)}")]
    faults = [
        (column, f"a {kind.value} has no {column}: leave it empty")
        for column in given if column not in _TAKES[kind]
    ]
    faults += [
        (column, f"{text[:20]!r}…: {len(text)} characters; at most {LONGEST_NUMBER} are accepted")
        for column, text in given.items() if len(text) > LONGEST_NUMBER and column != "aliases"
    ]
    if given.get("withdrawn", "").lower() not in _YES | _NO:
        faults.append(("withdrawn", f"{given['withdrawn']!r}: write yes or no"))
    record = MasterRecord(
        kind, "", updated_at, updated_by, given.get("withdrawn", "").lower() in _YES, given.get("name", ""),
        given.get("scac", "").upper(), given.get("duns", "").replace("-", ""), given.get("gln", ""), _aliases(given),
        normalise_carrier(given.get("carrier", "")), normalise_tracking_number(given.get("tracking_number", "")),
        normalise_carrier(given.get("of_carrier", "")), normalise_tracking_number(given.get("of_tracking_number", "")),
        given.get("link", "").lower(), None,
    )  # fmt: skip
    faults += _misshapen(record)
    record = _with_time(record, given, faults)
    record = _with_id(record, given.get("id", ""), faults)
    return faults or record


def difference(known: Mapping[str, MasterRecord], wanted: Mapping[str, MasterRecord]) -> Difference:
    """Compares the wanted records with the known ones they would be written over; another author or time alone is no
    change."""
    out = Difference()
    for key, new in wanted.items():
        old = known.get(key)
        if new.withdrawn:
            if old is None or old.withdrawn:
                out.unchanged += 1
            else:
                out.withdrawn[key] = new
        elif old is None or old.withdrawn:
            out.added[key] = new
        elif replace(old, updated_at=new.updated_at, updated_by=new.updated_by) == new:
            out.unchanged += 1
        else:
            out.changed[key] = (old, new)
    return out


def link_id(child: str, parent: str) -> str:
    """The id of a link: child and parent, each CARRIER:NUMBER."""
    return f"{child}>{parent}"


def _aliases(given: Mapping[str, str]) -> list[str]:
    return sorted({one.strip() for one in given.get("aliases", "").split(BETWEEN_ALIASES) if one.strip()})


def _misshapen(record: MasterRecord) -> list[tuple[str, str]]:
    faults = []
    for column, (shape, words) in _SHAPES.items():
        text = getattr(record, column)
        if text and not shape.fullmatch(text):
            faults.append((column, f"{text!r}: write {words}"))
        elif text and column == "gln" and not _gln_is_right(text):
            faults.append((column, f"{text!r}: the check digit is wrong"))
    return faults


def _gln_is_right(digits: str) -> bool:
    """Check digit by GS1 General Specifications, section 7.9.1: weights 1 and 3 alternate."""
    return sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(digits)) % 10 == 0


def _with_time(record: MasterRecord, given: Mapping[str, str], faults: list[tuple[str, str]]) -> MasterRecord:
    text = given.get("valid_at")
    if text is None:
        return record
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        at = None
    if at is None or at.tzinfo is None:
        faults.append(("valid_at", f"{text!r}: write a time with its offset, such as 2026-09-14T10:00:00Z"))
        return record
    return replace(record, valid_at=round(at.timestamp() * 1000))


def _with_id(record: MasterRecord, given: str, faults: list[tuple[str, str]]) -> MasterRecord:
    kind = record.kind
    if kind is MasterKind.LINK:
        return _with_link_id(record, faults)
    if kind is MasterKind.REFERENCE:
        name = parse_key(given)
        if name is None:
            faults.append(("id", f"{given!r}: write TYPE:REFERENCE, such as bol:4711"))
        if not record.withdrawn:
            faults += [
                (column, f"{column} is empty: name the shipment")
                for column in sorted(_SHIPMENT) if not getattr(record, column)
            ]
        return record if name is None else replace(record, id=name.key)
    if kind is MasterKind.CARRIER:
        slug = normalise_carrier(given)
        if not _SLUG.fullmatch(slug):
            faults.append(("id", f"{given!r}: write the carrier's slug, in letters, digits and _"))
        return replace(record, id=slug)
    if not given:
        faults.append(("id", "id is empty: write the ERP's number of the customer"))
    return replace(record, id=given)


def _with_link_id(record: MasterRecord, faults: list[tuple[str, str]]) -> MasterRecord:
    columns = ("carrier", "tracking_number", "of_carrier", "of_tracking_number")
    empty = [column for column in columns if not getattr(record, column)]
    faults += [(column, f"{column} is empty: a link needs two shipments") for column in empty]
    if record.link not in {one.value for one in LinkKind}:
        faults.append(("link", f"{record.link!r}: write {', '.join(one.value for one in LinkKind)}"))
    child = shipment_key(record.carrier, record.tracking_number)
    parent = shipment_key(record.of_carrier, record.of_tracking_number)
    if child == parent and not faults:
        faults.append(("of_tracking_number", f"{parent}: a shipment cannot be linked to itself"))
    return replace(record, id=link_id(child, parent))
