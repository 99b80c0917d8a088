"""``shipsync alerts``: the open alerts, one alert's history, and what people do about it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from config import settings as configuration
from config.settings import Settings
from streams.contracts.model import Alert, AlertAction, AtStake
from streams.kernel.alert_vocabulary import OPEN
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState, Severity
from topologies.local_stack import stack_file
from topologies.operations.record_view import humane, moment, named
from topologies.operations.terminal import PlainConsole, PlainTable, cut, echo, echo_json

if TYPE_CHECKING:
    from topologies.operations.alert_board import AlertBoard

app = typer.Typer(help="List, show and handle alerts (docs/alerts.md).", no_args_is_help=True)
READ_SECONDS = 10.0
SHORT_ID, TEXT = 8, 70
_SPAN = re.compile(r"([1-9]\d{0,5})([mhd])")
_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
STYLES = {Severity.CRITICAL: "red", Severity.WARNING: "yellow", Severity.INFO: ""}

Id = Annotated[str, typer.Argument(help="The alert's id, or its first characters.", show_default=False)]
By = Annotated[str, typer.Option(help="Your name, kept with the alert.", show_default=False)]
Note = Annotated[str, typer.Option(help="A note, kept with the alert.")]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("list")
def list_alerts(
    kind: Annotated[AlertKind | None, typer.Option(help="Only alerts of this kind.")] = None,
    severity: Annotated[Severity | None, typer.Option(help="Only alerts of this severity.")] = None,
    state: Annotated[AlertState | None, typer.Option(help="Only alerts in this state; by default open ones.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only alerts of this owner.")] = None,
    feed: Annotated[str | None, typer.Option(help="Only alerts of this feed.")] = None,
    customer: Annotated[str | None, typer.Option(help="Only alerts about an order of this customer.")] = None,
    as_json: AsJson = False,
) -> None:
    """List open alerts, ordered by severity, value at stake and age."""
    from topologies.operations.alert_board import work_list

    with _board() as board:
        alerts = list(board.alerts.values())
    found = work_list(alerts) if state is None else sorted(
        (one for one in alerts if one.state is state), key=lambda one: (-one.changed_at, one.alert_id)
    )
    shown = [
        one for one in found
        if kind in (None, one.kind) and severity in (None, one.severity) and owner in (None, one.owner)
        and feed in (None, one.feed)
        and (customer is None or any(order.customer_id == customer for order in one.orders))
    ]
    if as_json:
        echo_json([_plain(one) for one in shown])
    elif not shown:
        echo("No alert matches." if alerts else "No alert is open.")
    else:
        PlainConsole().print(_table(shown))


@app.command("show")
def show(alert_id: Id, as_json: AsJson = False) -> None:
    """Show one alert: its state, what it is about, and its history."""
    with _board() as board:
        alert = _one(board, alert_id)
        under = [one for one in board.alerts.values() if one.under == alert.alert_id]
    if as_json:
        plain = _plain(alert)
        plain["gathered"] = sorted(one.subject for one in under)
        echo_json(plain)
        return
    console = PlainConsole()
    console.print(_card(alert))
    console.print(_life(alert))
    for one in sorted(under, key=lambda other: other.subject):
        console.print(f"  {one.subject}  {one.cause}")


@app.command("ack")
def acknowledge(alert_id: Id, by: By, note: Note = "") -> None:
    """Acknowledge an alert. It stays so while its cause lasts, and is raised again if that gets worse."""
    _act(alert_id, ActionKind.ACKNOWLEDGE, by, note)


@app.command("snooze")
def snooze(
    alert_id: Id, by: By,
    wait: Annotated[str, typer.Option("--for", help="How long, such as 30m, 4h or 2d.")] = "4h", note: Note = "",
) -> None:
    """Snooze an alert. It is raised again after this time, if its cause lasts."""
    found = _SPAN.fullmatch(wait)
    if found is None:
        raise typer.BadParameter(f"{wait!r}: write 30m, 4h or 2d", param_hint="--for")
    _act(alert_id, ActionKind.SNOOZE, by, note, until=_now() + int(found[1]) * _UNITS_MS[found[2]])


@app.command("resolve")
def resolve(alert_id: Id, by: By, note: Note = "") -> None:
    """Resolve an alert. It stays so until its cause returns or gets worse."""
    _act(alert_id, ActionKind.RESOLVE, by, note)


@app.command("reopen")
def reopen(alert_id: Id, by: By, note: Note = "") -> None:
    """Undo an acknowledgement, a snooze or a resolution."""
    _act(alert_id, ActionKind.REOPEN, by, note)


@app.command("assign")
def assign(
    alert_id: Id, by: By, to: Annotated[str, typer.Option(help="The new owner.", show_default=False)], note: Note = "",
) -> None:
    """Assign an alert to somebody."""
    _act(alert_id, ActionKind.ASSIGN, by, note, owner=to)


def _act(
    prefix: str, kind: ActionKind, by: str, note: str, *, until: int | None = None, owner: str | None = None
) -> None:
    from topologies.operations.alert_actions import act

    if not by.strip() or (owner is not None and not owner.strip()):
        raise typer.BadParameter("the name is empty", param_hint="--by" if not by.strip() else "--to")
    settings = stack_file.resolve(configuration.load())
    with _board(settings) as board:
        alert = _one(board, prefix)
    act(settings, AlertAction(alert.alert_id, kind, by, _now(), note, until, owner))
    echo(f"{kind.value}: {alert.alert_id[:SHORT_ID]} {alert.message}")


@contextmanager
def _board(settings: Settings | None = None) -> Iterator[AlertBoard]:
    """The alerts, read once to the end of their topic."""
    from topologies.operations.alert_board import AlertBoard

    board = AlertBoard(settings or stack_file.resolve(configuration.load()))
    try:
        board.update(READ_SECONDS)
        yield board
    finally:
        board.close()


def _one(board: AlertBoard, prefix: str) -> Alert:
    """The alert whose id begins with ``prefix``. Raises Fatal for none or several."""
    found = board.found(prefix) if prefix else []
    if len(found) != 1:
        several = f"{len(found)} alert ids begin with {prefix!r}: give more characters"
        what = several if found else f"no alert id begins with {prefix!r}"
        raise Fatal(f"{what}; shipsync alerts list --json lists all ids")
    return found[0]


def _table(alerts: list[Alert]) -> PlainTable:
    table = PlainTable("id", "severity", "state", "since", "owner", "shipments", "at stake", "what")
    for one in alerts:
        table.add_row(
            one.alert_id[:SHORT_ID], one.severity.value, _state(one), moment(one.raised_at),
            one.owner or "-", f"{one.affected:,}", _stakes(one.at_stake), cut(one.message, TEXT),
            style=STYLES[one.severity] if one.state in OPEN else "dim",
        )
    return table


def _card(alert: Alert) -> PlainTable:
    table = PlainTable(show_header=False, title=alert.message)
    rows = {
        "id": alert.alert_id, "kind": alert.kind.value, "state": _state(alert), "severity": alert.severity.value,
        "cause": alert.cause, "since": moment(alert.raised_at), "changed": moment(alert.changed_at),
        "owner": alert.owner or "", "told on": ", ".join(alert.channels), "raised": f"{alert.times_raised} times",
        "shipments": f"{alert.affected:,}: {', '.join(alert.shipments)}" if alert.affected else "",
        "orders": ", ".join(f"{one.order_id} ({one.customer_id})" for one in alert.orders),
        "at stake": _stakes(alert.at_stake), "acknowledged": _by(alert.acknowledged_at, alert.acknowledged_by),
        "snoozed": _by(alert.snoozed_until, alert.snoozed_by, "until "),
        "resolved": _by(alert.resolved_at, alert.resolved_by), "under": alert.under or "", "note": alert.note,
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, value)
    return table


def _life(alert: Alert) -> PlainTable:
    table = PlainTable("when", "what happened", "by", "note")
    for one in alert.history:
        table.add_row(moment(one.at), one.step.value, one.by, one.note)
    return table


def _state(alert: Alert) -> str:
    marks = [mark for mark, holds in (("flapping", alert.flapping), ("escalated", alert.escalated)) if holds]
    return f"{alert.state.value} ({', '.join(marks)})" if marks else alert.state.value


def _stakes(stakes: list[AtStake]) -> str:
    return ", ".join(f"{one.amount:,.2f} {one.currency}".strip() for one in stakes) or "-"


def _by(at: int | None, who: str | None, before: str = "") -> str:
    return "" if at is None else f"{before}{moment(at)} by {who}"


def _plain(alert: Alert) -> dict[str, Any]:
    plain: dict[str, Any] = named(alert)
    del plain["record"]
    told: dict[str, Any] = humane(plain)
    return told


def _now() -> int:
    return time.time_ns() // 1_000_000
