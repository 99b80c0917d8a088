"""``shipsync masterdata``: carriers, customers, references and links kept by hand."""

from __future__ import annotations

import io
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.kernel.vocabulary import MasterKind
from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table, iso_times
from topologies.operations.command_actor import command_actor
from topologies.operations.terminal import PlainConsole, echo, echo_json, echo_text
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from streams.contracts.model import MasterRecord
    from streams.masterdata.rows import Difference, Fault

app = typer.Typer(help="Keep carriers, customers, references and links by hand.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write it; without this, only show what would change.")]


@app.callback()
def group() -> None:
    """Keep carriers, customers, references and links by hand."""


@app.command("import")
def import_file(
    file: Annotated[Path | None, typer.Argument(
        help="A CSV file whose first line names the columns; by default the carriers of config/masterdata.",
        show_default=False,
    )] = None,
    apply: Apply = False,
    as_json: AsJson = False,
) -> None:
    """Compare a file with the present records; --apply writes the difference. Exit 1 if a line is wrong."""
    from streams.masterdata.rows import difference
    from topologies.operations import master_data

    settings = current.stack_settings()
    actor = command_actor(settings)
    rows = master_data.read_file(file or master_data.PACKAGED, time.time_ns() // 1_000_000, actor.name)
    if rows.faults:
        _show_faults(rows.faults, as_json=as_json)
        raise typer.Exit(ExitCode.FAILURE)
    there = master_data.known(settings)
    found = difference(there, rows.records)
    written = master_data.write(settings, found.to_write, actor, there) if apply else 0
    if as_json:
        echo_json({**_plain(found), "written": written})
        return
    _show(found)
    if apply:
        echo(f"{written} written.")
    elif found.to_write:
        echo("Nothing is written yet: add --apply.")


@app.command("list")
def list_records(
    kind: Annotated[MasterKind | None, typer.Argument(help="Only records of this kind.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the records that are in force."""
    from topologies.operations import master_data

    records = _standing(master_data.known(current.stack_settings()), kind)
    if as_json:
        echo_json([plain_record(one) for one in records])
        return
    table = Table(
        Column("kind", KEY), Column("id", KEY), Column("says"), Column("by", 2), Column("when", 3),
        empty="There is no such record.",
    )
    for one in records:
        table.add(one.kind.value, one.id, _says(one), one.updated_by, At(one.updated_at))
    table.show()


@app.command("export")
def export(
    kind: Annotated[MasterKind | None, typer.Argument(help="Only records of this kind.", show_default=False)] = None,
) -> None:
    """Print the records as CSV, in the form that import reads."""
    from topologies.operations import master_data

    records = _standing(master_data.known(current.stack_settings()), kind)
    if not sys.stdout.isatty():
        master_data.export(records, sys.stdout)
        return
    shown = io.StringIO()
    master_data.export(records, shown)
    echo_text(shown.getvalue())


def _standing(records: dict[str, MasterRecord], kind: MasterKind | None) -> list[MasterRecord]:
    return [one for _, one in sorted(records.items()) if not one.withdrawn and kind in (None, one.kind)]


def _says(one: MasterRecord) -> str:
    if one.kind is MasterKind.REFERENCE:
        return f"is {one.carrier}:{one.tracking_number}"
    if one.kind is MasterKind.LINK:
        return one.link.replace("_", " ")
    told = [one.name, *(f"{name.upper()} {value}" for name in ("scac", "duns", "gln") if (value := getattr(one, name)))]
    return ", ".join([*filter(None, told), *one.aliases])


def plain_record(one: MasterRecord) -> dict[str, Any]:
    """A record as plain data, its times as ISO 8601."""
    import msgspec

    return iso_times(msgspec.to_builtins(one))


def _plain(found: Difference) -> dict[str, Any]:
    return {
        "added": {key: plain_record(one) for key, one in found.added.items()},
        "changed": {
            key: {"is": plain_record(old), "would_be": plain_record(new)} for key, (old, new) in found.changed.items()
        },
        "withdrawn": {key: plain_record(one) for key, one in found.withdrawn.items()},
        "unchanged": found.unchanged,
    }


def _show(found: Difference) -> None:
    console = PlainConsole(in_lines=True)
    for key, record in found.added.items():
        console.print(f"+ {key}: {_says(record)}", style="green")
    for key, (old, new) in found.changed.items():
        console.print(f"~ {key}: {_says(old)} -> {_says(new)}", style="yellow")
    for key in found.withdrawn:
        console.print(f"- {key}", style="red")
    console.print(
        f"{len(found.added)} new, {len(found.changed)} changed, {len(found.withdrawn)} withdrawn,"
        f" {found.unchanged} unchanged."
    )


def _show_faults(faults: list[Fault], *, as_json: bool) -> None:
    if as_json:
        echo_json({"faults": [fault._asdict() for fault in faults]})
        return
    for fault in faults:
        echo(f"line {fault.line}, {fault.field}: {fault.detail}", err=True)
    echo(f"{len(faults)} faults; nothing was written.", err=True)

