"""``shipsync masterdata``: a dry run by default, every bad line named."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from config.settings import Settings
from streams.contracts.model import MasterRecord
from streams.masterdata.rows import read_rows
from topologies.cli.main import app
from topologies.operations import master_data
from topologies.operations.command_actor import command_actor

HEADING = "kind,id,name,scac,carrier,tracking_number\n"
NORTH = {"kind": "carrier", "id": "north", "name": "North Freight", "scac": "NRTH"}


@pytest.fixture(autouse=True)
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> list[MasterRecord]:
    """The records written; there is one carrier."""
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")
    records: list[MasterRecord] = []
    there = read_rows([(2, NORTH)], 1_790_000_000_000, "mo").records
    monkeypatch.setattr(master_data, "known", lambda _: there)
    monkeypatch.setattr(master_data, "write", lambda _, some, *__: records.extend(some) or len(records))
    return records


def file(folder: Path, rows: str) -> str:
    path = folder / "in.csv"
    path.write_text(HEADING + rows, "utf-8")
    return str(path)


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["masterdata", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_an_import_shows_the_difference_and_writes_nothing(tmp_path: Path, written: list[MasterRecord]) -> None:
    rows = "carrier,north,North Freight,NRFT,,\nreference,bol:b1,,,north,n1\n"
    shown = run("import", file(tmp_path, rows))
    assert "+ reference:bol:B1: is north:N1" in shown
    assert "~ carrier:north: North Freight, SCAC NRTH -> North Freight, SCAC NRFT" in shown
    assert "1 new, 1 changed, 0 withdrawn, 0 unchanged." in shown
    assert "Nothing is written yet: add --apply." in shown
    assert written == []


def test_an_import_writes_the_difference_alone(tmp_path: Path, written: list[MasterRecord]) -> None:
    rows = "carrier,north,North Freight,NRTH,,\nreference,bol:b1,,,north,n1\n"
    told = json.loads(run("import", file(tmp_path, rows), "--apply", "--json"))
    assert (told["written"], told["unchanged"], list(told["added"])) == (1, 1, ["reference:bol:B1"])
    me = command_actor(Settings(_env_file=None)).name
    assert [(record.id, record.updated_by) for record in written] == [("bol:B1", me)]


def test_a_bad_line_refuses_the_file_and_is_named_with_its_fix(tmp_path: Path, written: list[MasterRecord]) -> None:
    path = file(tmp_path, "carrier,north,,NRTH,,\ncarrier,south,,S1,,\n")
    shown = run("import", path, "--apply", code=1)
    assert "line 3, scac: 'S1': write two to four letters" in shown
    assert "1 faults; nothing was written." in shown
    assert json.loads(run("import", path, "--json", code=1))["faults"][0]["line"] == 3
    assert written == []


def test_the_records_are_listed_and_exported_as_they_are_imported() -> None:
    assert "North Freight, SCAC NRTH" in run("list")
    assert json.loads(run("list", "carrier", "--json"))[0]["id"] == "north"
    assert json.loads(run("list", "link", "--json")) == []
    heading, north = run("export").splitlines()
    assert heading.startswith("kind,id,name,scac")
    assert north.startswith("carrier,north,North Freight,NRTH")
