"""``shipsync users new`` and ``shipsync link``: entries and links that the portal takes."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from typer.testing import CliRunner, Result

from config.settings import Settings
from connectors.read_store.files import FOLDER
from portal.server.secret import secret_of
from portal.sign_in.people import Person, Role, users_of
from portal.tracking.tokens import Subject, Tokens
from tests.support.read_model_world import ACME, fill
from topologies.cli.main import app

PASSWORD = "correct horse battery"


def invoked(*arguments: str, given: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=given)


def test_an_entry_signs_in() -> None:
    made = invoked("users", "new", "ada", "--role", "operator", given=f"{PASSWORD}\n{PASSWORD}\n")
    assert made.exit_code == 0, made.output
    entry = made.stdout[made.stdout.index("{"):]
    assert PASSWORD not in made.output
    assert users_of(SecretStr(f"[{entry}]")).sign_in("ada", PASSWORD) == Person("ada", Role.OPERATOR)


@pytest.mark.parametrize(("arguments", "words"), [
    (("ada", "--password", "short"), "10 characters"), ((" ", "--password", PASSWORD), "can be shown"),
    (("ada", "--role", "boss", "--password", PASSWORD), "boss"),
])
def test_what_makes_no_entry_is_refused(arguments: tuple[str, ...], words: str) -> None:
    made = invoked("users", "new", *arguments)
    assert made.exit_code == 2
    assert words in made.output


def test_a_link_leads_to_the_orders_page(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    fill(tmp_path / FOLDER)
    told = json.loads(invoked("link", "SO-1", "--json").output)
    token = told["link"].rpartition("/")[2]
    secret = secret_of(Settings(data_dir=tmp_path))
    assert Tokens(secret).read(token) == Subject("order", "SO-1", ACME)
    assert invoked("link", "SO-1").output.startswith("http://127.0.0.1:18090/t/")


def test_a_link_to_an_order_nobody_knows_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("SHIPSYNC_DATA_DIR", str(tmp_path))
    fill(tmp_path / FOLDER)
    assert "knows no order SO-9" in str(invoked("link", "SO-9").exception)
