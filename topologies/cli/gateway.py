"""``shipsync gateway``: the HTTP gateway in this process."""

from __future__ import annotations

import logging

import typer

from config import settings as configuration
from streams.kernel.errors import ShipSyncError
from topologies.local_stack import stack_file
from topologies.runtime import logs

log = logging.getLogger(__name__)


def command() -> None:
    """Serve the HTTP gateway until SIGTERM or Ctrl-C. Settings come from SHIPSYNC_* variables."""
    from connectors.gateway.serving import serve

    settings = stack_file.resolve(configuration.load())
    logs.configure(settings, "gateway")
    try:
        serve(settings)
    except ShipSyncError as error:
        log.critical("gateway does not start: %s", error)
        raise typer.Exit(1) from error
