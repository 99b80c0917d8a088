"""``shipsync delivery``: what is held back, and what a person's word would bring about."""

from __future__ import annotations

import json
from typing import Any

import pytest
from typer.testing import CliRunner

from config.settings import Settings
from streams.contracts.model import CarrierEvent
from streams.kernel.vocabulary import Flag, Milestone
from streams.shipments.record import Shipment
from tests.cases.journey import played
from tests.support.command_line import TERMINAL
from tests.support.strategies import carrier_event, received, reference
from topologies.cli.main import app
from topologies.operations import doubtful_deliveries
from topologies.operations.command_actor import command_actor


@pytest.fixture
def held() -> Shipment:
    doubtful = carrier_event(Milestone.DELIVERED, 60, flags=[Flag.DELIVERY_DOUBTFUL.value])
    return played([reference(), received(doubtful)]).shipments["north:N100"]


@pytest.fixture
def written(monkeypatch: pytest.MonkeyPatch, tmp_path: Any, held: Shipment) -> list[CarrierEvent]:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "80")
    events: list[CarrierEvent] = []
    monkeypatch.setattr(doubtful_deliveries, "known_of", lambda *_: held)
    monkeypatch.setattr(doubtful_deliveries, "release", lambda _, event, __: events.append(event))
    monkeypatch.setenv("SHIPSYNC_ACTOR", "Ada")
    return events


def run(*arguments: str, code: int = 0) -> str:
    done = CliRunner().invoke(app, ["delivery", *arguments])
    assert done.exit_code == code, done.output
    return done.output


@pytest.mark.usefixtures("written")
def test_what_is_held_back_is_listed_with_why(monkeypatch: pytest.MonkeyPatch, held: Shipment) -> None:
    row = doubtful_deliveries.row_of("north:N100", held)
    monkeypatch.setattr(doubtful_deliveries, "held_back", lambda _: [row])
    for name, value in TERMINAL.items():
        monkeypatch.setenv(name, value)
    shown = run("list")
    assert "north:N100" in shown
    assert max(map(len, shown.splitlines())) <= 80
    assert json.loads(run("list", "--json"))[0]["orders"] == ["O-1"]


def test_a_confirmation_is_shown_first_and_written_on_demand(written: list[CarrierEvent]) -> None:
    shown = run("confirm", "north:n100")
    assert "customer of O-1" in shown
    assert "D-1" in shown
    assert "--apply" in shown
    assert written == []
    me = command_actor(Settings(_env_file=None, actor="Ada")).name
    assert me.startswith("Ada (")
    run("confirm", "north:N100", "--apply")
    assert [(one.milestone, one.carrier_text, one.flags) for one in written] == [
        (Milestone.DELIVERED, f"confirmed by {me}", [Flag.CONFIRMED_BY_PERSON.value])
    ]


@pytest.mark.usefixtures("written")
def test_what_is_no_shipment_is_refused() -> None:
    assert "CARRIER:NUMBER" in run("confirm", "N100", code=2)


def test_of_a_shipment_without_doubt_nothing_is_held_back() -> None:
    sure = played([reference(), received(carrier_event(Milestone.DELIVERED, 60))]).shipments["north:N100"]
    assert doubtful_deliveries.row_of("north:N100", sure) is None
