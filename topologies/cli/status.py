"""``shipsync status``: every process of the running stack at a glance."""

from __future__ import annotations

import json
import time
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from config import settings as configuration
from streams.errors import Transient
from topologies import upfile
from topologies.status import ProcessStatus, StackStatus, look

REFRESH_SECONDS = 1.0


def command(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh every second until Ctrl-C.")] = False,
) -> None:
    """Show each stage: state, what became of its records, dead letters by reason, lag, memory."""
    data_dir = configuration.load().data_dir
    console = Console(highlight=False)
    if as_json:
        typer.echo(json.dumps(asdict(current(data_dir)), indent=2))
        return
    if not watch:
        console.print(view(current(data_dir)))
        return
    with Live(view(current(data_dir)), console=console) as live:
        try:
            while True:
                time.sleep(REFRESH_SECONDS)
                live.update(view(current(data_dir)))
        except KeyboardInterrupt:
            return


def current(data_dir: Path) -> StackStatus:
    """The running stack's status. Raises Transient where none runs."""
    noted = upfile.running(data_dir)
    if noted is None:
        raise Transient(f"no stack runs with data in {data_dir}: shipsync up, or set SHIPSYNC_DATA_DIR")
    return look(noted)


def view(status: StackStatus) -> Group:
    """The status as a table with its dead letters below."""
    table = Table("process", "state", "restarts", "records by outcome", "lag", "CPU s", "MB")
    for process in status.processes:
        table.add_row(
            process.name, _state(process), str(process.restarts or "-"), _outcomes(process.outcomes),
            str(process.lag) if process.outcomes else "-",
            f"{process.cpu_seconds:.0f}" if process.cpu_seconds else "-",
            f"{process.memory_bytes / 1e6:.0f}" if process.memory_bytes else "-",
        )
    dead = {
        f"{process.name}: {reason}": count
        for process in status.processes for reason, count in process.dead_letters.items()
    }
    footer = f"up {status.uptime_s:.0f} s, broker {status.bootstrap}, registry {status.registry_url}"
    letters = "dead letters: " + (_outcomes(dead) if dead else "none")
    return Group(table, Text(letters), Text(footer, style="dim"))


def _state(process: ProcessStatus) -> Text:
    return Text(process.state, style={"up": "green", "starting": "yellow"}.get(process.state, "red"))


def _outcomes(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count)
