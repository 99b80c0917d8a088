"""``shipsync send``: carries messages out of ShipSync."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Protocol

import typer

from streams.kernel.errors import ShipSyncError
from topologies.cli import current
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from config.settings import Settings
    from topologies.runtime.watching.health import Health

log = logging.getLogger(__name__)
app = typer.Typer(
    help="Send messages to customers' endpoints (docs/notifications.md), postings to ERPs (docs/erp.md) and alerts to"
    " people (docs/alerts.md).",
    no_args_is_help=True, rich_markup_mode="rich",
)


class Run(Protocol):
    """Runs a sender."""

    def __call__(self, settings: Settings, health: Health | None = None) -> int:
        """Send until told to stop; the exit code."""


@app.callback()
def send() -> None:
    """Send messages to customers' endpoints (docs/notifications.md), postings to ERPs (docs/erp.md) and alerts to
    people (docs/alerts.md)."""


@app.command("notifications")
def notifications() -> None:
    """Send webhooks to customers until SIGTERM or Ctrl-C. Settings come from SHIPSYNC_* variables."""
    from topologies.workers import notification_sender

    _send(notification_sender.run)


@app.command("postings")
def postings() -> None:
    """Post to the ERPs of SHIPSYNC_ERP_FILE until SIGTERM or Ctrl-C. Settings come from SHIPSYNC_* variables."""
    from topologies.workers import posting_sender

    _send(posting_sender.run)


@app.command("bookings")
def bookings() -> None:
    """Ask the carriers of SHIPSYNC_BOOKINGS_FILE until SIGTERM or Ctrl-C (docs/bookings.md)."""
    from topologies.workers import booking_sender

    _send(booking_sender.run)


@app.command("alerts")
def alerts() -> None:
    """Tell the channels of config/alerts.yaml of alerts until SIGTERM or Ctrl-C (docs/alerts.md)."""
    from topologies.stages import alert_rules
    from topologies.workers import alert_sender

    def run(settings: Settings, health: Health | None = None) -> int:
        return alert_sender.run(settings, alert_rules.load(settings.monitoring.alerts_file).paging, health)

    _send(run)


def _send(run: Run) -> None:
    from topologies.runtime import logs
    from topologies.runtime.watching.health import Health, serve, starting

    settings = current.settings()
    logs.configure(settings, "send")
    state = Health()
    state.expect("sending", starting)
    try:
        serve(settings, state)
        code = run(settings, state)
    except ShipSyncError as error:
        log.critical("sending ends: %s", error)
        code = ExitCode.FAILURE
    raise typer.Exit(code)
