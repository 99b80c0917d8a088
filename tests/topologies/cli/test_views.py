"""``shipsync views`` as it looks; the read model of ``status`` is a real one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from connectors.read_store.files import FOLDER
from tests.support.read_model_world import NOON, fill
from topologies.cli.main import app
from topologies.operations import read_model_rebuild
from topologies.operations.read_model_rebuild import Compared, Rebuilt
from topologies.workers import read_model


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    return tmp_path


def invoked(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["views", *arguments], env={"COLUMNS": "80"})


def test_status_tells_how_current_it_is(monkeypatch: pytest.MonkeyPatch, data: Path) -> None:
    monkeypatch.setattr(read_model, "now_ms", lambda: NOON + 3_000)
    fill(data / FOLDER)
    assert invoked("status").output == "5 shipments; Kafka was read 3 s ago, 0 records are left to read.\n"
    assert json.loads(invoked("status", "--json").output)["age_seconds"] == 3


def test_without_a_read_model_the_command_that_makes_one_is_named() -> None:
    told = invoked("status")
    assert told.exit_code != 0
    assert "shipsync views follow" in str(told.exception)


def test_a_rebuild_says_what_it_made(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(read_model_rebuild, "rebuild", lambda *_: Rebuilt(1_234, 56, 2.5))
    assert invoked("rebuild").output == "56 shipments from 1,234 records in 2.5 s; readers see it now.\n"
    assert json.loads(invoked("rebuild", "--json").output) == {"records": 1_234, "shipments": 56, "seconds": 2.5}


@pytest.mark.parametrize(("agrees", "code", "word"), [(True, 0, "agrees"), (False, 1, "DIFFERS")])
def test_a_check_fails_where_a_table_differs(
    monkeypatch: pytest.MonkeyPatch, agrees: bool, code: int, word: str
) -> None:
    found = [Compared("shipments", 5, 0, 0 if agrees else 1, 0, agrees)]
    monkeypatch.setattr(read_model_rebuild, "check", lambda *_: found)
    told = invoked("check")
    assert told.exit_code == code
    assert word in told.output
    assert json.loads(invoked("check", "--json").stdout)[0]["agrees"] is agrees
