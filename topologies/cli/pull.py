"""``shipsync pull``: reads from other systems what they do not send."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

from streams.kernel.errors import ShipSyncError
from topologies.cli import current
from topologies.cli.tables import KEY, Column, Table
from topologies.operations.terminal import echo_json
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from config.settings import Settings
    from topologies.runtime.watching.health import Health

log = logging.getLogger(__name__)
app = typer.Typer(
    help="Read orders from ERPs (docs/erp-rest.md), and documents from carriers' hosts (docs/documents.md).",
    no_args_is_help=True, rich_markup_mode="rich",
)


@app.callback()
def pull() -> None:
    """Read orders from ERPs (docs/erp-rest.md), and documents from carriers' hosts (docs/documents.md)."""


@app.command("orders")
def orders(
    once: Annotated[bool, typer.Option("--once", help="Read what there is, then end.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="With --once: as JSON.")] = False,
) -> None:
    """Read orders from the ERPs of SHIPSYNC_ERP_FILE that have `orders`, until SIGTERM or Ctrl-C."""
    if once:
        _once(current.stack_settings(), as_json=as_json)
        return
    from topologies.workers import order_puller

    _until_told("orders", lambda settings, health: order_puller.run(
        settings, order_puller.declared_in(settings), health
    ))


@app.command("documents")
def documents() -> None:
    """Fetch documents from the links that carriers state, until SIGTERM or Ctrl-C."""
    from topologies.workers import document_fetcher

    _until_told("sending", document_fetcher.run)


def _until_told(what: str, run: Callable[[Settings, Health], int]) -> None:
    """Runs a worker, and its health, until it is told to stop. ``what``: what it says it lacks while it starts."""
    from topologies.runtime import logs
    from topologies.runtime.watching.health import Health, serve, starting

    settings = current.settings()
    logs.configure(settings, "pull")
    state = Health()
    state.expect(what, starting)
    try:
        serve(settings, state)
        code = run(settings, state)
    except ShipSyncError as error:
        log.critical("reading ends: %s", error)
        code = ExitCode.FAILURE
    raise typer.Exit(code)


def _once(settings: Settings, *, as_json: bool) -> None:
    from topologies.workers import order_puller

    pulling = order_puller.Pulling(settings, order_puller.declared_in(settings))
    done = asyncio.run(pulling.once())
    rows = [
        {"erp": name, **{one: counts[one] for one in order_puller.OUTCOMES}, "trouble": pulling.silent.get(name)}
        for name, counts in done.items()
    ]
    if as_json:
        echo_json(rows)
    else:
        table = Table(
            Column("ERP", KEY), *(Column(one, right=True) for one in order_puller.OUTCOMES), Column("trouble"),
        )
        for row in rows:
            table.add(str(row["erp"]), *(f"{row[one]:,}" for one in order_puller.OUTCOMES), str(row["trouble"] or ""))
        table.show()
    if pulling.silent:
        raise typer.Exit(ExitCode.FAILURE)
