"""``shipsync portal``: pages and API in this process."""

from __future__ import annotations

import logging
from typing import Annotated

import typer

from streams.kernel.errors import ShipSyncError
from topologies.cli import current
from topologies.runtime.exit_codes import ExitCode

log = logging.getLogger(__name__)


def command(
    with_stage_kill: Annotated[bool, typer.Option(
        "--with-stage-kill", hidden=True, help="With the page to kill a stage; an embedded stack's supervisor says so."
    )] = False,
) -> None:
    """Serve the control tower, the tracking page and the API until SIGTERM or Ctrl-C.

    Settings come from SHIPSYNC_* variables. It reads what `shipsync views follow` keeps in the data folder.
    """
    from portal.server.serving import serve
    from topologies.operations.tower_actions import TowerActions
    from topologies.runtime import logs

    settings = current.stack_settings()
    logs.configure(settings, "portal")
    try:
        serve(settings, TowerActions(settings), with_stage_kill=with_stage_kill)
    except ShipSyncError as error:
        log.critical("the portal does not start: %s", error)
        raise typer.Exit(ExitCode.FAILURE) from error
