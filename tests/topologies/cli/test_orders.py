"""``shipsync orders waiting`` as it looks."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from topologies.cli.main import app
from topologies.operations import manual_resolution

FOUND = {
    "lines": [{"order_id": "SO-1", "delivery_id": "D-1", "customer_id": "C-1", "waits_for": "north:N1",
               "why": "no carrier event names it", "updated_at": 1_790_000_000_000}],
    "shipments": [{"shipment": "north:N2", "status": "in_transit", "events": 3, "updated_at": 1_790_000_000_000}],
}


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> None:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "160")


def shown(*arguments: str) -> str:
    done = CliRunner().invoke(app, ["orders", "waiting", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_lines_and_shipments_that_found_nobody_are_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual_resolution, "never_found", lambda _: FOUND)
    text = shown()
    assert all(words in text for words in ("SO-1", "north:N1", "no carrier event names it", "north:N2", "in_transit"))
    assert json.loads(shown("--json"))["shipments"][0]["events"] == 3


def test_where_all_agree_that_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(manual_resolution, "never_found", lambda _: {"lines": [], "shipments": []})
    assert "every shipment its order" in shown()
