"""``shipsync demo``: plays carrier traffic, shows the results, and accounts for every message."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Annotated

import typer

from topologies.cli import current
from topologies.runtime.exit_codes import ExitCode


def command(
    shipments: Annotated[int, typer.Option(min=1, help="Number of shipments.")] = 300,
    seconds: Annotated[
        float | None, typer.Option(min=1.0, help="Playing time; 60 by default, 30 with --check.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Repeat the run with this seed.", show_default=False)
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="No pictures; fail if any message is not accounted for.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print only the totals, as JSON.")] = False,
    stay: Annotated[
        bool | None,
        typer.Option(
            "--stay/--stop-after", help="Keep a stack started here running; the default on a terminal.",
            show_default=False,
        ),
    ] = None,
    ports: Annotated[
        int | None,
        typer.Option(min=1024, max=65_000, help="First port of a stack started here, as of shipsync up.",
                     show_default=False),
    ] = None,
    open_browser: Annotated[bool, typer.Option("--open", help="Open the control tower in a browser.")] = False,
) -> None:
    """Play a few hundred shipments into ShipSync and watch the results.

    Plays on the stack that is up; where none is, starts one. Fails unless every message is explained.
    """
    from topologies.demo.presenting import Wishes, present

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    wishes = Wishes(shipments, seconds, seed, pictures=not (check or json), apart=check, json=json, stay=stay,
                    ports=ports, open=open_browser)
    if not present(current.settings(), wishes).explained:
        raise typer.Exit(ExitCode.FAILURE)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End the demo from wherever it is; an own stack is stopped on the way out."""
    del frame
    raise KeyboardInterrupt(signal.Signals(number).name)
