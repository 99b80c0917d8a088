"""``shipsync status``: every process of the running stack."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.text import Text

from topologies.cli import current
from topologies.cli.tables import KEY, Cell, Column, Marked, Table, iso, told
from topologies.operations.terminal import PlainConsole, echo, echo_json, one_line

if TYPE_CHECKING:
    from rich.console import Group

    from config.settings import Settings
    from topologies.operations.alert_board import AlertBoard
    from topologies.operations.status import OpenAlert, ProcessStatus, StackStatus

REFRESH_SECONDS = 1.0
ALERT_SECONDS = 5.0
MOST_ALERTS = 8
STYLES = {"up": "green", "starting": "yellow", "waiting": "yellow"}


def command(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh every second until Ctrl-C.")] = False,
) -> None:
    """Show each process: state, records per second, outcomes, dead letters, lag, memory; and open alerts."""
    from rich.live import Live

    from topologies.local_stack import stack_file

    settings = current.settings()
    before = running(settings.state.data_dir)
    console = PlainConsole()
    with _alert_board(stack_file.resolve(settings)) as board:
        time.sleep(REFRESH_SECONDS)
        if not watch:
            now = _look_again(settings, before, board)
            if as_json:
                echo_json(plain(now))
            else:
                show(now, console)
            return
        with Live(view(before, console.width), console=console, auto_refresh=False) as live:
            try:
                while True:
                    before = _look_again(settings, before, board)
                    live.update(view(before, console.width), refresh=True)
                    time.sleep(REFRESH_SECONDS)
            except KeyboardInterrupt:
                return


def running(data_dir: Path) -> StackStatus:
    """The running stack's status. Raises Transient where none runs."""
    from streams.kernel.errors import Transient
    from topologies.local_stack import stack_file
    from topologies.operations.status import look

    noted = stack_file.running(data_dir)
    if noted is None:
        raise Transient(
            f"no stack runs with data in {data_dir.resolve()}: start it with shipsync up,"
            " or set SHIPSYNC_DATA_DIR to where one does"
        )
    return look(noted)


@contextmanager
def _alert_board(settings: Settings) -> Iterator[AlertBoard | None]:
    """The open alerts' board; None where the broker or the registry does not answer."""
    from streams.kernel.errors import ShipSyncError
    from topologies.operations.alert_board import AlertBoard

    try:
        board = AlertBoard(settings)
    except ShipSyncError:
        yield None
        return
    try:
        yield board
    finally:
        board.close()


def _look_again(settings: Settings, before: StackStatus, board: AlertBoard | None) -> StackStatus:
    from streams.kernel.errors import ShipSyncError
    from topologies.operations.status import with_alerts, with_rates

    now = with_rates(running(settings.state.data_dir), before)
    if board is None:
        return now
    try:
        return with_alerts(now, board.update(ALERT_SECONDS))
    except ShipSyncError:
        return now


def plain(status: StackStatus) -> dict[str, Any]:
    """The status as plain data, times as ISO 8601."""
    found = asdict(status)
    for alert in found["open_alerts"] or ():
        alert["raised_at"] = iso(alert["raised_at"])
    return found


def show(status: StackStatus, out: PlainConsole) -> None:
    """Print the processes, and below them what became of the records, dead letters and open alerts."""
    if out.is_terminal:
        out.print(view(status, out.width))
        return
    _processes(status).show(out)
    echo("")
    for text in _below(status):
        for line in text.plain.split("\n"):
            echo(line)


def view(status: StackStatus, width: int) -> Group:
    """The status for a terminal of so many columns."""
    from rich.console import Group

    return Group(*_processes(status).drawn(width), *_below(status))


def _processes(status: StackStatus) -> Table:
    ranks = {"records": 1, "per s": 1, "lag": 1, "CPU s": 2, "MB": 2}
    table = Table(
        Column("process", KEY), Column("pid", 3), Column("state"), Column("restarts", 2),
        *(Column(name, rank, right=True) for name, rank in ranks.items()),
    )
    for process in status.processes:
        table.add(*_row(process))
    return table


def _below(status: StackStatus) -> list[Text]:
    """The lines below the processes."""
    dead = {
        f"{process.name} {reason}": count
        for process in status.processes for reason, count in process.dead_letters.items()
    }
    outcomes = [
        Text(one_line(f"{process.name}: {told}")) for process in status.processes if (told := _counts(process.outcomes))
    ]
    footer = f"up {_duration(status.uptime_s)}, broker {status.bootstrap}, registry {status.registry_url}"
    footer += _processing(status)
    missing = [
        Text(one_line(f"{process.name} is not ready: {name}: {what}"), style="yellow")
        for process in status.processes for name, what in process.missing.items()
    ]
    return [
        *missing, *outcomes, Text(one_line(f"dead letters: {_counts(dead) or 'none'}")), *_paused(status),
        _alerts(status.open_alerts), Text(one_line(footer), style="dim"),
    ]


def _paused(status: StackStatus) -> list[Text]:
    paused = sorted({feed for process in status.processes for feed in process.paused})
    told = f"paused feeds: {', '.join(paused)}; see shipsync feeds paused"
    return [Text(one_line(told), style="red")] if paused else []


def _processing(status: StackStatus) -> str:
    """Words how stages with state write, empty where none says; stages without state always write at least once."""
    from config.settings import Processing

    ways = {process.processing for process in status.processes}
    for way in (Processing.EXACTLY_ONCE, Processing.AT_LEAST_ONCE):
        if way.value in ways:
            return f", processing {way.value}"
    return ""


def _row(process: ProcessStatus) -> list[Cell]:
    known = process.memory_bytes > 0
    return [
        process.name, str(process.pid or "-"), Marked(process.state, STYLES.get(process.state, "red")),
        str(process.restarts or "-"), f"{process.records:,}" if known else "-",
        "-" if process.per_second is None else f"{process.per_second:,.0f}",
        f"{process.lag:,}" if known else "-", f"{process.cpu_seconds:.0f}" if known else "-",
        f"{process.memory_bytes / 1e6:.0f}" if known else "-",
    ]


def _alerts(alerts: list[OpenAlert] | None) -> Text:
    if alerts is None:
        return Text("open alerts: not known, because broker or registry does not answer", style="yellow")
    now = time.time_ns() // 1_000_000
    shown = Text(f"open alerts: {len(alerts) or 'none'}")
    for alert in alerts[:MOST_ALERTS]:
        style = "red" if alert.severity == "critical" else "yellow"
        shown.append("\n  " + one_line(f"{told(alert.raised_at, now)}: {alert.severity} {alert.message}"), style=style)
        if alert.state != "raised":
            shown.append(one_line(f" ({alert.state})"), style="dim")
    if len(alerts) > MOST_ALERTS:
        shown.append(f"\n  and {len(alerts) - MOST_ALERTS} more: shipsync alerts list", style="dim")
    return shown


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()) if count)


def _duration(seconds: float) -> str:
    minutes, rest = divmod(int(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s" if minutes else f"{rest} s"
