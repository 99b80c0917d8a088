"""``make audit`` and ``make sbom``: what the tools report is told as it is, and nothing passes unseen."""

from __future__ import annotations

import json
import subprocess
from typing import Any

import pytest

from tests.support.sources import ROOT
from tools import audit, sbom

LOOKED_UP = {"name": "alpha", "version": "1.0", "vulns": []}
VULNERABLE = {"name": "beta", "version": "2.1", "vulns": [{"id": "CVE-2026-0001", "fix_versions": ["2.2"]}]}
SKIPPED = {"name": "gamma", "skip_reason": "Dependency not found and could not be audited: gamma (3)"}
LOCK = "alpha==1.0 \\\n    --hash=sha256:00\nbeta==2.1 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"


def answers(monkeypatch: pytest.MonkeyPatch, stdout: str, stderr: str = "") -> None:
    """Have the audit tool print this."""
    done = subprocess.CompletedProcess([], 1, stdout, stderr)
    monkeypatch.setattr(audit.subprocess, "run", lambda *_, **__: done)


def report(*libraries: dict[str, Any]) -> str:
    """The tool's report of these."""
    return json.dumps({"dependencies": list(libraries), "fixes": []})


def test_an_audit_without_a_finding_says_how_many_were_looked_up(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, report(LOOKED_UP, SKIPPED))
    assert audit.main([]) == 0
    assert "ok runtime: 1 libraries, no known vulnerability; not in the database: gamma" in capsys.readouterr().out


def test_a_known_vulnerability_fails_and_names_the_version_that_mends_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    answers(monkeypatch, report(LOOKED_UP, VULNERABLE))
    assert audit.main([]) == audit.KNOWN
    assert "  beta 2.1: CVE-2026-0001, mended in 2.2" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("stdout", "stderr"),
    [("", "requests.exceptions.ConnectionError: no route"), (report(SKIPPED), "")],
    ids=["no connection", "nothing looked up"],
)
def test_a_database_out_of_reach_is_said_and_fails_where_it_is_required(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], stdout: str, stderr: str
) -> None:
    answers(monkeypatch, stdout, stderr)
    assert audit.main([]) == 0
    assert "SKIPPED runtime: the vulnerability database cannot be reached" in capsys.readouterr().out
    assert audit.main(["--require"]) == audit.OUT_OF_REACH


def test_a_lock_the_tool_refuses_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    answers(monkeypatch, "", "ERROR: the hash of alpha is missing")
    assert audit.main([]) == audit.REFUSED


def test_a_bill_of_materials_is_held_to_the_lock() -> None:
    bill = {"components": [{"name": "Alpha", "version": "1.0"}, {"name": "pip", "version": "25"}]}
    assert sbom.faults(bill, LOCK) == []
    bill["components"][0]["version"] = "1.1"
    bill["components"].append({"name": "delta", "version": "4"})
    assert sbom.faults(bill, LOCK) == ["alpha 1.1: 1.0 in the lock", "delta 4: not in the lock"]
    assert sbom.faults({"components": []}, LOCK) == ["alpha: not in the bill"]


def test_licences_are_counted_as_declared() -> None:
    bill = {"components": [
        {"name": "a", "licenses": [{"license": {"id": "MIT", "acknowledgement": "declared"}}]},
        {"name": "b", "licenses": [{"expression": "Apache-2.0 OR MIT", "acknowledgement": "declared"}]},
        {"name": "c"},
    ]}
    assert sbom.licences(bill) == {"MIT": 1, "Apache-2.0 OR MIT": 1, "none declared": 1}


def test_what_holds_secrets_is_not_committed() -> None:
    ignored = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    assert {".env", "/var/"} <= set(ignored)
