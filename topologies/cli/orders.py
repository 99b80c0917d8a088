"""``shipsync orders waiting``: order lines without a shipment, and shipments without an order."""

from __future__ import annotations

from typing import Annotated

import typer

from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table, note
from topologies.operations.record_view import humane
from topologies.operations.terminal import echo, echo_json

app = typer.Typer(help="Find orders and shipments that do not match.", no_args_is_help=True)
MOST_ROWS = 100


@app.callback()
def group() -> None:
    """Find orders and shipments that do not match."""


@app.command("waiting")
def waiting(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """List order lines without any carrier event, and shipments without an order."""
    from topologies.operations import manual_resolution

    found = manual_resolution.never_found(current.stack_settings())
    if as_json:
        echo_json(humane(found))
        return
    lines = Table(
        Column("order", KEY), Column("delivery", KEY), Column("customer", 3), Column("waits for"), Column("why"),
        Column("updated", 2), title="Lines without a shipment", most=MOST_ROWS, rest="shipsync orders waiting --json",
    )
    for row in found["lines"]:
        lines.add(
            *(row[name] for name in ("order_id", "delivery_id", "customer_id", "waits_for", "why")),
            At(row["updated_at"]),
        )
    shipments = Table(
        Column("shipment", KEY), Column("status"), Column("events", 2, right=True), Column("updated"),
        title="Shipments without an order", most=MOST_ROWS, rest="shipsync orders waiting --json",
    )
    for row in found["shipments"]:
        shipments.add(row["shipment"], row["status"], str(row["events"]), At(row["updated_at"]))
    filled = [table for table in (lines, shipments) if table.rows]
    for place, table in enumerate(filled):
        if place:
            echo("")
        table.show()
    if not filled:
        note("Every order line has its shipment, and every shipment its order.")
