"""Rows become records of master data, or are told by line, field and fix."""

from __future__ import annotations

import pytest

from streams.contracts.model import MasterRecord
from streams.kernel.vocabulary import MasterKind
from streams.masterdata.rows import COLUMNS, Rows, difference, read_row, read_rows

AT = 1_790_000_000_000


def read(**row: str) -> MasterRecord | list[tuple[str, str]]:
    return read_row(row, AT, "mo")


def good(**row: str) -> MasterRecord:
    found = read(**row)
    assert isinstance(found, MasterRecord), found
    return found


CARRIER = {"kind": "carrier", "id": " North ", "name": "North Freight", "scac": "nrth", "duns": "12-345-6789",
           "gln": "4012345000009", "aliases": "NFI; North Freight Inc. ;NFI"}
REFERENCE = {"kind": "reference", "id": "BOL: b 1", "carrier": "North", "tracking_number": "n 1"}
LINK = {"kind": "link", "carrier": "north", "tracking_number": "n2", "of_carrier": "north", "of_tracking_number": "n1",
        "link": "Relabelled"}


def test_a_carrier_is_read_in_its_canonical_form() -> None:
    assert good(**CARRIER) == MasterRecord(
        MasterKind.CARRIER, "north", AT, "mo", False, "North Freight", "NRTH", "123456789", "4012345000009",
        ["NFI", "North Freight Inc."],
    )


def test_a_reference_and_a_link_are_keyed_as_topics_are() -> None:
    reference, link = good(**REFERENCE, valid_at="2026-09-14T12:00:00+02:00"), good(**LINK)
    assert (reference.id, reference.carrier, reference.tracking_number) == ("bol:B1", "north", "N1")
    assert reference.valid_at == 1_789_380_000_000
    assert (link.id, link.link) == ("north:N2>north:N1", "relabelled")


def test_a_reference_is_taken_back_without_a_shipment() -> None:
    assert good(kind="reference", id="bol:B1", withdrawn="Yes").withdrawn


@pytest.mark.parametrize(
    ("row", "column", "fix"),
    [
        ({"kind": "depot"}, "kind", "write carrier, customer, reference, link"),
        ({}, "kind", "write carrier"),
        ({**CARRIER, "id": "North Inc."}, "id", "slug"),
        ({**CARRIER, "scac": "N0RTH"}, "scac", "two to four letters"),
        ({**CARRIER, "duns": "12345"}, "duns", "nine digits"),
        ({**CARRIER, "gln": "401234500000"}, "gln", "13 digits"),
        ({**CARRIER, "gln": "4012345000008"}, "gln", "check digit"),
        ({**CARRIER, "link": "alias"}, "link", "leave it empty"),
        ({**CARRIER, "withdrawn": "perhaps"}, "withdrawn", "yes or no"),
        ({**CARRIER, "name": "N" * 300}, "name", "at most 256 are accepted"),
        ({"kind": "customer", "name": "Somebody"}, "id", "the ERP's number"),
        ({**REFERENCE, "id": "B1"}, "id", "TYPE:REFERENCE"),
        ({**REFERENCE, "carrier": " "}, "carrier", "name the shipment"),
        ({**REFERENCE, "valid_at": "2026-09-14"}, "valid_at", "with its offset"),
        ({**REFERENCE, "valid_at": "soon"}, "valid_at", "with its offset"),
        ({**LINK, "of_carrier": ""}, "of_carrier", "a link needs two shipments"),
        ({**LINK, "link": "cousin"}, "link", "handed_over"),
        ({**LINK, "of_tracking_number": "N2"}, "of_tracking_number", "cannot be linked to itself"),
    ],
)
def test_a_fault_is_reported_with_its_fix(row: dict[str, str], column: str, fix: str) -> None:
    found = read(**row)
    assert isinstance(found, list)
    [(where, detail)] = found
    assert where == column
    assert fix in detail


def test_every_fault_of_every_line_is_told_and_the_good_lines_are_read() -> None:
    bad = {**CARRIER, "scac": "1", "duns": "1"}
    rows = read_rows([(2, CARRIER), (3, {"kind": "x"}), (4, bad), (5, CARRIER)], AT, "mo")
    assert list(rows.records) == ["carrier:north"]
    assert [(fault.line, fault.field) for fault in rows.faults] == [(3, "kind"), (4, "scac"), (4, "duns"), (5, "id")]


def known(*rows: dict[str, str]) -> Rows:
    return read_rows(list(enumerate(rows)), AT, "mo")


def test_a_difference_tells_what_is_new_changed_taken_back_and_as_it_was() -> None:
    there = known(CARRIER, REFERENCE, LINK).records
    moved, gone = {**REFERENCE, "tracking_number": "n9"}, {**LINK, "withdrawn": "yes"}
    rows = enumerate([CARRIER, moved, gone, {"kind": "customer", "id": "C-1"}])
    wanted = read_rows(rows, AT + 9, "jo").records
    found = difference(there, wanted)
    assert (list(found.added), list(found.withdrawn)) == (["customer:C-1"], ["link:north:N2>north:N1"])
    assert found.unchanged == 1
    [(old, new)] = found.changed.values()
    assert (old.tracking_number, new.tracking_number) == ("N1", "N9")
    assert [record.updated_by for record in found.to_write] == ["jo"] * 3


def test_what_is_taken_back_already_or_was_never_there_changes_nothing() -> None:
    gone = {**REFERENCE, "withdrawn": "yes"}
    for there in ({}, known(gone).records):
        found = difference(there, known(gone).records)
        assert (found.to_write, found.unchanged) == ([], 1)


def test_a_withdrawn_record_can_be_written_again() -> None:
    assert len(difference(known({**REFERENCE, "withdrawn": "yes"}).records, known(REFERENCE).records).added) == 1


def test_every_column_is_a_field() -> None:
    assert set(COLUMNS) <= set(MasterRecord.__struct_fields__)
