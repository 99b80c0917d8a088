"""``shipsync state``: one shipment's record with its events and raw records; the other commands mend a state topic."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from topologies.cli import changelog, current
from topologies.cli.shipment_view import show_state
from topologies.cli.tables import KEY, At, Column, Table
from topologies.operations.record_view import humane
from topologies.operations.terminal import PlainConsole, cut, echo, echo_json, one_line, safe
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from streams.contracts.model import EnrichedEvent

app = typer.Typer(help="Show what is known about one shipment; mend a state topic.", no_args_is_help=True)
app.command("check")(changelog.check)
app.command("skip")(changelog.skip)
app.command("repair")(changelog.repair)
RAW_SHOWN = 2_000


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
    from rich.progress import Progress

    from topologies.operations.shipment_trace import inspect, plain

    carrier, _, reference = key.partition(":")
    if not carrier or not reference:
        raise typer.BadParameter(
            f"{key!r}: write CARRIER:REFERENCE, such as acme:4711; `shipsync carrier list` names the carriers",
            param_hint="KEY",
        )
    settings = current.stack_settings()
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
            show_state(found.state)
        for ended in found.archived:
            show_state(ended)
        _history(key, [one.enriched for one in found.events]).show()
        for one in found.events if raw else ():
            _show_raw(one.enriched, one.raw, console)
    if found.state is None and not found.events and not found.archived:
        raise typer.Exit(ExitCode.FAILURE)


def _history(key: str, events: list[EnrichedEvent]) -> Table:
    from streams.contracts.ids import shipment_key

    table = Table(
        Column("happened", KEY), Column("milestone", KEY), Column("exception"), Column("code", 3),
        Column("carrier's text", 2), Column("by", 5), Column("raw record", 4), Column("note"), drop=False,
    )
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
        table.add(
            At(event.occurred_at, exact=True), event.milestone.value,
            "" if event.exception.value == "none" else f"{event.exception.value} ({event.reason.value})",
            event.carrier_code, event.carrier_text,
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
