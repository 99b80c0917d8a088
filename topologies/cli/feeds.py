"""``shipsync feeds``: feeds whose intake is paused, pausing and resuming them."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from topologies.cli import current
from topologies.cli.feed import known_feed
from topologies.cli.tables import KEY, At, Column, Table
from topologies.operations.command_actor import command_actor
from topologies.operations.record_view import humane, moment
from topologies.operations.terminal import echo, echo_json

app = typer.Typer(help="See, pause and resume feeds.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """See, pause and resume feeds."""


@app.command("paused")
def paused(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List feeds whose raw records wait, because too many of them became dead letters."""
    from topologies.operations import feed_pauses

    found = feed_pauses.paused(current.stack_settings())
    if as_json:
        echo_json([humane({name: getattr(one, name) for name in one.__struct_fields__}) for one in found])
        return
    table = Table(Column("feed", KEY), Column("since"), Column("why"), empty="No feed is paused.")
    for one in found:
        table.add(one.feed, At(one.changed_at), one.why)
    table.show()


@app.command("pause")
def pause(
    feed: Annotated[str, typer.Argument(help="The feed.", show_default=False)],
    why: Annotated[str, typer.Option(help="Why, for whoever finds it paused.", show_default=False)],
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Pause a feed: what it sends is kept and waits until the feed is resumed."""
    from connectors.carriers import enabled_carriers
    from topologies.operations import feed_pauses

    settings = current.stack_settings()
    known_feed(feed, sorted(carrier.feed for carrier in enabled_carriers(settings.intake)))
    if not why.strip():
        raise typer.BadParameter("say why", param_hint="--why")
    done = feed_pauses.pause(settings, feed, command_actor(settings), time.time_ns() // 1_000_000, why)
    if as_json:
        echo_json(humane({name: getattr(done, name) for name in done.__struct_fields__}))
        return
    echo(f"Feed {done.feed} is paused: {done.why}")


@app.command("resume")
def resume(
    feed: Annotated[str, typer.Argument(help="The feed.", show_default=False)],
    unlimited_minutes: Annotated[
        int, typer.Option(help="So long dead letters pause it no more, where they are to be.", min=0, max=10_080)
    ] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Let a paused feed go on, from the record it stopped at; mend its mapping and restart intake first."""
    from topologies.operations import feed_pauses

    settings = current.stack_settings()
    now_ms = time.time_ns() // 1_000_000
    done = feed_pauses.resume(settings, feed, command_actor(settings), now_ms, unlimited_minutes)
    if as_json:
        echo_json(humane({name: getattr(done, name) for name in done.__struct_fields__}))
        return
    without = f", without a limit until {moment(done.unlimited_until)}" if done.unlimited_until else ""
    echo(f"Feed {done.feed} goes on{without}.")
