"""``shipsync stage NAME``: one stage in this process."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Annotated

import typer

from config.apps import APPS
from streams.kernel.errors import ShipSyncError
from topologies.cli import current
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from config.settings import Settings

log = logging.getLogger(__name__)

NAMES = ", ".join(app.name for app in APPS)


def command(
    name: Annotated[str, typer.Argument(help=f"One of {NAMES}.", show_default=False)],
) -> None:
    """Run one stage until SIGTERM or Ctrl-C. Settings come from SHIPSYNC_* variables."""
    if name not in {app.name for app in APPS}:
        raise typer.BadParameter(f"there is no stage {name!r}; the stages are {NAMES}", param_hint="NAME")
    from topologies.runtime import logs
    from topologies.runtime.files import private_files

    settings = current.settings()
    logs.configure(settings, name)
    private_files.close_to_others()
    try:
        code = _run(name, settings)
    except ShipSyncError as error:
        log.critical("%s does not start: %s", name, error)
        code = ExitCode.FAILURE
    raise typer.Exit(code)


def _run(name: str, settings: Settings) -> int:
    """Hold the data folder, serve metrics and health, and run the stage; its exit code. Raises Fatal or Transient
    before it starts."""
    from topologies.runtime.files import data_folder

    app_id = next(app.app_id for app in APPS if app.name == name)
    with data_folder.held(settings.state.data_dir, app_id):
        return _run_in_folder(name, settings)


def _run_in_folder(name: str, settings: Settings) -> int:
    from topologies.runtime.watching.health import Health, serve, starting
    from topologies.stages.catalogue import run_stage

    state = Health()
    state.expect("stage", starting)
    serve(settings, state)
    return run_stage(name, settings, state)
