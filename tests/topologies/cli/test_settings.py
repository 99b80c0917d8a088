"""``shipsync settings``, and the page made of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.settings import SETTINGS
from tests.support.sources import ROOT
from topologies.cli.main import app
from topologies.cli.settings import HIDDEN, as_markdown


@pytest.fixture(autouse=True)
def apart(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)


def test_the_page_of_settings_is_as_they_are_declared() -> None:
    page = (ROOT / "docs" / "settings.md").read_text("utf-8")
    assert page == f"{as_markdown()}\n", "write it anew: shipsync settings --markdown > docs/settings.md"


def test_every_setting_stands_on_the_page_once() -> None:
    page = as_markdown()
    assert [page.count(f"| `{one.variable}`") for one in SETTINGS.values()] == [1] * len(SETTINGS)


def test_the_page_is_the_same_whatever_is_set(monkeypatch: pytest.MonkeyPatch) -> None:
    page = as_markdown()
    monkeypatch.setenv("SHIPSYNC_PARTITIONS", "17")
    assert as_markdown() == page


def test_the_values_here_are_shown_and_secrets_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SHIPSYNC_PARTITIONS", "17")
    monkeypatch.setenv("SHIPSYNC_FEEDS", "ups, dhl")
    monkeypatch.setenv("SHIPSYNC_API_KEYS", '{"orders": "geheim"}')
    monkeypatch.setenv("SHIPSYNC_REDIS_URL", "redis://:geheim@redis:6379/0")
    told = CliRunner().invoke(app, ["settings", "--json"]).output
    values = json.loads(told)
    assert values.keys() == {one.variable for one in SETTINGS.values()}
    assert values["SHIPSYNC_PARTITIONS"] == "17"
    assert values["SHIPSYNC_FEEDS"] == "ups,dhl"
    assert values["SHIPSYNC_API_KEYS"] == HIDDEN
    assert values["SHIPSYNC_REDIS_URL"] == "redis://redis:6379/0"
    assert "geheim" not in told + CliRunner().invoke(app, ["settings"]).output
