"""``shipsync version``."""

from __future__ import annotations

from typing import Annotated

import typer

from config.version import VERSION


def command(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Print the version."""
    from topologies.operations.terminal import echo_json

    if as_json:
        echo_json({"version": VERSION})
    else:
        typer.echo(VERSION)
