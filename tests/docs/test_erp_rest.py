"""The worked example of docs/erp-rest.md is right, to the letter."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import yaml

from connectors.erp import declared
from connectors.erp.rest.compiled import load
from connectors.erp.rest.credentials import needed
from connectors.erp.rest.loading import packaged
from connectors.erp.rest.preview import preview
from tests.support.sources import ROOT

PAGE = (ROOT / "docs" / "erp-rest.md").read_text("utf-8")
BLOCKS: list[dict[str, Any]] = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]


def test_the_entry_switches_on_a_packaged_declaration(tmp_path: Path) -> None:
    path = tmp_path / "erp.yaml"
    path.write_text(yaml.safe_dump(BLOCKS[0]), "utf-8")
    [one] = declared.load(path)
    found = load(packaged()[one.declaration])
    assert one.orders is not None
    assert one.orders.seconds == 60
    assert set(one.secrets) == set(needed(found.declared.authentication))
    assert set(one.values) == {name for name, value in found.declared.values.items() if value is None}


def test_the_declaration_loads_with_its_orders_and_notices_and_shows_what_it_sends(tmp_path: Path) -> None:
    path = tmp_path / "house.yaml"
    path.write_text(yaml.safe_dump({**BLOCKS[1], **BLOCKS[2], **BLOCKS[3]}, sort_keys=False), "utf-8")
    told = preview(load(path), {})
    calls = {call["name"]: call for call in told["postings"][0]["calls"]}
    assert calls["issue"]["body"]["at"] == "2026-09-14T10:00:00.000Z"
    assert calls["carrier"]["headers"]["If-Match"] in PAGE
    assert told["orders"][0]["calls"][0]["query"]["top"] == 100
    assert [one["kind"] for one in told["notices"]] == ["exception_opened", "exception_closed"]
    assert told["notices"][0]["calls"][0]["body"]["text"] == "Delay (weather) of acme PRO123456."


def test_every_packaged_declaration_stands_in_the_table() -> None:
    assert set(re.findall(r"^\| `(\w+)` \|", PAGE.split("## Switch one on")[0], re.MULTILINE)) == set(packaged())
