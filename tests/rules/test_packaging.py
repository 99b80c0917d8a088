"""Pinned versions stay pinned, and the repository knows no machine but the one it runs on."""

from __future__ import annotations

import configparser
import os
import re
import subprocess
import tomllib

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from tests.support.sources import ROOT, committed_files, imports, modules
from tests.support.waiting import PATIENCE

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", "utf-8")
REQUIRED = [line for line in SETUP["options"]["install_requires"].splitlines() if line[:1].isalpha()]
PINNED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}

NOT_IMPORTED = {
    "mode-streaming": "faust's; pinned because faust is",
    "httptools": "uvicorn parses HTTP with it",
    "uvloop": "uvicorn runs on it",
    "tzdata": "zoneinfo and the table of zones read it",
}
"""Requirements no module imports, and who needs them."""
MODULES = {"faust-streaming": "faust", "PyYAML": "yaml", "python-dotenv": "dotenv", "argon2-cffi": "argon2"}
"""Modules of requirements that are not called so."""
LOCKS = {
    "runtime": ["build"], "embedded": ["build", "embedded"], "dev": ["build", "embedded", "dev"],
    "browser": ["build", "embedded", "dev", "browser"],
    "fuzz": ["build", "embedded", "dev", "browser", "fuzz"],
}
"""Name in ``requirements/`` -> the extras in it."""
LOCKED = r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+_-]+( ; [a-z_]+ .+?)?( +--hash=sha256:[0-9a-f]{64})+"

HOSTS = ("py" "pi.org", "python" "hosted.org", "npm" "js.org", "repo1." "maven", "repo." "maven",
         "cra" "tes.io", "proxy." "golang", "deb." "debian", "jf" "rog", "arti" "factory")
PATHS = ("/wo" "rk/", "/ro" "ot/", "/home" "/user", "/tmp" "/v/", "/opt" "/wheels")


def extra_lines(extra: str) -> list[str]:
    """The requirements of an extra."""
    return [line for line in SETUP["options.extras_require"][extra].splitlines() if line]


def locked(name: str) -> list[Requirement]:
    """The entries of a lock, without their hashes."""
    lines = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").splitlines()
    return [Requirement(line.rstrip(" \\")) for line in lines if line[:1].isalnum()]


def test_faust_aiokafka_and_mode_are_pinned_exactly() -> None:
    exact = (line.split("==") for line in REQUIRED if "==" in line)
    pins = {name.strip(): version.strip() for name, version in exact}
    assert {name: pins.get(name) for name in PINNED} == PINNED, "move a pin only with the trap tests green"


def test_every_other_requirement_has_both_bounds() -> None:
    ranged = [line for line in REQUIRED if line.partition(" ")[0] not in {*PINNED, "tzdata"}]
    assert [line for line in ranged if ">=" not in line or "<" not in line.partition(">=")[2]] == []


def test_every_requirement_is_used() -> None:
    imported = {module.partition(".")[0] for path in modules() for _, module in imports(path)}
    names = {Requirement(line).name for line in REQUIRED}
    unknown = names - NOT_IMPORTED.keys()
    assert [name for name in sorted(unknown) if MODULES.get(name, name.replace("-", "_")) not in imported] == []
    assert NOT_IMPORTED.keys() <= names


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_holds_each_requirement_in_a_version_setup_cfg_allows(name: str) -> None:
    of_extras = [line for extra in LOCKS[name] for line in extra_lines(extra)]
    wanted = [Requirement(line) for line in (*REQUIRED, *of_extras)]
    versions = {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in locked(name)}
    wrong = [
        f"{one}: {versions.get(canonicalize_name(one.name), 'missing')}" for one in wanted
        if not one.specifier.contains(versions.get(canonicalize_name(one.name), "0"), prereleases=True)
    ]
    assert wrong == [], "write the locks anew: make lock"


@pytest.mark.parametrize("name", LOCKS)
def test_a_lock_pins_every_library_by_hash_and_names_no_place(name: str) -> None:
    entries = (ROOT / "requirements" / f"{name}.txt").read_text("utf-8").replace("\\\n", "").splitlines()
    assert [entry for entry in entries if not re.fullmatch(LOCKED, entry)] == []


def test_the_tools_that_look_at_the_libraries_are_locked_too() -> None:
    asked = [Requirement(line) for line in (ROOT / "requirements" / "audit.in").read_text("utf-8").splitlines()
             if line[:1].isalpha()]
    versions = {canonicalize_name(one.name): str(one.specifier).removeprefix("==") for one in locked("audit")}
    assert [one for one in asked if not one.specifier.contains(versions[canonicalize_name(one.name)])] == []
    entries = (ROOT / "requirements" / "audit.txt").read_text("utf-8").replace("\\\n", "").splitlines()
    assert [entry for entry in entries if not re.fullmatch(LOCKED, entry)] == []


def test_the_locks_agree() -> None:
    everything = set(map(str, locked("fuzz")))
    assert [one for name in LOCKS for one in map(str, locked(name)) if one not in everything] == []


def test_a_build_without_isolation_has_the_tools_the_build_asks_for() -> None:
    asked = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["build-system"]["requires"]
    assert [Requirement(line).name for line in asked] == [Requirement(line).name for line in extra_lines("build")]
    [tools] = [one for one in locked("runtime") if one.name == "setuptools"]
    assert Requirement(asked[0]).specifier.contains(str(tools.specifier).removeprefix("=="))


def test_the_metadata_lives_in_setup_cfg_alone() -> None:
    assert "[project]" not in (ROOT / "pyproject.toml").read_text("utf-8")


@pytest.mark.parametrize("words", [HOSTS, PATHS], ids=["registry hosts", "machine paths"])
def test_no_file_names_a_foreign_place(words: tuple[str, ...]) -> None:
    said = [
        f"{path.relative_to(ROOT)}: {word}" for path in committed_files()
        for word in words if word.encode() in path.read_bytes()
    ]
    assert said == []


def test_ci_is_a_script_that_runs_as_it_is() -> None:
    script = ROOT / ".ci" / "run"
    assert os.access(script, os.X_OK)
    subprocess.run(["bash", "-n", str(script)], timeout=PATIENCE, check=True)
    assert "set -euo pipefail" in script.read_text("utf-8")


def test_make_help_lists_every_target() -> None:
    done = subprocess.run(["make", "help"], cwd=ROOT, capture_output=True, text=True, timeout=PATIENCE, check=True)
    targets = re.findall(r"^\.PHONY: (\S+)", (ROOT / "Makefile").read_text("utf-8"), re.MULTILINE)
    listed = re.findall(r"^ {2}make (\S+) +\S", done.stdout, re.MULTILINE)
    assert listed == targets
