"""``shipsync norms`` as it looks; what it reads is made up."""

from __future__ import annotations

import json

import pytest
from typer.testing import CliRunner

from config.settings import Settings
from streams.kernel.vocabulary import Status
from streams.shipments.timers.expected_dwell import Usual
from topologies.cli.main import app
from topologies.stages import norm_table

HOUR = 3_600_000
KNOWN = [
    Usual("south", "SE>SE", Status.OUT_FOR_DELIVERY, 1_240, HOUR, 9 * HOUR),
    Usual("*", "*", Status.IN_TRANSIT, 9_000, 30 * HOUR, 90 * HOUR),
    Usual("north", "", Status.IN_TRANSIT, 50, 30 * HOUR, 60 * HOUR),
]


def shown(monkeypatch: pytest.MonkeyPatch, known: list[Usual], *arguments: str) -> str:
    def read(settings: Settings) -> list[Usual]:
        assert settings.kafka.bootstrap
        return known

    monkeypatch.setattr(norm_table, "read", read)
    done = CliRunner().invoke(app, ["norms", *arguments])
    assert done.exit_code == 0, done.output
    return done.output


def test_a_norm_is_a_row(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [line.split("\t") for line in shown(monkeypatch, KNOWN).splitlines()]
    assert rows[1:] == [
        ["all", "all", "in_transit", "9,000", "30 h", "90 h"],
        ["north", "not known", "in_transit", "50", "30 h", "60 h"],
        ["south", "SE>SE", "out_for_delivery", "1,240", "60 min", "9 h"],
    ]


def test_one_carriers_norms_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    assert json.loads(shown(monkeypatch, KNOWN, "--carrier", "south", "--json")) == [{
        "carrier": "south", "lane": "SE>SE", "status": "out_for_delivery", "observations": 1_240, "median_ms": HOUR,
        "usual_ms": 9 * HOUR,
    }]


def test_an_empty_table_is_explained(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "Nothing is learnt yet" in shown(monkeypatch, [])
