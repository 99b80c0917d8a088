"""``shipsync find`` and ``shipsync show`` over a real read model."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from connectors.read_store.files import FOLDER
from connectors.read_store.reader import AlertFilter, ReadStore
from streams.contracts.model import Alert
from tests.support.command_line import TERMINAL
from tests.support.foreign_text import controls
from tests.support.read_model_world import NOON, fill
from topologies.cli.main import app
from topologies.workers import read_model

KEY, NUMBER, ORDER, CUSTOMER = "ups:1Z999AA10123456784", "1Z999AA10123456784", "SO-1", "C-ACME"


@pytest.fixture(autouse=True)
def data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.setattr(read_model, "now_ms", lambda: NOON + 3_000)
    fill(tmp_path / FOLDER)
    return tmp_path


def invoked(*arguments: str, **environment: str) -> Result:
    return CliRunner().invoke(app, list(arguments), env=environment)


def rows(result: Result) -> list[str]:
    return [line.split("\t")[0] for line in result.stdout.splitlines()[1:]]


def as_json(*arguments: str) -> Any:
    return json.loads(invoked(*arguments, "--json").stdout)


def alert(data: Path) -> Alert:
    store = ReadStore(data / FOLDER)
    try:
        return store.alerts(AlertFilter(), 1).rows[0]
    finally:
        store.close()


@pytest.mark.parametrize(("text", "kind"), [
    (NUMBER, "tracking"), ("1z999aa1 0123456784", "tracking"), (KEY, "tracking"), (ORDER, "order"),
    ("DN-SO-1", "delivery"), (CUSTOMER, "customer"),
])
def test_a_shipment_is_found_by_any_number_and_by_its_customer(text: str, kind: str) -> None:
    found = invoked("find", text)
    assert found.exit_code == 0
    assert KEY in rows(found)
    assert kind in next(line for line in found.stdout.splitlines() if line.startswith(KEY)).split("\t")[1]


def test_an_order_is_found_beside_its_shipments() -> None:
    found = as_json("find", ORDER)
    assert [one["order_id"] for one in found["orders"]] == [ORDER]
    assert KEY in [one["key"] for one in found["shipments"]]
    assert (found["as_of"], found["behind"]) == ("2026-09-21T14:13:20.000Z", 0)


def test_how_current_it_is_is_said_beside_the_rows() -> None:
    found = invoked("find", NUMBER)
    assert found.stderr == "As of 3 s ago.\n"
    assert rows(found) == [KEY]


def test_nothing_found_is_exit_1_and_names_what_is_near() -> None:
    found = invoked("find", "SO-11")
    assert found.exit_code == 1
    assert "Did you mean SO-1" in found.stderr
    assert as_json("find", "nothing like it")["shipments"] == []


def test_a_shipment_is_shown_with_timeline_words_postings_and_alerts() -> None:
    shown = invoked("show", KEY).stdout
    for words in ("at risk", "picked up", "Lyon FR", "Your shipment is on its way.", "delivery_at_risk"):
        assert words in shown
    posted = invoked("show", "1Z999AA10123456785").stdout
    assert "delivery confirmation of delivery DN-SO-1" in posted


def test_a_shipment_in_json_is_the_document_of_the_api_with_what_hangs_on_it() -> None:
    shown = as_json("show", NUMBER)
    assert shown["kind"] == "shipment"
    shipment = shown["shipment"]
    assert shipment["key"] == KEY
    assert shipment["promises"]["promised_delivery_at"] == "2026-09-22T14:13:20.000Z"
    assert [len(shipment[name]) > 0 for name in ("timeline", "customer_updates", "alerts")] == [True] * 3


def test_an_order_is_shown_with_its_shipments_and_postings() -> None:
    shown = invoked("show", ORDER).stdout
    assert {KEY, "ups:1Z999AA10123456785"} <= {line.split("\t")[0] for line in shown.splitlines()}
    assert "delivery confirmation" in shown
    assert as_json("show", ORDER)["order"]["order_id"] == ORDER


def test_an_alert_is_shown_by_the_characters_its_list_shows(data: Path) -> None:
    one = alert(data)
    assert one.message in invoked("show", one.alert_id[:8]).stdout
    assert as_json("show", one.alert_id)["alert"]["alert_id"] == one.alert_id


def test_an_alert_is_shown_with_who_was_told(data: Path) -> None:
    store = ReadStore(data / FOLDER)
    [late] = store.alerts(AlertFilter(owner=""), 5).rows
    store.close()
    assert "operations 21 Sep 13:14 UTC" in " ".join(invoked("show", late.alert_id).stdout.split())
    [told] = as_json("show", late.alert_id)["alert"]["told"]
    assert (told["channel"], told["status"]) == ("operations", "sent")


@pytest.mark.parametrize(("key", "near"), [
    ("ups:1Z999AA10123456781", KEY), ("1Z999AA1012345678", KEY), ("SO-11", "SO-1"),
])
def test_an_unknown_key_names_the_nearest(key: str, near: str) -> None:
    shown = invoked("show", key)
    assert shown.exit_code == 1
    assert f"there is no shipment, order or alert {key!r}" in str(shown.exception)
    assert near in str(shown.exception)


@pytest.mark.parametrize("command", ["find", "show"])
def test_without_a_read_model_the_commands_that_make_one_are_named(
    command: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path / "elsewhere"))
    done = invoked(command, NUMBER)
    assert done.exit_code != 0
    assert "shipsync up or shipsync views follow" in str(done.exception)


@pytest.mark.parametrize("columns", ["80", "120"])
@pytest.mark.parametrize("arguments", [["find", CUSTOMER], ["show", KEY], ["show", ORDER]])
def test_a_terminal_of_any_width_holds_every_line_and_whole_keys(columns: str, arguments: list[str]) -> None:
    shown = invoked(*arguments, COLUMNS=columns, **TERMINAL).output
    assert max(len(line) for line in shown.splitlines()) <= int(columns)
    assert KEY in shown
    assert controls(shown) == ""
    assert "As of 3 s ago." in shown
