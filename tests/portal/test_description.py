"""Every limit, media type and answer in the API's description is what the portal does (schemathesis, real HTTP)."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from connectors.read_store.pages import Position, cursor_of
from tests.support.portal import ALL, Portal, portal
from tests.support.served import description_of, served

ROOT = Path(__file__).resolve().parents[2]
PLENTY = 1_000_000
"""Requests a minute: nothing is refused for coming too often."""
EXAMPLES = 10
LONGEST = 3_600
"""Seconds it may take on a busy machine."""
SETTINGS = """\
hooks = "tests.support.description_hooks"
continue-on-failure = true
request-timeout = 300
color = false
suppress-health-check = ["too_slow"]

[generation]
deterministic = true
database = "none"
"""
GIVEN = '\n[[operations]]\ninclude-operation-id = "{operation}"\nparameters = {{ {parameters} }}\n'
POSITIONS: dict[str, Position] = {
    "list_shipments": (2**42, 2**42), "list_orders": (2**42, "SO"), "list_deliveries": (2**42, ""),
    "list_bookings": (2**42, ""),
    "list_alerts": (-(10.0**19), 0, ""),
    "list_dead_letters": (2**42, "intake", "raw", 0, 0), "list_actions": (2**42, ""),
}
"""Before the first row of each list. That a cursor is one the list gave, a schema cannot say: these are given in place
of generated ones (tests/portal/api/test_resources.py holds that others are refused)."""


def configuration(one: Portal) -> str:
    """How schemathesis is to examine the portal."""
    key = "ups:1Z999AA10123456784"
    told = one.services.store.events(key)[-1].event.event
    assert not isinstance(told, bytes)
    one.raw.kept[told.source.topic, told.source.partition, told.source.offset] = b"{}"
    given = {name: f'"query.cursor" = "{cursor_of(position)}"' for name, position in POSITIONS.items()}
    given["get_raw_message"] = f'"path.key" = "{key}", "path.event_id" = "{told.event_id}"'
    return SETTINGS + "".join(GIVEN.format(operation=name, parameters=value) for name, value in given.items())


@pytest.mark.timeout(LONGEST)
def test_schemathesis_finds_nothing(tmp_path: Path) -> None:
    one = portal(tmp_path, portal_rate=PLENTY, portal_unproven_rate=PLENTY)
    file = tmp_path / "schemathesis.toml"
    file.write_text(configuration(one), "utf-8")
    with served(one.client.app) as url:
        run = subprocess.run(
            [
                sys.executable, "-m", "schemathesis.cli", "--config-file", str(file), "run",
                description_of(url, tmp_path), "--url", url, "--header", f"Authorization: Bearer {ALL}",
                "--max-examples", str(EXAMPLES), "--phases", "examples,coverage,fuzzing",
                "--exclude-operation-id", "stream_changes",
            ],
            cwd=ROOT, capture_output=True, text=True, check=False,
        )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Tested: 30" in run.stdout, run.stdout


def test_each_cursor_given_is_taken(tmp_path: Path) -> None:
    one = portal(tmp_path)
    lists = {"list_shipments": "shipments", "list_orders": "orders", "list_alerts": "alerts",
             "list_dead_letters": "dead-letters", "list_actions": "audit", "list_deliveries": "deliveries",
             "list_bookings": "bookings"}
    for name, position in POSITIONS.items():
        assert len(one.get(f"/v1/{lists[name]}?cursor={cursor_of(position)}").json()["items"]) > 0, name
