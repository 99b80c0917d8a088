"""``shipsync drop``: watches the drop folders and sends the files that partners put there."""

from __future__ import annotations

import logging
import signal
import threading
import time
from typing import TYPE_CHECKING, Annotated

import typer

from streams.kernel.errors import Fatal, ShipSyncError
from topologies.cli import current
from topologies.cli.tables import KEY, Column, Table
from topologies.operations.terminal import echo, echo_json
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from connectors.drop.sender import Sent
    from connectors.drop.watcher import Watcher

SILENT_SECONDS = 300.0
"""Limits the time of one step: a batch of a file that is sent, with its wait for the broker."""
log = logging.getLogger(__name__)
AsJson = Annotated[bool, typer.Option("--json", help="With --once: as JSON.")]


def command(
    once: Annotated[bool, typer.Option("--once", help="Send what is there, then end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Watch SHIPSYNC_DROP_DIR: send each file in FEED/inbox, then move it to FEED/archive or FEED/quarantine."""
    from connectors.carriers import enabled_carriers
    from connectors.drop.alarm import Alarm
    from connectors.drop.sender import Sender
    from connectors.drop.watcher import Watcher
    from topologies.runtime import logs
    from topologies.runtime.watching.health import Health, broker, serve

    settings = current.stack_settings()
    if settings.drop.dir is None:
        raise Fatal("no drop folder is set: name one in SHIPSYNC_DROP_DIR")
    state = Health()
    watcher = Watcher(
        settings, enabled_carriers(settings.intake), Sender(settings, state.beat), Alarm(settings), state.beat
    )
    try:
        if once:
            found = _once(watcher, settings.drop.unchanged)
            _show([(str(one.file), one.records, one.reason or "") for one in found], as_json=as_json)
            return
        logs.configure(settings, "drop")
        state.expect_beats(SILENT_SECONDS)
        state.expect("folders", watcher.trouble)
        state.expect("broker", broker(settings))
        serve(settings, state)
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        watcher.run(stopped.wait)
    except ShipSyncError as error:
        log.critical("the drop folders are no longer watched: %s", error)
        raise typer.Exit(ExitCode.FAILURE) from error
    finally:
        watcher.close()


def _once(watcher: Watcher, unchanged: float) -> list[Sent]:
    """Send what is there; files that are just being written are waited for once."""
    found = watcher.look() + watcher.look()
    if watcher.waiting:
        time.sleep(unchanged)
        found += watcher.look()
    if watcher.waiting:
        echo(f"{watcher.waiting} files are not whole yet and stay in their inbox", err=True)
    return found


def _show(found: list[tuple[str, int, str]], *, as_json: bool) -> None:
    if as_json:
        rows = [{"file": file, "records": records, "reason": reason or None} for file, records, reason in found]
        echo_json(rows)
        return
    table = Table(
        Column("file", KEY), Column("records", right=True), Column("why not sent"), title=f"{len(found)} files read"
    )
    for file, records, reason in found:
        table.add(file, str(records), reason)
    table.show()
