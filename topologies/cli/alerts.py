"""``shipsync alerts``: the open alerts, one alert's history, and what people do about it."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer

from portal.words.alerts import who_was_told
from streams.kernel.alert_vocabulary import OPEN
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import ActionKind, AlertKind, AlertState, Severity
from topologies.cli import alert_channels, current
from topologies.cli.tables import KEY, At, Column, Table, show_card
from topologies.operations.command_actor import command_actor
from topologies.operations.record_view import humane, moment, named
from topologies.operations.terminal import echo, echo_json

if TYPE_CHECKING:
    from config.settings import Settings
    from streams.contracts.model import Alert, AtStake
    from streams.paging.told import ToldOn
    from topologies.operations.alert_board import AlertBoard

app = typer.Typer(help="List, show and handle alerts (docs/alerts.md).", no_args_is_help=True)
READ_SECONDS = 10.0
SHORT_ID = 8
_SPAN = re.compile(r"([1-9]\d{0,5})([mhd])")
_UNITS_MS = {"m": 60_000, "h": 3_600_000, "d": 86_400_000}
STYLES = {Severity.CRITICAL: "red", Severity.WARNING: "yellow", Severity.INFO: ""}

Id = Annotated[str, typer.Argument(help="The alert's id, or its first characters.", show_default=False)]
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
    told = _told()
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
        echo_json([_plain_with_told(one, told) for one in shown])
        return
    table = Table(
        Column("id", KEY), Column("severity"), Column("state", 3), Column("since", 2), Column("owner", 4),
        Column("shipments", 6, right=True), Column("at stake", 5), Column("what"),
        Column("told", 2),
        empty="No alert matches." if alerts else "No alert is open.",
    )
    now = _now()
    for one in shown:
        table.add(
            one.alert_id[:SHORT_ID], one.severity.value, _state(one), At(one.raised_at), one.owner or "",
            f"{one.affected:,}", _stakes(one.at_stake), one.message,
            who_was_told(one, told.get(one.alert_id, ()), now),
            style=STYLES[one.severity] if one.state in OPEN else "dim",
        )
    table.show()


@app.command("show")
def show(alert_id: Id, as_json: AsJson = False) -> None:
    """Show one alert: its state, what it is about, and its history."""
    with _board() as board:
        alert = _one(board, alert_id)
        under = [one for one in board.alerts.values() if one.under == alert.alert_id]
    told = _told()
    if as_json:
        plain = _plain_with_told(alert, told)
        plain["gathered"] = sorted(one.subject for one in under)
        echo_json(plain)
        return
    show_alert(alert, under, told.get(alert.alert_id, ()))


@app.command("ack")
def acknowledge(alert_id: Id, note: Note = "") -> None:
    """Acknowledge an alert. It stays so while its cause lasts, and is raised again if that gets worse."""
    _act(alert_id, ActionKind.ACKNOWLEDGE, note)


@app.command("snooze")
def snooze(
    alert_id: Id,
    wait: Annotated[str, typer.Option("--for", help="How long, such as 30m, 4h or 2d.")] = "4h", note: Note = "",
) -> None:
    """Snooze an alert. It is raised again after this time, if its cause lasts."""
    found = _SPAN.fullmatch(wait)
    if found is None:
        raise typer.BadParameter(f"{wait!r}: write 30m, 4h or 2d", param_hint="--for")
    _act(alert_id, ActionKind.SNOOZE, note, until=_now() + int(found[1]) * _UNITS_MS[found[2]])


@app.command("resolve")
def resolve(alert_id: Id, note: Note = "") -> None:
    """Resolve an alert. It stays so until its cause returns or gets worse."""
    _act(alert_id, ActionKind.RESOLVE, note)


@app.command("reopen")
def reopen(alert_id: Id, note: Note = "") -> None:
    """Undo an acknowledgement, a snooze or a resolution."""
    _act(alert_id, ActionKind.REOPEN, note)


@app.command("assign")
def assign(
    alert_id: Id, to: Annotated[str, typer.Option(help="The new owner.", show_default=False)], note: Note = "",
) -> None:
    """Assign an alert to somebody."""
    _act(alert_id, ActionKind.ASSIGN, note, owner=to)


alert_channels.add_to(app)


def _act(prefix: str, kind: ActionKind, note: str, *, until: int | None = None, owner: str | None = None) -> None:
    from connectors.kafka.alert_actions import act
    from streams.contracts.model import AlertAction

    if owner is not None and not owner.strip():
        raise typer.BadParameter("the name is empty", param_hint="--to")
    settings = current.stack_settings()
    with _board(settings) as board:
        alert = _one(board, prefix)
    actor = command_actor(settings)
    act(settings, AlertAction(alert.alert_id, kind, actor.name, _now(), note, until, owner), actor)
    echo(f"{kind.value}: {alert.alert_id[:SHORT_ID]} {alert.message}")


@contextmanager
def _board(settings: Settings | None = None) -> Iterator[AlertBoard]:
    """The alerts, read once to the end of their topic."""
    from topologies.operations.alert_board import AlertBoard

    board = AlertBoard(settings or current.stack_settings())
    try:
        board.update(READ_SECONDS)
        yield board
    finally:
        board.close()


def alert_with(prefix: str) -> Alert:
    """The alert whose id begins so, of the running stack. Raises Fatal for none or several."""
    with _board() as board:
        return _one(board, prefix)


def _one(board: AlertBoard, prefix: str) -> Alert:
    """The alert whose id begins with ``prefix``. Raises Fatal for none or several."""
    found = board.found(prefix) if prefix else []
    if len(found) != 1:
        several = f"{len(found)} alert ids begin with {prefix!r}: give more characters"
        what = several if found else f"no alert id begins with {prefix!r}"
        raise Fatal(f"{what}; shipsync alerts list --json lists all ids")
    return found[0]


def show_alert(alert: Alert, under: Sequence[Alert] = (), told: Sequence[ToldOn] = ()) -> None:
    """Print an alert, who was told of it, its history, and the subjects of the alerts gathered under it."""
    show_card(f"Alert {alert.alert_id[:SHORT_ID]}", {
        "what": alert.message, "id": alert.alert_id, "kind": alert.kind.value, "state": _state(alert),
        "severity": alert.severity.value,
        "cause": alert.cause, "since": At(alert.raised_at, exact=True), "changed": At(alert.changed_at, exact=True),
        "owner": alert.owner or "", "told on": ", ".join(alert.channels),
        "told": who_was_told(alert, told, _now()), "raised": f"{alert.times_raised} times",
        "shipments": f"{alert.affected:,}: {', '.join(alert.shipments)}" if alert.affected else "",
        "orders": ", ".join(f"{one.order_id} ({one.customer_id})" for one in alert.orders),
        "at stake": _stakes(alert.at_stake), "acknowledged": _by(alert.acknowledged_at, alert.acknowledged_by),
        "snoozed": _by(alert.snoozed_until, alert.snoozed_by, "until "),
        "resolved": _by(alert.resolved_at, alert.resolved_by), "under": alert.under or "", "note": alert.note,
    })
    life = Table(Column("when", KEY), Column("what happened"), Column("by"), Column("note"))
    for step in alert.history:
        life.add(At(step.at, exact=True), step.step.value, step.by, step.note)
    echo("")
    life.show()
    if under:
        gathered = Table(Column("gathered", KEY), Column("cause"))
        for one in sorted(under, key=lambda other: other.subject):
            gathered.add(one.subject, one.cause)
        echo("")
        gathered.show()


def _told() -> dict[str, list[ToldOn]]:
    from topologies.operations.told_channels import told_by_alert

    return told_by_alert(current.stack_settings())


def _plain_with_told(alert: Alert, told: Mapping[str, Sequence[ToldOn]]) -> dict[str, Any]:
    said = [humane(one._asdict()) for one in told.get(alert.alert_id, ())]
    return {**plain_alert(alert), "told": said}


def _state(alert: Alert) -> str:
    marks = [mark for mark, holds in (("flapping", alert.flapping), ("escalated", alert.escalated)) if holds]
    return f"{alert.state.value} ({', '.join(marks)})" if marks else alert.state.value


def _stakes(stakes: list[AtStake]) -> str:
    return ", ".join(f"{one.amount:,.2f} {one.currency}".strip() for one in stakes)


def _by(at: int | None, who: str | None, before: str = "") -> str:
    return "" if at is None else f"{before}{moment(at)} by {who}"


def plain_alert(alert: Alert) -> dict[str, Any]:
    """An alert as plain data, times as ISO 8601."""
    plain: dict[str, Any] = named(alert)
    del plain["record"]
    told: dict[str, Any] = humane(plain)
    return told


def _now() -> int:
    return time.time_ns() // 1_000_000
