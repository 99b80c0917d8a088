"""``shipsync orders waiting``: order lines without a shipment, and shipments without an order."""

from __future__ import annotations

from typing import Annotated

import typer

from config import settings as configuration
from topologies.local_stack import stack_file
from topologies.operations.record_view import humane, moment
from topologies.operations.terminal import PlainConsole, PlainTable, echo_json

app = typer.Typer(help="Find orders and shipments that do not match.", no_args_is_help=True)
MOST_ROWS = 100


@app.callback()
def group() -> None:
    """Find orders and shipments that do not match."""


@app.command("waiting")
def waiting(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List order lines without any carrier event, and shipments without an order."""
    from topologies.operations import manual_resolution

    found = manual_resolution.never_found(stack_file.resolve(configuration.load()))
    if as_json:
        echo_json(humane(found))
        return
    console = PlainConsole()
    lines = PlainTable("order", "delivery", "customer", "waits for", "why", "updated", title="Lines without a shipment")
    for row in found["lines"][:MOST_ROWS]:
        lines.add_row(
            *(row[name] for name in ("order_id", "delivery_id", "customer_id", "waits_for", "why")),
            moment(row["updated_at"]),
        )
    shipments = PlainTable("shipment", "status", "events", "updated", title="Shipments without an order")
    for row in found["shipments"][:MOST_ROWS]:
        shipments.add_row(row["shipment"], row["status"], str(row["events"]), moment(row["updated_at"]))
    for name, table in (("lines", lines), ("shipments", shipments)):
        if found[name]:
            console.print(table)
        if len(found[name]) > MOST_ROWS:
            console.print(f"and {len(found[name]) - MOST_ROWS} more: shipsync orders waiting --json")
    if not found["lines"] and not found["shipments"]:
        console.print("Every order line has its shipment, and every shipment its order.")
