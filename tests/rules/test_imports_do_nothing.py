"""Importing is free: no socket, process, thread, file or setting is touched by it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import ROOT, module_name, modules
from tests.support.waiting import PATIENCE

IMPORT_ALL = '''
import importlib, os, sys, threading

sys.dont_write_bytecode = True
sys.path.insert(0, sys.argv[1])
REFUSED = {"socket.connect", "socket.bind", "socket.getaddrinfo", "os.mkdir", "os.remove", "os.rename"}

def refuse(event, arguments):
    if event in REFUSED:
        raise PermissionError(f"{event}{arguments}")
    if event == "open" and isinstance(arguments[1], str) and set(arguments[1]) & set("wax+"):
        raise PermissionError(f"writes {arguments[0]}")

sys.addaudithook(refuse)
for name in sys.argv[2:]:
    before = set(threading.enumerate())
    try:
        importlib.import_module(name)
    except BaseException as error:
        sys.exit(f"importing {name} does more than define: {error!r}")
    if started := set(threading.enumerate()) - before:
        sys.exit(f"importing {name} starts {started}")
'''


PLANTED = {
    "connects": "import socket\nsocket.socket().connect(('127.0.0.1', 9))",
    "listens": "import socket\nsocket.socket().bind(('127.0.0.1', 0))",
    "writes a file": "open('written', 'w')",
    "starts a thread": (
        "import threading\nthreading.Thread(target=threading.Event().wait, daemon=True).start()"
    ),
    "reads a setting": "import os\nos.environ['SHIPSYNC_BOOTSTRAP']",
}


def import_in_an_empty_process(folder: Path, names: list[str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "ignore", "-c", IMPORT_ALL, str(folder), *names]
    return subprocess.run(
        command, cwd=folder, env={}, capture_output=True, text=True, timeout=PATIENCE, check=False
    )


def test_importing_any_module_does_nothing_else() -> None:
    names = [name for path in modules() if not (name := module_name(path)).endswith("__main__")]
    done = import_in_an_empty_process(ROOT, names)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("code", PLANTED.values(), ids=PLANTED.keys())
def test_a_module_that_does_more_is_caught(tmp_path: Path, code: str) -> None:
    (tmp_path / "planted.py").write_text(code)
    done = import_in_an_empty_process(tmp_path, ["planted"])
    assert done.returncode == 1
    assert "importing planted" in done.stderr
