"""``shipsync delivery``: deliveries that are held back because they are doubtful, and how to confirm one."""

from __future__ import annotations

import getpass
import time
from typing import Annotated

import typer
from rich.table import Column

from config import settings as configuration
from streams.contracts.ids import normalise_carrier, normalise_tracking_number, shipment_key
from topologies.local_stack import stack_file
from topologies.operations.record_view import humane, moment
from topologies.operations.terminal import PlainConsole, PlainTable, echo, echo_json

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

    rows = doubtful_deliveries.held_back(stack_file.resolve(configuration.load()))
    if as_json:
        echo_json(humane(rows))
        return
    table = PlainTable(
        Column("shipment", overflow="fold"), Column("delivered", overflow="fold"), Column("orders", overflow="fold"),
        Column("why", overflow="fold", ratio=1), title="Deliveries held back",
    )
    for row in rows:
        table.add_row(
            row["shipment"], moment(row["delivered_at"]), ", ".join(row["orders"]), row["why"]
        )
    PlainConsole().print(table)
    echo("Confirm one: shipsync delivery confirm CARRIER:NUMBER" if rows else "None is held back.")


@app.command("confirm")
def confirm(
    shipment: Shipment,
    apply: Annotated[bool, typer.Option("--apply", help="Write it; without this, only show the effect.")] = False,
    by: Annotated[str, typer.Option("--by", help="Your name; by default your user name.")] = "",
    as_json: AsJson = False,
) -> None:
    """Say that a delivery is true: customers and the ERP hear of it."""
    from topologies.operations import doubtful_deliveries
    from topologies.stages import shipments

    carrier, _, number = shipment.partition(":")
    carrier, number = normalise_carrier(carrier), normalise_tracking_number(number)
    if not carrier or not number:
        raise typer.BadParameter(f"{shipment!r}: write CARRIER:NUMBER, such as acme:4711", param_hint="SHIPMENT")
    settings = stack_file.resolve(configuration.load())
    known = doubtful_deliveries.known_of(settings, shipment_key(carrier, number))
    event = doubtful_deliveries.confirmation(known, time.time_ns() // 1_000_000, by or getpass.getuser())
    found = doubtful_deliveries.consequences(known, event, shipments.keeping(settings))
    if apply:
        doubtful_deliveries.write(settings, event)
    if as_json:
        echo_json(humane({**found, "applied": apply}))
        return
    echo(f"{found['shipment']} was delivered {moment(found['delivered_at'])}.")
    echo(f"customers who hear of it: {', '.join(found['customers']) or 'none'}")
    echo(f"deliveries posted to the ERP: {', '.join(found['deliveries']) or 'none'}")
    echo("Written." if apply else "Nothing is written yet: add --apply.")
