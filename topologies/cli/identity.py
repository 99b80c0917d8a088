"""``shipsync identity``: references that belong to no known shipment, and how to resolve one by hand."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table
from topologies.operations.command_actor import command_actor
from topologies.operations.record_view import humane, moment
from topologies.operations.terminal import echo, echo_json

if TYPE_CHECKING:
    from config.settings import Settings
    from streams.contracts.model import MasterRecord
    from streams.contracts.references import Named
    from streams.identity.record import ReferenceRecord

app = typer.Typer(help="Resolve references that belong to no known shipment.", no_args_is_help=True)
MOST_ROWS = 100
Reference = Annotated[str, typer.Argument(help="TYPE:REFERENCE, such as bol:4711.", show_default=False)]
Shipment = Annotated[str, typer.Argument(help="CARRIER:NUMBER, such as acme:4711.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write it; without this, only show the effect.")]


@app.callback()
def group() -> None:
    """Resolve references that belong to no known shipment."""


@app.command("list")
def list_waiting(as_json: AsJson = False) -> None:
    """List unresolved references: since when, the events that wait, and shipments that may be meant."""
    from topologies.operations import manual_resolution

    rows = manual_resolution.waiting(current.stack_settings())
    if as_json:
        echo_json(humane(rows))
        return
    table = Table(
        Column("reference", KEY), Column("since", 2), Column("events", 4, right=True), Column("latest", 3),
        Column("orders' lines"), Column("could be"), empty="No reference is unresolved.", most=MOST_ROWS,
        rest="shipsync identity list --json",
    )
    for row in rows:
        latest = row["events"][-1] if row["events"] else None
        table.add(
            row["reference"], At(row["waiting_since"] or row["updated_at"]), str(len(row["events"])),
            "" if latest is None else f"{latest['carrier']} {latest['milestone']}",
            ", ".join(line["order_id"] for line in row["lines"]), ", ".join(row["candidates"]),
        )
    table.show()


@app.command("resolve")
def resolve(
    reference: Reference, shipment: Shipment, apply: Apply = False, as_json: AsJson = False
) -> None:
    """Assign a reference to a shipment: waiting events are sent there, wrong ones are retracted."""
    from streams.contracts.ids import normalise_carrier, normalise_tracking_number
    from topologies.operations import manual_resolution

    name = _reference(reference)
    carrier, _, number = shipment.partition(":")
    carrier, number = normalise_carrier(carrier), normalise_tracking_number(number)
    if not carrier or not number:
        raise typer.BadParameter(f"{shipment!r}: write CARRIER:NUMBER, such as acme:4711", param_hint="SHIPMENT")
    settings = current.stack_settings()
    known, rules = manual_resolution.known_of(settings, name), manual_resolution.rules_of(settings)
    said = manual_resolution.decided(known, rules, carrier, number, _now_ms(), command_actor(settings).name)
    _say(settings, known, said, apply=apply, as_json=as_json)


@app.command("withdraw")
def withdraw(reference: Reference, apply: Apply = False, as_json: AsJson = False) -> None:
    """Withdraw a manual assignment: what carriers and orders say about the reference counts again."""
    from topologies.operations import manual_resolution

    name = _reference(reference)
    settings = current.stack_settings()
    known = manual_resolution.known_of(settings, name)
    said = manual_resolution.taken_back(known, _now_ms(), command_actor(settings).name)
    _say(settings, known, said, apply=apply, as_json=as_json)


def _say(settings: Settings, known: ReferenceRecord, said: MasterRecord, *, apply: bool, as_json: bool) -> None:
    from topologies.operations import manual_resolution

    found = manual_resolution.consequences(known, manual_resolution.rules_of(settings), said)
    if apply:
        manual_resolution.write(settings, said, command_actor(settings))
    if as_json:
        echo_json(humane({**found, "applied": apply}))
        return
    _show(found)
    echo("Written." if apply else "Nothing is written yet: add --apply.")


def _show(found: dict[str, Any]) -> None:
    for words, events in (("goes out at", found["told"]), ("is taken back at", found["taken_back"])):
        for event in events:
            echo(
                f"{moment(event['occurred_at'])} {event['milestone']} {words} {event['shipment']}"
            )
    for line in found["lines"]:
        words = "claims no more" if line["withdrawn"] else "claims"
        order, shipment = f"order {line['order_id']}", f"{line['carrier']}:{line['tracking_number']}"
        echo(f"{order} (delivery {line['delivery_id']}) {words} {shipment}")
    if not (found["told"] or found["taken_back"] or found["lines"]):
        echo("Nothing would change.")
    if found["still_waiting"]:
        echo(f"{found['still_waiting']} would still wait: of another time than what waits last.")


def _reference(text: str) -> Named:
    from streams.contracts.references import parse_key

    name = parse_key(text)
    if name is None:
        raise typer.BadParameter(f"{text!r}: write TYPE:REFERENCE, such as bol:4711", param_hint="REFERENCE")
    return name


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
