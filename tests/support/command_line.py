"""The commands of ``shipsync``, one after the other."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from topologies.cli.commands import COMMANDS, loaded, members

TERMINAL = {"TTY_COMPATIBLE": "1", "TERM": "dumb", "LINES": "40"}
"""Variables that make an output a terminal without colours; ``COLUMNS`` says how wide."""


def walk() -> Iterator[tuple[str, Any]]:
    """Every command and group: the words that call it, and the command."""
    for name in COMMANDS:
        command = loaded(name)
        yield name, command
        yield from members(command, name)


def is_group(command: Any) -> bool:
    """Whether it only holds commands and does nothing itself."""
    return hasattr(command, "commands") and not command.invoke_without_command
