"""Build the wheel, install it apart from the repository, and see that what is installed is whole and works."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path
from zipfile import ZipFile

from config.version import VERSION
from connectors.carriers import discover
from tests.support.sources import PACKAGES, ROOT, committed_files, label

BUILT_FROM = ("setup.py", "setup.cfg", "pyproject.toml", "MANIFEST.in", "README.md", "LICENSE", "avro", *PACKAGES)
SECONDS = 300
CASE = ROOT / "tests" / "connectors" / "carriers" / "dhl" / "cases" / "express.in.xml"
CONTRACTS = """
import config
from config import contracts
names = sorted(file.stem for file in contracts.AVRO_DIR.glob("*.avsc"))
print(config.__file__)
print("\\n".join(contracts.schema_text(name) for name in names))
"""


def ran(*command: str | Path, cwd: Path) -> str:
    """The output of the command. Raises AssertionError with all it said where it fails."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("SHIPSYNC_", "PYTHONPATH"))}
    done = subprocess.run(
        list(map(str, command)), cwd=cwd, env=inherited, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, f"{' '.join(map(str, command))}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def build(folder: Path, *options: str) -> Path:
    """The wheel of the committed files, built in ``folder``; ``options``: of ``pip wheel``."""
    source = folder / "source"
    for path in committed_files():
        if label(path).split("/")[0] in BUILT_FROM:
            target = source / label(path)
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(path, target)
    ran(sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", *options, "-w", folder, source, cwd=folder)
    [wheel] = folder.glob("*.whl")
    return wheel


def environment(folder: Path, *, borrow: bool) -> Path:
    """The Python of a new environment in ``folder``; ``borrow``: with this one's libraries, but not the repository."""
    venv.create(folder, with_pip=not borrow)
    python = folder / "bin" / "python"
    if borrow:
        paths = sysconfig.get_paths(vars={"base": str(folder), "platbase": str(folder)})
        Path(paths["purelib"], "borrowed.pth").write_text(sysconfig.get_path("purelib"), "utf-8")
    return python


def data_files() -> set[str]:
    """The files a wheel must hold besides modules: every committed data file of the packages, and the contracts."""
    files = {label(path) for path in committed_files()}
    contracts = {f"config/{name}" for name in files if name.startswith("avro/") and name.count("/") == 1}
    return contracts | {name for name in files if name.split("/")[0] in PACKAGES and not name.endswith(".py")}


def missing(wheel: Path) -> set[str]:
    """Modules and data files of the repository that the wheel lacks."""
    files = {label(path) for path in committed_files() if label(path).split("/")[0] in PACKAGES}
    return ({name for name in files if name.endswith(".py")} | data_files()) - set(ZipFile(wheel).namelist())


def foreign(wheel: Path) -> set[str]:
    """The files a wheel should not hold: anything but the packages, the contracts and its own record."""
    names, wanted = set(ZipFile(wheel).namelist()), data_files()
    return {name for name in names - wanted if ".dist-info/" not in name and not name.endswith(".py")} | {
        name for name in names if name.startswith(("tests", "benchmarks", "avro", "tools"))
    }


def check(python: Path, folder: Path) -> None:
    """Raises AssertionError where the installed ShipSync is not whole. Runs in ``folder``, outside the repository."""
    shipsync = python.with_name("shipsync")
    assert ran(shipsync, "--version", cwd=folder).strip() == VERSION
    place, *schemas = ran(python, "-c", CONTRACTS, cwd=folder).splitlines()
    assert ROOT not in Path(place).parents
    expected = sorted((ROOT / "avro").glob("*.avsc"))
    assert [json.loads(text) for text in schemas] == [json.loads(file.read_text("utf-8")) for file in expected]
    feeds = [one["feed"] for one in json.loads(ran(shipsync, "carrier", "list", "--json", cwd=folder))]
    assert feeds == [one.feed for one in discover()]
    topics = [one["name"] for one in json.loads(ran(shipsync, "topics", "--json", cwd=folder))]
    assert {f"raw.{feed}.v1" for feed in feeds} < set(topics)
    [tried] = json.loads(ran(shipsync, "carrier", "try", "dhl", CASE, "--json", cwd=folder))
    assert tried["events"]
    assert not tried["rejects"]
