"""Every limit, media type and answer in the OpenAPI document is what the gateway does (schemathesis, real HTTP)."""

from __future__ import annotations

import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
import uvicorn

from connectors.gateway.connections import ConnectionLimits, Connections, guarded
from connectors.gateway.credentials import SCOPES
from tests.support.gateway import NOW, gateway
from tests.support.served import description_of
from tests.support.waiting import PATIENCE

ROOT = Path(__file__).resolve().parents[3]
KEY = "a-key-of-every-scope"
PLENTY = 1_000_000
"""Requests a minute: nothing is refused for coming too often."""
EXAMPLES = 10
"""Generated requests of each operation, beside those that schemathesis derives from every limit in the document."""
LONGEST = 3_600
"""Seconds it may take on a busy machine."""
MONTH = 30 * 86_400


@pytest.fixture
def url(tmp_path: Path) -> Iterator[str]:
    """A gateway with the key of every scope, whose log is a list and whose clock stands before the examples' times."""
    one = gateway(
        tmp_path, push_secrets={"acme": KEY}, gateway_rate=PLENTY, gateway_unproven_rate=PLENTY,
        api_keys=dict.fromkeys(SCOPES, KEY),
    )
    one.clock[0] = NOW - MONTH
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(
            one.client.app, http=guarded(Connections(ConnectionLimits())), lifespan="off", log_config=None
        ))
        thread = threading.Thread(target=server.run, args=([listener],))
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


@pytest.mark.timeout(LONGEST)
def test_schemathesis_finds_nothing(url: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [
            sys.executable, "-m", "schemathesis.cli", "--config-file", "tests/support/schemathesis.toml", "run",
            description_of(url, tmp_path), "--url", url, "--header", f"Authorization: Bearer {KEY}",
            "--max-examples", str(EXAMPLES), "--phases", "examples,coverage,fuzzing",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False,
    )
    assert run.returncode == 0, run.stdout + run.stderr
    assert "Tested: 14" in run.stdout, run.stdout
