"""Master data in files: read, told by line where it is wrong, written as it is read."""

from __future__ import annotations

import io
from pathlib import Path

import pytest

from connectors.carriers import discover
from streams.kernel.errors import Fatal
from topologies.operations.master_data import PACKAGED, export, read_file

AT = 1_790_000_000_000
FILE = """\
kind,id,name,scac,aliases,carrier,tracking_number,valid_at
carrier,north,"North, Freight",NRTH,NFI;Nord,,,
reference,bol:b1,,,,north,n1,2026-09-14T10:00:00+00:00
"""


def file(folder: Path, text: str) -> Path:
    path = folder / "master.csv"
    path.write_text(text, "utf-8")
    return path


def test_a_file_is_read_and_written_as_it_is_read(tmp_path: Path) -> None:
    rows = read_file(file(tmp_path, FILE), AT, "mo")
    assert (sorted(rows.records), rows.faults) == (["carrier:north", "reference:bol:B1"], [])
    out = io.StringIO()
    export(rows.records.values(), out)
    again = read_file(file(tmp_path, out.getvalue()), AT, "mo")
    assert again == rows


def test_a_withdrawn_record_is_not_exported(tmp_path: Path) -> None:
    rows = read_file(file(tmp_path, "kind,id,withdrawn\nreference,bol:B1,yes\n"), AT, "mo")
    out = io.StringIO()
    export(rows.records.values(), out)
    assert len(out.getvalue().splitlines()) == 1


def test_a_bad_line_is_told_by_its_number_in_the_file(tmp_path: Path) -> None:
    rows = read_file(file(tmp_path, FILE + '"carrier","two\nlines",,,,,,\n'), AT, "mo")
    assert [(fault.line, fault.field) for fault in rows.faults] == [(5, "id")]


@pytest.mark.parametrize(
    ("text", "column"), [("kind,id,colour\n", "colour"), ("", "kind"), ("north,NRTH\n", "north")]
)
def test_a_first_line_that_names_no_columns_is_told(tmp_path: Path, text: str, column: str) -> None:
    faults = read_file(file(tmp_path, text), AT, "mo").faults
    assert (faults[0].line, faults[0].field) == (1, column)
    assert "kind, id, name" in faults[0].detail


@pytest.mark.parametrize("body", [b"kind,id\n\xff\xfe", b'kind,id\n"carrier'])
def test_what_is_no_csv_is_refused_by_name(tmp_path: Path, body: bytes) -> None:
    path = tmp_path / "master.csv"
    path.write_bytes(body)
    with pytest.raises(Fatal, match=r"master\.csv"):
        read_file(path, AT, "mo")


def test_the_packaged_carriers_are_right_and_none_of_them_has_a_feed_here() -> None:
    rows = read_file(PACKAGED, AT, "mo")
    assert rows.faults == []
    assert len(rows.records) == len(PACKAGED.read_text("utf-8").splitlines()) - 1
    own = {carrier.slug for carrier in discover()}
    assert {one.id for one in rows.records.values()} & own == set()
    assert all(len(one.scac) == 4 for one in rows.records.values())
