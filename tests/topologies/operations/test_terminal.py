"""Foreign text for a terminal; what each command makes of it: ``tests/topologies/cli/test_foreign_text.py``."""

from __future__ import annotations

import json

import pytest

from tests.support.foreign_text import FOREIGN, controls
from topologies.operations.terminal import PlainConsole, cut, echo_json, one_line, printable, safe


def test_control_characters_are_shown_as_escapes_and_others_as_they_are() -> None:
    assert printable("a\x1b[2Jb\r\x9bc\u202e é 箱\n\tin") == "a\\x1b[2Jb\\r\\x9bc\\u202e é 箱\n\tin"
    assert one_line("a\n\tin") == "a\\n\\tin"
    assert cut("abc", 2) == "ab… (3 characters)"


def test_a_console_reads_nothing_into_text(capsys: pytest.CaptureFixture[str]) -> None:
    console = PlainConsole(in_lines=True)
    console.width = 300
    console.print(FOREIGN, style="red")
    console.print(safe(FOREIGN))
    shown = capsys.readouterr().out
    assert shown.count("[/x] :one: [red]\\x1b[2J\\x00\\x9b31m\\u202e\\x7f") == 2
    assert controls(shown) == ""


def test_json_for_a_terminal_is_the_same_data(capsys: pytest.CaptureFixture[str]) -> None:
    value = {FOREIGN: [FOREIGN, "é 箱 \U000e0001 \udc80"]}
    echo_json(value)
    shown = capsys.readouterr().out
    assert controls(shown) == ""
    assert "é 箱" in shown
    assert json.loads(shown) == value
