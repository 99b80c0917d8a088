"""``shipsync demo`` as it is typed."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

from config.settings import Settings
from tests.support.waiting import PATIENCE
from tests.topologies.demo import accounts
from topologies.cli.main import app
from topologies.demo import presenting
from topologies.demo.presenting import Wishes
from topologies.demo.reconcile import Totals, to_json, totals

Asked = list[Wishes]


@pytest.fixture(autouse=True)
def signals_as_before() -> Iterator[None]:
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield
    for number, handler in handlers.items():
        signal.signal(number, handler)


@pytest.fixture
def presented(monkeypatch: pytest.MonkeyPatch) -> Callable[[Totals], Asked]:
    def instead(result: Totals) -> Asked:
        asked: Asked = []

        def present(settings: Settings, wishes: Wishes) -> Totals:
            assert isinstance(settings, Settings)
            asked.append(wishes)
            return result

        monkeypatch.setattr(presenting, "present", present)
        return asked

    return instead


def test_the_demo_exits_with_0_when_every_message_is_accounted_for(presented: Callable[[Totals], Asked]) -> None:
    asked = presented(totals(accounts.clean()))
    result = CliRunner().invoke(app, ["demo", "--shipments", "20", "--seed", "5", "--stop-after"])
    assert result.exit_code == 0, result.output
    assert asked == [Wishes(20, None, 5, pictures=True, apart=False, json=False, stay=False)]


def test_the_demo_exits_with_1_when_something_is_not_accounted_for(presented: Callable[[Totals], Asked]) -> None:
    asked = presented(totals(accounts.clean(without=frozenset({"card"}))))
    result = CliRunner().invoke(app, ["demo", "--check"])
    assert result.exit_code == 1
    assert asked == [Wishes(300, None, None, pictures=False, apart=True, json=False, stay=None)]


def test_the_totals_are_json_with_the_verdict_first() -> None:
    told = json.loads(to_json(totals(accounts.clean())))
    assert next(iter(told)) == "explained"
    assert told["explained"] is True
    assert told["feeds"]["ups"]["dead_letters"] == 1


@pytest.mark.broker
def test_the_check_starts_a_stack_of_its_own_and_explains_every_message(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "topologies.cli.main", "demo", "--check", "--json",
               "--seconds", "8", "--shipments", "60"]
    environment = {**os.environ, "SHIPSYNC_DATA_DIR": str(tmp_path / "none here")}
    environment.pop("SHIPSYNC_BOOTSTRAP", None)
    done = subprocess.run(command, capture_output=True, text=True, timeout=2 * PATIENCE, env=environment, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert told["differences"] == []
    parts = ("raw_with_events", "raw_refused", "raw_carrier_errors", "raw_acknowledgements")
    assert sum(told[one] for one in parts) == told["raw_records"] > 300
    assert told["statuses"]["delivered"] > 20
    assert "Every message is explained" in done.stderr
    assert "Webhooks so far: " in done.stderr
    assert "none with a wrong signature" in done.stderr
