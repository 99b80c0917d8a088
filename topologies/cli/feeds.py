"""``shipsync feeds``: feeds whose intake is paused, and resuming them."""

from __future__ import annotations

import getpass
import time
from typing import Annotated

import typer

from config import settings as configuration
from topologies.local_stack import stack_file
from topologies.operations.record_view import humane, moment
from topologies.operations.terminal import PlainConsole, PlainTable, echo, echo_json

app = typer.Typer(help="See and resume feeds that are paused.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """See and resume feeds that are paused."""


@app.command("paused")
def paused(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List feeds whose raw records wait, because too many of them became dead letters."""
    from topologies.operations import feed_pauses

    found = feed_pauses.paused(stack_file.resolve(configuration.load()))
    if as_json:
        echo_json([humane({name: getattr(one, name) for name in one.__struct_fields__}) for one in found])
        return
    if not found:
        echo("No feed is paused.")
        return
    table = PlainTable("feed", "since", "why", title="Paused feeds")
    for one in found:
        table.add_row(one.feed, moment(one.changed_at), one.why)
    PlainConsole().print(table)


@app.command("resume")
def resume(
    feed: Annotated[str, typer.Argument(help="The feed.", show_default=False)],
    by: Annotated[str | None, typer.Option(help="Who resumes it; the user's name by default.")] = None,
    unlimited_minutes: Annotated[
        int, typer.Option(help="So long dead letters pause it no more, where they are to be.", min=0, max=10_080)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Let a paused feed go on, from the record it stopped at; mend its mapping and restart intake first."""
    from topologies.operations import feed_pauses

    settings = stack_file.resolve(configuration.load())
    now_ms = time.time_ns() // 1_000_000
    done = feed_pauses.resume(settings, feed, by or getpass.getuser(), now_ms, unlimited_minutes)
    if as_json:
        echo_json(humane({name: getattr(done, name) for name in done.__struct_fields__}))
        return
    without = f", without a limit until {moment(done.unlimited_until)}" if done.unlimited_until else ""
    echo(f"Feed {done.feed} goes on{without}.")
