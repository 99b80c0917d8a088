"""``shipsync poll``: polls the carriers' tracking APIs; shows the next requests, and the state of polling."""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import Annotated, Any

import typer

from config import settings as configuration
from config.settings import Settings
from streams.kernel.errors import ShipSyncError
from topologies.local_stack import stack_file
from topologies.operations.terminal import PlainConsole, PlainTable, echo, echo_json
from topologies.runtime import logs
from topologies.runtime.health import Health, serve, starting

log = logging.getLogger(__name__)
app = typer.Typer(
    help="Poll carriers' tracking APIs for the numbers in orders (docs/polling.md).", invoke_without_command=True,
    rich_markup_mode="rich",
)


@app.callback()
def command(
    context: typer.Context,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Send nothing; show which numbers are due when.")] = False,
    most: Annotated[int, typer.Option("--limit", min=1, help="With --dry-run: how many numbers to show.")] = 50,
    as_json: Annotated[bool, typer.Option("--json", help="With --dry-run: as JSON.")] = False,
) -> None:
    """Poll until SIGTERM or Ctrl-C. Settings come from SHIPSYNC_* variables."""
    if context.invoked_subcommand is not None:
        return
    settings = configuration.load()
    if dry_run:
        _show_plan(stack_file.resolve(settings), most, as_json=as_json)
        return
    from topologies.workers import carrier_polling

    logs.configure(settings, "poll")
    state = Health()
    state.expect("polling", starting)
    try:
        serve(settings, state)
        code = carrier_polling.run(settings, state)
    except ShipSyncError as error:
        log.critical("polling ends: %s", error)
        code = 1
    raise typer.Exit(code)


@app.command("status")
def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show each polled feed: numbers due, waiting and ended, and its circuit breaker."""
    from topologies.operations import polling_status
    from topologies.workers import carrier_polling

    settings = stack_file.resolve(configuration.load())
    found = polling_status.look(settings, carrier_polling.configured(settings), carrier_polling.now_ms())
    if as_json:
        echo_json(found)
        return
    if not found:
        echo("No feed is polled: set credentials by feed in SHIPSYNC_POLL_CREDENTIALS, see docs/polling.md")
        return
    columns = ("due", "waiting", "settled", "not_found", "expired")
    table = PlainTable("feed", *(name.replace("_", " ") for name in columns), "next due", "circuit", title="Polling")
    for one in found:
        table.add_row(
            one["feed"], *(f"{one[name]:,}" for name in columns), _moment(one["next_due_at"]), _circuit(one)
        )
    PlainConsole().print(table)


def _show_plan(settings: Settings, most: int, *, as_json: bool) -> None:
    from topologies.operations import polling_status
    from topologies.workers import carrier_polling

    planned = polling_status.planned(settings, carrier_polling.configured(settings), carrier_polling.now_ms(), most)
    if as_json:
        echo_json(planned)
        return
    table = PlainTable("feed", "number", "status", "due", "asked", "in a row", "last error", title="Next requests")
    for one in planned:
        trouble = one["failures"] or one["not_found"]
        table.add_row(
            one["feed"], one["tracking_number"], one["status"], _moment(one["due_at"]), str(one["asked"]),
            f"{trouble} {'failed' if one['failures'] else 'not found'}" if trouble else "-", one["detail"],
        )
    PlainConsole().print(table)


def _circuit(one: dict[str, Any]) -> str:
    if one["circuit"] is None:
        return "not known"
    if one["circuit"] == "closed":
        return "closed"
    return f"{one['circuit']} until {_moment(one['circuit_retry_at'])}: {one['circuit_reason']}"


def _moment(at: int | None) -> str:
    return "-" if at is None else f"{datetime.fromtimestamp(at / 1000, UTC):%Y-%m-%d %H:%M:%S}Z"
