"""``shipsync state``: one shipment's record with its events and raw records; the other commands mend a state topic."""

from __future__ import annotations

from typing import Annotated

import typer
from rich.progress import Progress
from rich.text import Text

from config import settings as configuration
from streams.contracts.ids import shipment_key
from streams.contracts.model import EnrichedEvent, Related, ShipmentState
from topologies.cli import changelog
from topologies.local_stack import stack_file
from topologies.operations.record_view import humane, moment
from topologies.operations.terminal import PlainConsole, PlainTable, cut, echo, echo_json, one_line, safe

app = typer.Typer(help="Show what is known about one shipment; mend a state topic.", no_args_is_help=True)
app.command("check")(changelog.check)
app.command("skip")(changelog.skip)
app.command("repair")(changelog.repair)
RAW_SHOWN, TEXT = 2_000, 40


@app.callback()
def group() -> None:
    """Show what is known about one shipment; mend a state topic."""


@app.command("inspect")
def inspect_shipment(
    key: Annotated[str, typer.Argument(help="CARRIER:REFERENCE, such as acme:4711.", show_default=False)],
    raw: Annotated[bool, typer.Option("--raw", help="Also the raw messages.")] = False,
    as_json: Annotated[bool, typer.Option("--json", help="Everything as JSON, with complete raw messages.")] = False,
) -> None:
    """Show a shipment: its state, its events, and the raw records they come from. Exit 1 if there is none."""
    from topologies.operations.shipment_trace import inspect, plain

    carrier, _, reference = key.partition(":")
    if not carrier or not reference:
        raise typer.BadParameter(
            f"{key!r}: write CARRIER:REFERENCE, such as acme:4711; `shipsync carrier list` names the carriers",
            param_hint="KEY",
        )
    settings = stack_file.resolve(configuration.load())
    key = f"{carrier.strip().lower()}:{''.join(reference.split()).upper()}"
    errors = PlainConsole(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("reading")
        found = inspect(
            settings, key,
            lambda topic, done, total: bar.update(task, description=topic, completed=done, total=total),
        )
    if as_json:
        echo_json(humane(plain(found)))
    elif found.state is None and not found.events and not found.archived:
        echo(f"Nothing is known about {key}.", err=True)
    else:
        console = PlainConsole()
        if found.state is not None:
            _show_state(found.state, console)
        for ended in found.archived:
            _show_state(ended, console)
        console.print(_history(key, [one.enriched for one in found.events]))
        for one in found.events if raw else ():
            _show_raw(one.enriched, one.raw, console)
    if found.state is None and not found.events and not found.archived:
        raise typer.Exit(1)


def _show_state(state: ShipmentState, console: PlainConsole) -> None:
    life = "" if state.life == 1 else f", shipment {state.life}"
    table = PlainTable(show_header=False, title=f"{state.carrier}:{state.tracking_number}{life}")
    rows = {
        "status": state.status.value + (" (archived)" if state.archived else ""),
        "since": _when(state.status_at),
        "orders": ", ".join(f"{one.order_id} (delivery {one.delivery_id}, {one.customer_id})" for one in state.orders),
        "promised": _when(state.promised_delivery_at),
        "estimated": _window(state),
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
            table.add_row(name, value)
    console.print(table)


def _window(state: ShipmentState) -> str:
    begins = state.estimated_delivery_from
    return _when(state.estimated_delivery_at) if begins is None else (
        f"{_when(begins)} to {_when(state.estimated_delivery_at)}"
    )


def _related(numbers: list[Related]) -> str:
    return ", ".join(f"{one.key} ({one.kind.value.replace('_', ' ')})" for one in numbers)


def _history(key: str, events: list[EnrichedEvent]) -> PlainTable:
    table = PlainTable("happened", "milestone", "exception", "code", "carrier's text", "by", "raw record", "note")
    for one in sorted(events, key=lambda enriched: _event(enriched)[0]):
        event = one.event
        assert not isinstance(event, bytes)
        source = event.source
        told_of = shipment_key(event.carrier, event.tracking_number)
        notes = [] if told_of == key else [f"of {told_of}"]
        notes += ["late"] if one.late else []
        notes += event.flags
        notes += [f"same as {one.same_as[:8]}"] if one.same_as else []
        notes += [] if event.corrects is None else [f"{event.correction.value} {event.corrects[:8]}"]
        table.add_row(
            moment(event.occurred_at), event.milestone.value,
            "" if event.exception.value == "none" else f"{event.exception.value} ({event.reason.value})",
            event.carrier_code, cut(event.carrier_text, TEXT),
            f"{source.feed} {source.channel}", f"{source.topic}[{source.partition}] @ {source.offset}",
            ", ".join(notes),
        )
    return table


def _event(enriched: EnrichedEvent) -> tuple[int, str]:
    event = enriched.event
    assert not isinstance(event, bytes)
    return event.occurred_at, event.event_id


def _show_raw(enriched: EnrichedEvent, raw: bytes | None, console: PlainConsole) -> None:
    event = enriched.event
    assert not isinstance(event, bytes)
    source = event.source
    console.rule(Text(one_line(f"{source.topic}[{source.partition}] @ {source.offset}")))
    if raw is None:
        console.print("no longer kept", style="yellow")
    else:
        console.print(safe(cut(raw.decode("utf-8", "backslashreplace"), RAW_SHOWN)))


def _when(at: int | None) -> str:
    return "" if at is None else moment(at)
