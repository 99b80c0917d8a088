"""``shipsync state inspect CARRIER:REFERENCE``: one shipment's record, its history and every raw message behind it."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from config import settings as configuration
from streams.contracts.ids import shipment_key
from streams.contracts.model import EnrichedEvent, Related, ShipmentState
from topologies.local_stack import stack_file
from topologies.operations.record_view import cut, humane, moment, printable

app = typer.Typer(help="Look into what is known of one shipment.", no_args_is_help=True)
RAW_SHOWN, TEXT = 2_000, 40


@app.callback()
def group() -> None:
    """Look into what is known of one shipment."""


@app.command("inspect")
def inspect_shipment(
    key: Annotated[str, typer.Argument(help="CARRIER:REFERENCE, such as acme:4711.", show_default=False)],
    raw: Annotated[bool, typer.Option("--raw", help="The raw messages too.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="All of it as JSON, raw messages whole.")] = False,
) -> None:
    """Show where a shipment stands, every event of it, and the raw records they were made of. Exit 1 without any."""
    from topologies.operations.shipment_trace import inspect, plain

    carrier, _, reference = key.partition(":")
    if not carrier or not reference:
        raise typer.BadParameter(
            f"{key!r}: write CARRIER:REFERENCE, such as acme:4711; `shipsync carrier list` names the carriers",
            param_hint="KEY",
        )
    settings = stack_file.resolve(configuration.load())
    key = f"{carrier.strip().lower()}:{''.join(reference.split()).upper()}"
    errors = Console(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("reading")
        found = inspect(
            settings, key,
            lambda topic, done, total: bar.update(task, description=topic, completed=done, total=total),
        )
    if as_json:
        typer.echo(json.dumps(humane(plain(found)), indent=2, ensure_ascii=False))
    elif found.state is None and not found.events and not found.archived:
        typer.echo(f"Nothing is known of {key}.", err=True)
    else:
        console = Console(highlight=False)
        if found.state is not None:
            _show_state(found.state, console)
        for ended in found.archived:
            _show_state(ended, console)
        console.print(_history(key, [one.enriched for one in found.events]))
        for one in found.events if raw else ():
            _show_raw(one.enriched, one.raw, console)
    if found.state is None and not found.events and not found.archived:
        raise typer.Exit(1)


def _show_state(state: ShipmentState, console: Console) -> None:
    life = "" if state.life == 1 else f", shipment {state.life}"
    table = Table(show_header=False, title=f"{state.carrier}:{printable(state.tracking_number)}{life}")
    rows = {
        "status": state.status.value + (" (archived)" if state.archived else ""),
        "since": _when(state.status_at),
        "orders": ", ".join(f"{one.order_id} (delivery {one.delivery_id}, {one.customer_id})" for one in state.orders),
        "promised": _when(state.promised_delivery_at),
        "estimated": _when(state.estimated_delivery_at),
        "stated first": _when(state.first_estimated_delivery_at),
        "earlier": ", ".join(f"{_when(one.estimate)} by {one.stated_by}" for one in state.earlier_estimates),
        "punctuality": state.punctuality.value.replace("_", " "),
        "delivered": _when(state.delivered_at),
        "signed by": state.signed_by or "",
        "open": ", ".join(one.value for one in state.open_exceptions),
        "part of": _related(state.part_of),
        "with": _related(state.parts),
        "pieces": ", ".join(f"{one.name} {one.status.value}" for one in state.pieces),
    }
    for name, value in rows.items():
        if value:
            table.add_row(name, printable(value))
    console.print(table)


def _related(numbers: list[Related]) -> str:
    return ", ".join(f"{printable(one.key)} ({one.kind.value.replace('_', ' ')})" for one in numbers)


def _history(key: str, events: list[EnrichedEvent]) -> Table:
    table = Table("happened", "milestone", "trouble", "code", "the carrier's words", "by", "raw record", "note")
    for one in sorted(events, key=lambda enriched: _event(enriched)[0]):
        event = one.event
        assert not isinstance(event, bytes)
        source = event.source
        told_of = shipment_key(event.carrier, event.tracking_number)
        notes = [] if told_of == key else [f"of {printable(told_of)}"]
        notes += ["late"] if one.late else []
        notes += event.flags
        notes += [f"same as {one.same_as[:8]}"] if one.same_as else []
        notes += [] if event.corrects is None else [f"{event.correction.value} {event.corrects[:8]}"]
        table.add_row(
            moment(event.occurred_at), event.milestone.value,
            "" if event.exception.value == "none" else f"{event.exception.value} ({event.reason.value})",
            printable(event.carrier_code), cut(printable(event.carrier_text), TEXT),
            f"{source.feed} {source.channel}", f"{source.topic}[{source.partition}] @ {source.offset}",
            ", ".join(notes),
        )
    return table


def _event(enriched: EnrichedEvent) -> tuple[int, str]:
    event = enriched.event
    assert not isinstance(event, bytes)
    return event.occurred_at, event.event_id


def _show_raw(enriched: EnrichedEvent, raw: bytes | None, console: Console) -> None:
    event = enriched.event
    assert not isinstance(event, bytes)
    source = event.source
    console.rule(f"{source.topic}[{source.partition}] @ {source.offset}")
    if raw is None:
        console.print("kept no more", style="yellow")
    else:
        console.print(cut(printable(raw.decode("utf-8", "backslashreplace")), RAW_SHOWN), markup=False)


def _when(at: int | None) -> str:
    return "" if at is None else moment(at)
