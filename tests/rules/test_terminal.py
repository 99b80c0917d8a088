"""Commands print through ``topologies/operations/terminal.py`` and ``topologies/cli/tables.py`` alone: foreign text
controls no terminal."""

from __future__ import annotations

import re

from tests.support.sources import ROOT

AROUND = re.compile(
    r"from rich\.(?:console import .*\bConsole\b|table import .*\bTable\b)|typer\.(?:echo|secho)\(|(?<!\.)\bprint\("
)
ITS_OWN_WORDS = {"main.py": 1, "version.py": 1, "tables.py": 1}
"""The first two print the version; ``tables.py`` is the one that draws tables."""


def test_no_command_prints_past_the_module_that_escapes_foreign_text() -> None:
    past = {}
    for file in sorted((ROOT / "topologies" / "cli").glob("*.py")):
        lines = [line for line in file.read_text("utf-8").splitlines() if AROUND.search(line)]
        if len(lines) != ITS_OWN_WORDS.get(file.name, 0):
            past[file.name] = lines
    assert past == {}
