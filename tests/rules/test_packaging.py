"""What is pinned stays pinned, and the repository knows no machine but the one it runs on."""

from __future__ import annotations

import configparser
import os
import re
import subprocess

import pytest

from tests.support.sources import ROOT, committed_files
from tests.support.waiting import PATIENCE

SETUP = configparser.ConfigParser()
SETUP.read(ROOT / "setup.cfg", "utf-8")
REQUIRED = [line for line in SETUP["options"]["install_requires"].splitlines() if line[:1].isalpha()]
PINNED = {"faust-streaming": "0.15.3", "aiokafka": "0.14.0", "mode-streaming": "0.7.1"}

HOSTS = ("py" "pi.org", "python" "hosted.org", "npm" "js.org", "repo1." "maven", "repo." "maven",
         "cra" "tes.io", "proxy." "golang", "deb." "debian", "jf" "rog", "arti" "factory")
PATHS = ("/wo" "rk/", "/ro" "ot/", "/home" "/user", "/tmp" "/v/", "/opt" "/wheels")


def test_faust_aiokafka_and_mode_are_pinned_exactly() -> None:
    exact = (line.split("==") for line in REQUIRED if "==" in line)
    pins = {name.strip(): version.strip() for name, version in exact}
    assert {name: pins.get(name) for name in PINNED} == PINNED, "move a pin only with the trap tests green"


def test_every_other_requirement_has_both_bounds() -> None:
    ranged = [line for line in REQUIRED if line.partition(" ")[0] not in {*PINNED, "tzdata"}]
    assert [line for line in ranged if ">=" not in line or "<" not in line.partition(">=")[2]] == []


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
