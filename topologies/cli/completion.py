"""``shipsync completion SHELL``: the script by which a shell completes commands, options and their values."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

import typer

PROGRAM, VARIABLE = "shipsync", "_SHIPSYNC_COMPLETE"


class Shell(StrEnum):
    """The shells there is a script for."""

    BASH = "bash"
    ZSH = "zsh"
    FISH = "fish"


def command(
    context: typer.Context, shell: Annotated[Shell, typer.Argument(help="The shell.", show_default=False)]
) -> None:
    """Print the script that completes commands and options in a shell: bash, zsh or fish.

    The script asks `shipsync` itself, so it knows every command of the version that is installed.
    """
    from typer.completion import shell_complete

    know_shells()
    shell_complete(context.find_root().command, {}, PROGRAM, VARIABLE, f"source_{shell.value}")


def know_shells() -> None:
    """Make typer know its shells, which it otherwise does only where it adds options of its own."""
    from typer.completion import get_completion_inspect_parameters

    get_completion_inspect_parameters()
