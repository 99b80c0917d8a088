"""``shipsync identity`` as it looks, and what it says of what it cannot read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from config.settings import Settings
from streams.contracts.model import MasterRecord
from streams.identity.matching import MatchingRules
from streams.identity.record import ReferenceRecord, with_claim, with_event
from tests.support.reference_inputs import line, unresolved, word
from topologies.cli.main import app
from topologies.operations import manual_resolution
from topologies.operations.command_actor import command_actor

ME = command_actor(Settings(_env_file=None)).name

ROW = {
    "reference": "bol:B1", "waiting_since": 1_790_000_000_000, "updated_at": 1_790_000_000_000, "ambiguous": True,
    "candidates": ["north:N1", "north:N2\x1b[2J"],
    "events": [{"carrier": "north", "milestone": "picked_up", "occurred_at": 1, "carrier_text": "", "feed": "north"}],
    "lines": [{"order_id": "SO-1", "delivery_id": "D-1", "carrier": "north"}],
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch) -> list[MasterRecord]:
    """The records written; the reference known is one event and one line, told at N1."""
    known = ReferenceRecord("bol", "B1")
    known = with_event(known, unresolved()) or known
    for claim in (line(), word("N1")):
        known = with_claim(known, claim) or known
    records: list[MasterRecord] = []
    monkeypatch.setattr(manual_resolution, "known_of", lambda *_: known)
    monkeypatch.setattr(manual_resolution, "rules_of", lambda _: MatchingRules(span_ms=1 << 60))
    monkeypatch.setattr(manual_resolution, "write", lambda _, one, __: records.append(one))
    return records


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["identity", *arguments])
    assert done.exit_code == code, done.output
    return done.output


def test_a_reference_is_a_row_with_what_waits_and_who_could_be_meant(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual_resolution, "waiting", lambda _: [ROW])
    shown = run("list")
    assert all(words in shown for words in ("bol:B1", "2026-09-21", "north picked_up", "SO-1", "north:N1, north:N2"))
    assert "\x1b[2J" not in shown
    assert json.loads(run("list", "--json"))[0]["reference"] == "bol:B1"


def test_an_empty_list_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual_resolution, "waiting", lambda _: [])
    assert "No reference is unresolved.\n" in run("list")


def test_a_resolution_is_previewed_without_apply(written: list[MasterRecord]) -> None:
    shown = run("resolve", "BOL: b1", "North:n2")
    assert "is taken back at north:N1" in shown
    assert "goes out at north:N2" in shown
    assert "order O-1 (delivery D-1) claims no more north:N1" in shown
    assert "Nothing is written yet: add --apply." in shown
    assert written == []


def test_a_resolution_is_written_with_apply(written: list[MasterRecord]) -> None:
    assert "Written." in run("resolve", "bol:B1", "north:N2", "--apply")
    [record] = written
    assert (record.id, record.tracking_number, record.updated_by, record.withdrawn) == ("bol:B1", "N2", ME, False)
    assert json.loads(run("withdraw", "bol:B1", "--apply", "--json"))["applied"] is True
    assert written[-1].withdrawn


def test_a_resolution_without_effect_is_reported(written: list[MasterRecord]) -> None:
    assert "Nothing would change." in run("resolve", "bol:B1", "north:N1")
    assert written == []


@pytest.mark.parametrize(
    ("arguments", "told"),
    [(["resolve", "B1", "north:N1"], "write TYPE:REFERENCE"), (["resolve", "bol:B1", "N1"], "write CARRIER:NUMBER"),
     (["withdraw", "bol:"], "write TYPE:REFERENCE")],
)
def test_an_unreadable_argument_is_answered_with_an_example(arguments: list[str], told: str) -> None:
    assert told in run(*arguments, code=2)
