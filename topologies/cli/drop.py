"""``shipsync drop``: watches the drop folders and sends the files that partners put there."""

from __future__ import annotations

import logging
import signal
import threading
from typing import Annotated

import typer
from prometheus_client import start_http_server

from config import settings as configuration
from streams.kernel.errors import Fatal, ShipSyncError
from topologies.local_stack import stack_file
from topologies.operations.terminal import PlainConsole, PlainTable, echo_json
from topologies.runtime import logs

log = logging.getLogger(__name__)
AsJson = Annotated[bool, typer.Option("--json", help="With --once: as JSON.")]


def command(
    once: Annotated[bool, typer.Option("--once", help="Send what is there, then end.")] = False,
    as_json: AsJson = False,
) -> None:
    """Watch SHIPSYNC_DROP_DIR: send each file in FEED/inbox, then move it to FEED/archive or FEED/quarantine."""
    from connectors.carriers import enabled_carriers
    from connectors.drop.sender import Sender
    from connectors.drop.watcher import Watcher

    settings = stack_file.resolve(configuration.load())
    if settings.drop.dir is None:
        raise Fatal("no drop folder is set: name one in SHIPSYNC_DROP_DIR")
    watcher = Watcher(settings, enabled_carriers(settings.intake), Sender(settings))
    try:
        if once:
            watcher.look()
            found = watcher.look()
            _show([(str(one.file), one.records, one.reason or "") for one in found], as_json=as_json)
            return
        logs.configure(settings, "drop")
        if settings.process.metrics_port:
            start_http_server(settings.process.metrics_port, settings.process.host)
        stopped = threading.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, lambda *_: stopped.set())
        watcher.run(stopped.wait)
    except ShipSyncError as error:
        log.critical("the drop folders are no longer watched: %s", error)
        raise typer.Exit(1) from error
    finally:
        watcher.close()


def _show(found: list[tuple[str, int, str]], *, as_json: bool) -> None:
    if as_json:
        rows = [{"file": file, "records": records, "reason": reason or None} for file, records, reason in found]
        echo_json(rows)
        return
    table = PlainTable("file", "records", "why not sent", title=f"{len(found)} files read")
    for file, records, reason in found:
        table.add_row(file, str(records), reason)
    PlainConsole().print(table)
