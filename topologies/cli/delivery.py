"""``shipsync delivery``: deliveries that are held back because they are doubtful; to confirm one, or to refuse it."""

from __future__ import annotations

import time
from typing import Annotated

import typer

from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table, note
from topologies.operations.command_actor import command_actor
from topologies.operations.record_view import humane, moment
from topologies.operations.terminal import echo, echo_json

app = typer.Typer(help="Deliveries held back because they are doubtful.", no_args_is_help=True)
Shipment = Annotated[str, typer.Argument(help="CARRIER:NUMBER, such as acme:4711.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.callback()
def group() -> None:
    """Deliveries held back because they are doubtful."""


@app.command("list")
def list_held_back(as_json: AsJson = False) -> None:
    """List the deliveries that neither customers nor the ERP have heard of, and why."""
    from topologies.operations import doubtful_deliveries

    rows = doubtful_deliveries.held_back(current.stack_settings())
    if as_json:
        echo_json(humane(rows))
        return
    table = Table(
        Column("shipment", KEY), Column("delivered", 2), Column("orders"), Column("why"), title="Deliveries held back",
        empty="None is held back.",
    )
    for row in rows:
        table.add(row["shipment"], At(row["delivered_at"]), ", ".join(row["orders"]), row["why"])
    table.show()
    if rows:
        note("Confirm one: shipsync delivery confirm CARRIER:NUMBER")


@app.command("confirm")
def confirm(
    shipment: Shipment,
    apply: Annotated[bool, typer.Option("--apply", help="Write it; without this, only show the effect.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say that a delivery is true: customers and the ERP hear of it."""
    from topologies.operations import doubtful_deliveries
    from topologies.stages import shipments

    key = _key(shipment)
    settings = current.stack_settings()
    actor = command_actor(settings)
    known = doubtful_deliveries.known_of(settings, key)
    event = doubtful_deliveries.confirmation(known, time.time_ns() // 1_000_000, actor.name)
    found = doubtful_deliveries.consequences(known, event, shipments.keeping(settings))
    if apply:
        doubtful_deliveries.release(settings, event, actor)
    if as_json:
        echo_json(humane({**found, "applied": apply}))
        return
    echo(f"{found['shipment']} was delivered {moment(found['delivered_at'])}.")
    echo(f"customers who hear of it: {', '.join(found['customers']) or 'none'}")
    echo(f"deliveries posted to the ERP: {', '.join(found['deliveries']) or 'none'}")
    echo("Written." if apply else "Nothing is written yet: add --apply.")


@app.command("refuse")
def refuse(
    shipment: Shipment,
    why: Annotated[str, typer.Option(help="Why it is not true; kept with the alert.", show_default=False)],
    apply: Annotated[bool, typer.Option("--apply", help="Write it; without this, only show the effect.")] = False,
    as_json: AsJson = False,
) -> None:
    """Say that a delivery is not true: it stays held back, and its alert is resolved."""
    from topologies.operations import doubtful_deliveries

    key = _key(shipment)
    if not why.strip():
        raise typer.BadParameter("say why", param_hint="--why")
    settings = current.stack_settings()
    known = doubtful_deliveries.known_of(settings, key)
    if apply:
        doubtful_deliveries.refuse(settings, known, command_actor(settings), time.time_ns() // 1_000_000, why)
    if as_json:
        echo_json({"shipment": key, "why": why, "applied": apply})
        return
    echo(f"{key}: neither customers nor the ERP hear of the delivery, and its alert is resolved.")
    echo("Written." if apply else "Nothing is written yet: add --apply.")


def _key(shipment: str) -> str:
    from streams.contracts.ids import normalise_carrier, normalise_tracking_number, shipment_key

    carrier, _, number = shipment.partition(":")
    carrier, number = normalise_carrier(carrier), normalise_tracking_number(number)
    if not carrier or not number:
        raise typer.BadParameter(f"{shipment!r}: write CARRIER:NUMBER, such as acme:4711", param_hint="SHIPMENT")
    return shipment_key(carrier, number)
