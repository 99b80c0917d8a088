"""The gateway as a process: it starts without a broker, ends well, and says why it does not start."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import urllib.request
from contextlib import suppress
from pathlib import Path

import pytest

from connectors.embedded.ports import unused
from tests.support.waiting import PATIENCE, eventually

ROOT = Path(__file__).resolve().parents[3]
EXIT_WRONG_SETTINGS = 78


def start(folder: Path, port: int, **settings: str) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if not name.startswith("SHIPSYNC_")}
    told = {"SHIPSYNC_GATEWAY_PORT": str(port), "SHIPSYNC_BOOTSTRAP": "127.0.0.1:1", **settings}
    return subprocess.Popen(
        [sys.executable, "-m", "topologies.cli.main", "gateway"], cwd=folder, text=True, stderr=subprocess.PIPE,
        env={**inherited, "PYTHONPATH": str(ROOT), "SHIPSYNC_GATEWAY_ACK_TIMEOUT": "0.2", **told},
    )


def answers(port: int) -> bool:
    with suppress(OSError), urllib.request.urlopen(f"http://127.0.0.1:{port}/healthz", timeout=2) as answer:
        return bool(answer.status == 200)
    return False


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_the_gateway_serves_without_a_broker_and_stops_cleanly(tmp_path: Path, number: signal.Signals) -> None:
    (port,) = unused()
    process = start(tmp_path, port)
    try:
        eventually(lambda: answers(port))
        process.send_signal(number)
        assert process.wait(PATIENCE) == 0
    finally:
        process.kill()
        process.communicate()


def test_a_taken_port_is_told_with_the_setting(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        process = start(tmp_path, taken.getsockname()[1])
        _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == 1
    assert "SHIPSYNC_GATEWAY_PORT" in said


def test_wrong_secrets_are_wrong_settings_and_are_not_shown(tmp_path: Path) -> None:
    process = start(tmp_path, unused()[0], SHIPSYNC_PUSH_SECRETS='{"nobody": "s3cret"}')
    _, said = process.communicate(timeout=PATIENCE)
    assert process.returncode == EXIT_WRONG_SETTINGS
    assert "there is no feed nobody" in said
    assert "s3cret" not in said
