"""``shipsync orders waiting``: orders no carrier has spoken of, and shipments no order claims."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from config import settings as configuration
from topologies.local_stack import stack_file
from topologies.operations.record_view import humane, moment, printable

app = typer.Typer(help="What orders and carriers do not agree on.", no_args_is_help=True)
MOST_ROWS = 100


@app.callback()
def group() -> None:
    """What orders and carriers do not agree on."""


@app.command("waiting")
def waiting(as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False) -> None:
    """Show lines of orders whose number or reference no carrier has spoken of, and shipments no order claims."""
    from topologies.operations import manual_resolution

    found = manual_resolution.never_found(stack_file.resolve(configuration.load()))
    if as_json:
        typer.echo(json.dumps(humane(found), indent=2, ensure_ascii=False))
        return
    console = Console(highlight=False)
    lines = Table("order", "delivery", "customer", "waits for", "why", "last word", title="Lines never found")
    for row in found["lines"][:MOST_ROWS]:
        lines.add_row(
            *(printable(row[name]) for name in ("order_id", "delivery_id", "customer_id", "waits_for", "why")),
            moment(row["updated_at"]),
        )
    shipments = Table("shipment", "status", "events", "last heard", title="Shipments no order claims")
    for row in found["shipments"][:MOST_ROWS]:
        shipments.add_row(printable(row["shipment"]), row["status"], str(row["events"]), moment(row["updated_at"]))
    for name, table in (("lines", lines), ("shipments", shipments)):
        if found[name]:
            console.print(table)
        if len(found[name]) > MOST_ROWS:
            console.print(f"and {len(found[name]) - MOST_ROWS} more: shipsync orders waiting --json")
    if not found["lines"] and not found["shipments"]:
        console.print("Every line of every order has its shipment, and every shipment its order.")
