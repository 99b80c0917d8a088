"""``shipsync poll``: polls the carriers' tracking APIs; shows the next requests, and the state of polling."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.kernel.errors import ShipSyncError
from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table, iso, iso_times
from topologies.operations.terminal import echo_json
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from config.settings import Settings

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
    if dry_run:
        _show_plan(current.stack_settings(), most, as_json=as_json)
        return
    from topologies.runtime import logs
    from topologies.runtime.watching.health import Health, serve, starting
    from topologies.workers import carrier_polling

    settings = current.settings()
    logs.configure(settings, "poll")
    state = Health()
    state.expect("polling", starting)
    try:
        serve(settings, state)
        code = carrier_polling.run(settings, state)
    except ShipSyncError as error:
        log.critical("polling ends: %s", error)
        code = ExitCode.FAILURE
    raise typer.Exit(code)


@app.command("status")
def status(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show each polled feed: numbers due, waiting and ended, and its circuit breaker."""
    from topologies.operations import polling_status
    from topologies.workers import carrier_polling

    settings = current.stack_settings()
    found = polling_status.look(settings, carrier_polling.configured(settings), carrier_polling.now_ms())
    if as_json:
        echo_json([iso_times(one) for one in found])
        return
    columns = {"due": 1, "waiting": 1, "settled": 3, "not_found": 2, "expired": 4}
    table = Table(
        Column("feed", KEY), *(Column(name.replace("_", " "), rank, right=True) for name, rank in columns.items()),
        Column("next due"), Column("circuit"),
        empty="No feed is polled: set credentials by feed in SHIPSYNC_POLL_CREDENTIALS, see docs/polling.md",
    )
    for one in found:
        table.add(one["feed"], *(f"{one[name]:,}" for name in columns), At(one["next_due_at"]), _circuit(one))
    table.show()


def _show_plan(settings: Settings, most: int, *, as_json: bool) -> None:
    from topologies.operations import polling_status
    from topologies.workers import carrier_polling

    planned = polling_status.planned(settings, carrier_polling.configured(settings), carrier_polling.now_ms(), most)
    if as_json:
        echo_json([iso_times(one) for one in planned])
        return
    table = Table(
        Column("feed", KEY), Column("number", KEY), Column("status", 2), Column("due"), Column("asked", 4, right=True),
        Column("in a row", 3), Column("last error", 2), empty="No number is to be asked for.",
    )
    for one in planned:
        trouble = one["failures"] or one["not_found"]
        table.add(
            one["feed"], one["tracking_number"], one["status"], At(one["due_at"]), str(one["asked"]),
            f"{trouble} {'failed' if one['failures'] else 'not found'}" if trouble else "", one["detail"],
        )
    table.show()


def _circuit(one: dict[str, Any]) -> str:
    if one["circuit"] is None:
        return "not known"
    if one["circuit"] == "closed":
        return "closed"
    return f"{one['circuit']} until {iso(one['circuit_retry_at'])}: {one['circuit_reason']}"
