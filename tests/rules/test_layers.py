"""The import rules of setup.cfg hold here, and each bites where it is broken."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.support.sources import PACKAGES, ROOT
from tests.support.waiting import PATIENCE

PLANTED = {
    "streams must not do I/O": ("streams.kernel", "asyncio"),
    "streams must not read a clock": ("streams.resilience", "time"),
    "streams must not log": ("streams.shipments", "structlog"),
    "streams must not know connectors": ("streams.feeds", "connectors.kafka"),
    "streams must not know topologies": ("streams.norms", "topologies.runtime"),
    "streams must not know config": ("streams.edi", "config"),
    "config must not know streams": ("config", "streams.alerts"),
    "config must not know connectors": ("config", "connectors.drop"),
    "connectors must not know topologies": ("connectors.formats", "topologies.stages"),
    "a context must not know another": ("streams.alerts", "streams.orders"),
    "contracts must not know a context": ("streams.contracts", "streams.fulfilment"),
    "the kernel must not know contracts": ("streams.kernel", "streams.contracts"),
    "the runtime must not know stages": ("topologies.runtime", "topologies.stages"),
    "stages must not know workers": ("topologies.stages", "topologies.workers"),
    "workers must not know the local stack": ("topologies.workers", "topologies.local_stack"),
    "the local stack must not know operations": ("topologies.local_stack", "topologies.operations"),
    "operations must not know the demo": ("topologies.operations", "topologies.demo"),
    "the demo must not know the commands": ("topologies.demo", "topologies.cli"),
    "pages of the tower must not know the API": ("portal.tower", "portal.api"),
    "sign-in must not know the tower": ("portal.sign_in", "portal.tower"),
    "words must not know how pages are made": ("portal.words", "portal.pages"),
    "Kafka must not know formats": ("connectors.kafka", "connectors.formats"),
    "formats must not know mapping": ("connectors.formats", "connectors.mapping"),
    "mapping must not know carriers": ("connectors.mapping", "connectors.carriers"),
    "carriers must not know polling": ("connectors.carriers", "connectors.polling"),
    "the gateway must not know the drop folder": ("connectors.gateway", "connectors.drop"),
}


def lint_imports(folder: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    for package in PACKAGES:
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "setup.cfg", tmp_path)
    return tmp_path


def test_the_layers_hold() -> None:
    done = lint_imports(ROOT)
    assert done.returncode == 0, done.stdout


def test_every_forbidden_import_is_caught(copy: Path) -> None:
    for importer, imported in PLANTED.values():
        with (copy / importer.replace(".", "/") / "__init__.py").open("a", encoding="utf-8") as package:
            package.write(f"\nimport {imported}\n")
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout
    caught = set(re.findall(r"([\w.]+) -> ([\w.]+) \(l\.", done.stdout))
    assert {rule for rule, planted in PLANTED.items() if planted not in caught} == set(), done.stdout


@pytest.mark.parametrize("folder", ["streams", "connectors", "topologies"])
def test_a_folder_without_a_layer_is_caught(copy: Path, folder: str) -> None:
    (copy / folder / "novelty").mkdir()
    (copy / folder / "novelty" / "__init__.py").touch()
    done = lint_imports(copy)
    assert done.returncode == 1, done.stdout
    assert f"{folder}.novelty" in done.stdout
