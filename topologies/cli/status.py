"""``shipsync status``: every process of the running stack."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Group
from rich.live import Live
from rich.text import Text

from config import settings as configuration
from config.settings import Processing, Settings
from streams.kernel.errors import ShipSyncError, Transient
from topologies.local_stack import stack_file
from topologies.operations.status import OpenAlert, ProcessStatus, StackStatus, look, with_alerts, with_rates
from topologies.operations.terminal import PlainConsole, PlainTable, echo_json, one_line

if TYPE_CHECKING:
    from topologies.operations.alert_board import AlertBoard

REFRESH_SECONDS = 1.0
ALERT_SECONDS = 5.0
MOST_ALERTS = 8
STYLES = {"up": "green", "starting": "yellow", "waiting": "yellow"}


def command(
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
    watch: Annotated[bool, typer.Option("--watch", help="Refresh every second until Ctrl-C.")] = False,
) -> None:
    """Show each process: state, records per second, outcomes, dead letters, lag, memory; and open alerts."""
    settings = configuration.load()
    before = current(settings.state.data_dir)
    console = PlainConsole()
    with _alert_board(stack_file.resolve(settings)) as board:
        time.sleep(REFRESH_SECONDS)
        if not watch:
            now = _look_again(settings, before, board)
            if as_json:
                echo_json(asdict(now))
            else:
                console.print(view(now))
            return
        with Live(view(before), console=console, auto_refresh=False) as live:
            try:
                while True:
                    before = _look_again(settings, before, board)
                    live.update(view(before), refresh=True)
                    time.sleep(REFRESH_SECONDS)
            except KeyboardInterrupt:
                return


def current(data_dir: Path) -> StackStatus:
    """The running stack's status. Raises Transient where none runs."""
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
    now = with_rates(current(settings.state.data_dir), before)
    if board is None:
        return now
    try:
        return with_alerts(now, board.update(ALERT_SECONDS))
    except ShipSyncError:
        return now


def view(status: StackStatus) -> Group:
    """The status as a table, with what became of the records, dead letters and open alerts below."""
    table = PlainTable("process", "pid", "state", "restarts")
    for name in ("records", "per s", "lag", "CPU s", "MB"):
        table.add_column(name, justify="right")
    for process in status.processes:
        table.add_row(*_row(process))
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
    return Group(
        table, *missing, *outcomes, Text(one_line(f"dead letters: {_counts(dead) or 'none'}")), *_paused(status),
        _alerts(status.open_alerts), Text(one_line(footer), style="dim"),
    )


def _paused(status: StackStatus) -> list[Text]:
    paused = sorted({feed for process in status.processes for feed in process.paused})
    told = f"paused feeds: {', '.join(paused)}; see shipsync feeds paused"
    return [Text(one_line(told), style="red")] if paused else []


def _processing(status: StackStatus) -> str:
    """Words how stages with state write, empty where none says; stages without state always write at least once."""
    ways = {process.processing for process in status.processes}
    for way in (Processing.EXACTLY_ONCE, Processing.AT_LEAST_ONCE):
        if way.value in ways:
            return f", processing {way.value}"
    return ""


def _row(process: ProcessStatus) -> list[str | Text]:
    known = process.memory_bytes > 0
    return [
        process.name, str(process.pid or "-"), Text(one_line(process.state), style=STYLES.get(process.state, "red")),
        str(process.restarts or "-"), f"{process.records:,}" if known else "-",
        "-" if process.per_second is None else f"{process.per_second:,.0f}",
        f"{process.lag:,}" if known else "-", f"{process.cpu_seconds:.0f}" if known else "-",
        f"{process.memory_bytes / 1e6:.0f}" if known else "-",
    ]


def _alerts(alerts: list[OpenAlert] | None) -> Text:
    if alerts is None:
        return Text("open alerts: not known, because broker or registry does not answer", style="yellow")
    shown = Text(f"open alerts: {len(alerts) or 'none'}")
    for alert in alerts[:MOST_ALERTS]:
        raised = datetime.fromtimestamp(alert.raised_at / 1000, UTC)
        style = "red" if alert.severity == "critical" else "yellow"
        shown.append(f"\n  {raised:%Y-%m-%d %H:%M}Z " + one_line(f"{alert.severity} {alert.message}"), style=style)
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
