"""The import rules of setup.cfg hold here, and each bites where it is broken."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import PACKAGES, ROOT

PLANTED = {
    "streams must not do I/O": ("streams/kernel/errors.py", "import asyncio"),
    "streams must not read a clock": ("streams/kernel/errors.py", "import time"),
    "streams must not know connectors": ("streams/kernel/errors.py", "import connectors"),
    "streams must not know topologies": ("streams/kernel/errors.py", "import topologies"),
    "streams must not know config": ("streams/kernel/errors.py", "import config"),
    "config must not know streams": ("config/headers.py", "import streams"),
    "config must not know connectors": ("config/headers.py", "import connectors"),
    "connectors must not know topologies": ("connectors/kafka/registry.py", "import topologies"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=100, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    return tmp_path


def test_the_layers_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(("file", "line"), PLANTED.values(), ids=PLANTED.keys())
def test_a_forbidden_import_is_caught(copy: Path, file: str, line: str) -> None:
    module = copy / file
    first = "from __future__ import annotations"
    module.write_text(module.read_text("utf-8").replace(first, f"{first}\n{line}"))
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout
    assert "BROKEN" in done.stdout
