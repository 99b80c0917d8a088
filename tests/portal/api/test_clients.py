"""The clients SHIPSYNC_CLIENTS may declare; a fault names the client and what would be right, and repeats no hash."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from config.setting_group import SettingsError
from config.settings import Settings
from portal.api.clients import clients_of
from tests.support.portal import entry

HASH = entry("a", "k")["hash"]


@pytest.mark.parametrize(("change", "said"), [
    ({"name": "a b"}, "letters"), ({"name": ""}, "letters"), ({"hash": "md5:1"}, "sha256"),
    ({"hash": HASH[:-1]}, "sha256"), ({"hash": HASH.upper()}, "sha256"), ({"scopes": []}, "no scope"),
    ({"scopes": ["orders:raed"]}, "orders:read"),
    ({"scopes": ["alerts:read"], "customer": "C"}, "cannot have alerts:read"), ({"customer": " "}, "leave it out"),
    ({"expires": "2027-13-01"}, "expires"), ({"expires": "9999-12-31"}, "expires"), ({"until": "2027-01-01"}, "list"),
    ({"expires": 7}, "list"),
])
def test_a_wrong_entry_is_refused(change: dict[str, Any], said: str) -> None:
    with pytest.raises(SettingsError, match=said) as refused:
        clients_of(SecretStr(json.dumps([entry("one", "k", ["orders:read"]) | change])))
    assert HASH not in str(refused.value)


@pytest.mark.parametrize("text", ["{}", "7", "[", '[{"name": "a"}]'])
def test_what_is_no_list_of_entries_is_refused(text: str) -> None:
    with pytest.raises(SettingsError, match="shipsync keys new"):
        clients_of(SecretStr(text))


@pytest.mark.parametrize("text", [None, "", " ", "[]"])
def test_there_may_be_no_client(text: str | None) -> None:
    assert clients_of(None if text is None else SecretStr(text)) == ()


def test_clients_may_stand_in_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "clients.json"
    file.write_text(json.dumps([entry("one", "k")]), "utf-8")
    monkeypatch.setenv("SHIPSYNC_CLIENTS_FILE", str(file))
    settings = Settings(_env_file=None)
    assert [one.name for one in clients_of(settings.portal.clients)] == ["one"]
    assert "sha256" not in repr(settings)
