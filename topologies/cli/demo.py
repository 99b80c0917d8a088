"""``shipsync demo``: play a stretch of carrier traffic, watch it come out, and account for all of it."""

from __future__ import annotations

import signal
from types import FrameType
from typing import Annotated

import typer

from config import settings as configuration


def command(
    shipments: Annotated[int, typer.Option(min=1, help="How many shipments the story has.")] = 300,
    seconds: Annotated[
        float | None, typer.Option(min=1.0, help="Playing time; 60, with --check 30.", show_default=False)
    ] = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Tell the same story again.", show_default=False)
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="No pictures; fail, naming what differs, unless all is explained.")
    ] = False,
    json: Annotated[bool, typer.Option("--json", help="Print the totals as JSON, nothing else.")] = False,
    stay: Annotated[
        bool | None,
        typer.Option(
            "--stay/--stop-after", help="Whether a stack started here stays up; on a terminal it does.",
            show_default=False,
        ),
    ] = None,
) -> None:
    """Play a few hundred shipments into ShipSync and watch them come out.

    Plays on the stack that is up; where none is, starts one. Fails unless every message is explained.
    """
    from topologies.demo.presenting import Wishes, present

    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _interrupt)
    wishes = Wishes(shipments, seconds, seed, pictures=not (check or json), apart=check, json=json, stay=stay)
    if not present(configuration.load(), wishes).explained:
        raise typer.Exit(1)


def _interrupt(number: int, frame: FrameType | None) -> None:
    """End the demo from wherever it is; an own stack is stopped on the way out."""
    del frame
    raise KeyboardInterrupt(signal.Signals(number).name)
