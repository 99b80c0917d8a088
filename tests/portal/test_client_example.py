"""The five lines in ``docs/api.md`` do what they say."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.portal import ALL, portal
from tests.support.served import served
from tests.support.sources import ROOT


def test_the_example_prints_what_is_at_risk(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs" / "api.md").read_text("utf-8")
    [code] = re.findall(r"<!-- client example -->\n```python\n(.*?)```", page, re.DOTALL)
    with served(portal(tmp_path).client.app) as url:
        exec(code, {"URL": url, "KEY": ALL})
    assert "ups:1Z999AA10123456784 2026-09-22T19:13:20.000Z 2026-09-22T14:13:20.000Z" in capsys.readouterr().out
