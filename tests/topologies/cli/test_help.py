"""The help of every command: examples that parse as they are printed, ``--json``, exit codes, completion."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import typer.main
from typer.testing import CliRunner

from config.version import VERSION
from tests.support.command_line import is_group, walk
from tests.support.waiting import PATIENCE
from topologies.cli import completion, main
from topologies.cli.commands import COMMANDS
from topologies.cli.examples import EXAMPLES, FIRST_STEPS
from topologies.cli.main import app
from topologies.runtime.exit_codes import ExitCode

ROOT = Path(__file__).resolve().parents[3]
NO_JSON = {
    "up", "stage", "gateway", "portal", "registry", "views follow",
    "masterdata export", "completion", "users new", "send notifications", "send alerts", "send bookings",
    "send postings", "pull documents",
    "alerts ack", "alerts snooze", "alerts resolve", "alerts reopen", "alerts assign", "alerts secret",
}
"""Processes; a CSV file, a script, and an entry that is JSON already; and actions that say one sentence."""
HEAVY = (
    "aiokafka", "argon2", "confluent_kafka", "fastapi", "fastavro", "faust", "httpx", "httpx2", "lxml", "mode",
    "prometheus_client", "pydantic", "pydantic_settings", "redis", "rocksdict", "structlog", "uvicorn", "yaml",
)


def test_every_help_has_examples() -> None:
    without = [
        path for path, command in walk()
        if not command.epilog.startswith("[bold]Examples[/]\n") or f"shipsync {path}" not in command.epilog
    ]
    assert without == []


def test_examples_are_of_commands_that_exist() -> None:
    assert set(EXAMPLES) == {path for path, command in walk() if not is_group(command)}


@pytest.mark.parametrize("line", [*FIRST_STEPS, *(line for lines in EXAMPLES.values() for line in lines)])
def test_an_example_parses_as_it_is_printed(line: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("scans.json", "records.csv"):
        (tmp_path / name).touch()
    program, *words = shlex.split(line.partition(" > ")[0])
    assert program == "shipsync"
    command = typer.main.get_command(app)
    context: Any = command.make_context("shipsync", words)
    while words := [*context._protected_args, *context.args]:
        name, command, rest = context.command.resolve_command(context, words)
        if not hasattr(command, "commands"):
            command.params = [one for one in command.params if not getattr(one, "prompt", None)]
        context = command.make_context(name, rest, parent=context)


def test_every_command_with_a_table_or_a_status_has_json() -> None:
    without = {
        path for path, command in walk()
        if not is_group(command) and not any("--json" in one.opts for one in command.params)
    }
    assert without == NO_JSON


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    said = {path: " ".join(command.help.split("\n\n")[0].split()) for path, command in walk() if path in COMMANDS}
    assert said == {name: line for name, (_, line) in COMMANDS.items()}


def test_exit_codes_are_the_same_in_code_help_and_docs() -> None:
    codes = {(code.value, code.meaning) for code in ExitCode}
    shown = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    assert [code for code, meaning in codes if f"{code} {meaning.replace('`', '')}" not in shown] == []
    docs = (ROOT / "docs" / "commands.md").read_text("utf-8").partition("## Exit codes")[2].partition("\n## ")[0]
    assert {(int(code), meaning) for code, meaning in re.findall(r"^\| (\d+) \| (.+) \|$", docs, re.M)} == codes


def test_no_command_ends_with_a_code_of_its_own() -> None:
    bare = re.compile(r"(Exit\(|exit\()[0-9]")
    files = sorted((ROOT / "topologies").rglob("*.py"))
    assert [str(file) for file in files if bare.search(file.read_text("utf-8"))] == []


@pytest.mark.parametrize("arguments", [["version"], ["--version"]])
def test_the_version_is_told(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, arguments).output.strip() == VERSION


@pytest.mark.parametrize("shell", list(completion.Shell))
def test_a_completion_script_asks_shipsync(shell: str) -> None:
    done = CliRunner().invoke(app, ["completion", shell])
    assert done.exit_code == 0
    assert f"{completion.VARIABLE}=complete_{shell}" in done.output
    assert "shipsync" in done.output


@pytest.mark.parametrize(("words", "expected"), [
    ("shipsync ", {name for name, (panel, _) in COMMANDS.items() if panel}),
    ("shipsync alerts ", {
        "list", "show", "ack", "snooze", "resolve", "reopen", "assign", "routes", "test", "secret",
    }),
    ("shipsync alerts list --severity ", {"info", "warning", "critical"}),
    ("shipsync find --j", {"--json"}),
])
def test_a_shell_completes_commands_options_and_values(words: str, expected: set[str]) -> None:
    place = {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)}
    done = completed(**{completion.VARIABLE: "complete_bash"}, **place)
    assert set(done.stdout.split()) == expected


def test_help_version_and_completion_start_without_the_heavy_libraries() -> None:
    script = f"""
import contextlib, io, json, sys
import typer.main
from topologies.cli import main
command = typer.main.get_command(main.build())
parser = [name for name in [*{HEAVY!r}, "rich", "msgspec"] if name in sys.modules]
from tests.support.command_line import walk
found = {{}}
for path, _ in walk():
    before = set(sys.modules)
    with contextlib.redirect_stdout(io.StringIO()):
        command.main([*path.split(), "--help"], "shipsync", standalone_mode=False)
    found[path] = [one for one in {HEAVY!r} if one in set(sys.modules) - before]
print(json.dumps([parser, {{path: heavy for path, heavy in found.items() if heavy}}]))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=PATIENCE, check=True, cwd=ROOT
    )
    assert json.loads(done.stdout) == [[], {"poll status": ["pydantic"]}], "typer converts the number of poll's --limit"


def completed(**environment: str) -> subprocess.CompletedProcess[str]:
    """The command's answer to a shell that completes."""
    return subprocess.run(
        [sys.executable, "-m", main.__name__], capture_output=True, text=True, timeout=PATIENCE, check=True, cwd=ROOT,
        env={**os.environ, **environment},
    )
