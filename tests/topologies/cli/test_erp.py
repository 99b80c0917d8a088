"""``shipsync erp check`` and ``shipsync pull orders`` as they look, without a broker and without an ERP."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from connectors.erp.rest.loading import packaged
from streams.kernel.vocabulary import PostingKind
from tests.support.rest_erps import CASES
from topologies.cli.main import app


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("SHIPSYNC_ERP_FILE", raising=False)


@pytest.mark.parametrize("name", CASES)
def test_every_packaged_declaration_shows_what_it_would_send(name: str) -> None:
    done = CliRunner().invoke(app, ["erp", "check", name, "--json"])
    assert done.exit_code == 0, done.output
    told = json.loads(done.output)
    assert told["valid"]
    assert told["credentials"]
    assert {one["kind"] for one in told["postings"]} == set(PostingKind)
    issue = told["postings"][0]
    assert issue["kind"] == "goods_issue"
    assert sum(call["writes"] for call in issue["calls"]) == CASES[name].writes
    assert any("80001" in json.dumps(call) or "SO-1001" in json.dumps(call) for call in issue["calls"])
    for source in told["orders"]:
        assert not any(call["writes"] for call in source["calls"])
    for value in CASES[name].credentials.values():
        assert value not in done.output


def test_a_posting_is_a_row_a_call() -> None:
    done = CliRunner().invoke(app, ["erp", "check", "erpnext", "--value", "timezone=Europe/Berlin"])
    assert done.exit_code == 0, done.output
    assert "Credentials: key, secret. Values: timezone (UTC)." in done.output
    assert "PUT /api/resource/Delivery Note/80001" in done.output
    assert "2026-09-14 12:00:00" in done.output


def test_a_faulty_declaration_says_where_and_what(tmp_path: Path) -> None:
    path = tmp_path / "ours.yaml"
    odoo = packaged()["odoo"].read_text("utf-8")
    path.write_text(odoo.replace("posting.delivery_id", "posting.delivery", 1), "utf-8")
    done = CliRunner().invoke(app, ["erp", "check", str(path)])
    assert done.exit_code == 1
    assert "posting.delivery is not known" in done.output
    told = json.loads(CliRunner().invoke(app, ["erp", "check", str(path), "--json"]).output)
    assert (told["valid"], told["file"]) == (False, str(path))
    assert "posting.delivery is not known" in told["problem"]


@pytest.mark.parametrize("value", ["colour=red", "database"])
def test_a_value_the_declaration_does_not_have_is_a_wrong_argument(value: str) -> None:
    assert CliRunner().invoke(app, ["erp", "check", "odoo", "--value", value]).exit_code == 2


def test_without_an_erp_that_has_orders_nothing_is_pulled() -> None:
    done = CliRunner().invoke(app, ["pull", "orders"])
    assert done.exit_code == 1
