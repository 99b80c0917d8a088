"""``shipsync gateway``: the HTTP gateway in this process."""

from __future__ import annotations

import logging

import typer

from streams.kernel.errors import ShipSyncError
from topologies.cli import current
from topologies.runtime.exit_codes import ExitCode

log = logging.getLogger(__name__)


def command() -> None:
    """Serve the HTTP gateway until SIGTERM or Ctrl-C. Settings come from SHIPSYNC_* variables."""
    from connectors.gateway.serving import serve
    from topologies.runtime import logs

    settings = current.stack_settings()
    logs.configure(settings, "gateway")
    try:
        serve(settings)
    except ShipSyncError as error:
        log.critical("gateway does not start: %s", error)
        raise typer.Exit(ExitCode.FAILURE) from error
