"""``shipsync poll status`` and ``--dry-run`` as they look, and what is said where nothing is polled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from config.settings import Settings
from streams.kernel.errors import Fatal
from topologies.cli.main import app
from topologies.operations import polling_status
from topologies.workers import carrier_polling

ROW = {
    "feed": "north.track", "carrier": "north", "numbers": 1_240, "due": 3, "waiting": 1_200, "settled": 30,
    "not_found": 6, "expired": 1, "next_due_at": 1_790_000_000_000, "circuit": "closed", "circuit_retry_at": 0,
    "circuit_reason": "",
}
OPEN = {
    **ROW, "feed": "south", "circuit": "open", "circuit_retry_at": 1_790_000_060_000,
    "circuit_reason": "unauthorised: HTTP 403\x1b[2J",
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("SHIPSYNC_POLL_CREDENTIALS", raising=False)


def shown(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["poll", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_feed_is_a_row_with_its_circuit(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling_status, "look", lambda *_: [ROW, OPEN, {**ROW, "feed": "west", "circuit": None}])
    text = shown("status")
    rows = {row.split("\t")[0]: row for row in text.splitlines()}
    assert rows["north.track"].split("\t") == [
        "north.track", "3", "1,200", "30", "6", "1", "2026-09-21T14:13:20.000Z", "closed"
    ]
    assert "unauthorised: HTTP 403" in text.replace("\n", " ")
    assert "\x1b[2J" not in text
    assert "not known" in rows["west"]


def test_as_json_it_is_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(polling_status, "look", lambda *_: [ROW])
    assert json.loads(shown("status", "--json")) == [
        {**ROW, "next_due_at": "2026-09-21T14:13:20.000Z", "circuit_retry_at": None}
    ]


def test_the_plan_is_listed_soonest_first_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    one = {
        "feed": "north.track", "carrier": "north", "tracking_number": "N100", "status": "in_transit",
        "due_at": 1_790_000_000_000, "asked_at": None, "asked": 4, "failures": 0, "not_found": 2, "detail": "NF",
    }
    monkeypatch.setattr(polling_status, "planned", lambda *_: [one])
    text = shown("--dry-run")
    assert "N100" in text
    assert "2 not found" in text
    assert json.loads(shown("--dry-run", "--json")) == [{**one, "due_at": "2026-09-21T14:13:20.000Z"}]


def test_where_nothing_is_polled_it_says_how_to() -> None:
    assert "SHIPSYNC_POLL_CREDENTIALS" in shown("status")
    with pytest.raises(Fatal, match="no feed is to be polled: name feeds and credentials"):
        carrier_polling.run(Settings(poll_credentials=None))
