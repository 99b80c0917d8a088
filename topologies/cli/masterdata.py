"""``shipsync masterdata``: carriers, customers, references and links kept by hand."""

from __future__ import annotations

import getpass
import io
import sys
import time
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from config import settings as configuration
from streams.contracts.model import MasterRecord
from streams.kernel.vocabulary import MasterKind
from streams.masterdata.rows import Difference, Fault
from topologies.local_stack import stack_file
from topologies.operations.record_view import moment
from topologies.operations.terminal import PlainConsole, PlainTable, echo, echo_json, echo_text

app = typer.Typer(help="Keep carriers, customers, references and links by hand.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Apply = Annotated[bool, typer.Option("--apply", help="Write it; without this, only show what would change.")]
By = Annotated[str, typer.Option("--by", help="Your name; by default your user name.")]


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
    by: By = "",
    as_json: AsJson = False,
) -> None:
    """Compare a file with the present records; --apply writes the difference. Exit 1 if a line is wrong."""
    from streams.masterdata.rows import difference
    from topologies.operations import master_data

    rows = master_data.read_file(file or master_data.PACKAGED, time.time_ns() // 1_000_000, by or getpass.getuser())
    if rows.faults:
        _show_faults(rows.faults, as_json=as_json)
        raise typer.Exit(1)
    settings = stack_file.resolve(configuration.load())
    found = difference(master_data.known(settings), rows.records)
    written = master_data.write(settings, found.to_write) if apply else 0
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

    records = _standing(master_data.known(stack_file.resolve(configuration.load())), kind)
    if as_json:
        echo_json([msgspec.to_builtins(one) for one in records])
        return
    table = PlainTable("kind", "id", "says", "by", "when")
    for one in records:
        table.add_row(
            one.kind.value, one.id, _says(one), one.updated_by, moment(one.updated_at)
        )
    PlainConsole().print(table)


@app.command("export")
def export(
    kind: Annotated[MasterKind | None, typer.Argument(help="Only records of this kind.", show_default=False)] = None,
) -> None:
    """Print the records as CSV, in the form that import reads."""
    from topologies.operations import master_data

    records = _standing(master_data.known(stack_file.resolve(configuration.load())), kind)
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


def _plain(found: Difference) -> dict[str, Any]:
    plain: dict[str, Any] = msgspec.to_builtins(found)
    plain["changed"] = {key: {"is": old, "would_be": new} for key, (old, new) in plain["changed"].items()}
    return plain


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

