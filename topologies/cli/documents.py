"""``shipsync documents``: proofs of delivery and other papers of shipments, and why those that are missing are."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.kernel.document_vocabulary import DocumentStatus
from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table
from topologies.operations.command_actor import command_actor
from topologies.operations.terminal import echo, echo_json

if TYPE_CHECKING:
    from streams.contracts.model import ShipmentDocument

app = typer.Typer(
    help="Show documents of shipments, and why those that are missing are (docs/documents.md).", no_args_is_help=True,
    rich_markup_mode="rich",
)
MOST_LINES = 50
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Document = Annotated[str, typer.Argument(help="The beginning of its id, as list shows it.", show_default=False)]


@app.callback()
def group() -> None:
    """Show documents of shipments, and why those that are missing are (docs/documents.md)."""


@app.command("list")
def list_documents(
    shipment: Annotated[str | None, typer.Argument(
        help="Only of this shipment: CARRIER:NUMBER or its number.", show_default=False)] = None,
    status: Annotated[DocumentStatus | None, typer.Option(help="Only those that are so.")] = None,
    as_json: AsJson = False,
) -> None:
    """List documents: those that were refused first, then those that wait to be fetched."""
    from topologies.operations.document_board import listed

    found = listed(current.stack_settings(), shipment, status)
    if as_json:
        echo_json([_plain(one) for one in found])
        return
    table = Table(
        Column("document", KEY), Column("shipment", KEY), Column("kind"), Column("state"), Column("why"),
        Column("since", 2), Column("next", 2), Column("type", 3), Column("bytes", 3, right=True),
        Column("came by", 4), Column("deliveries", 4),
        empty="There is no document.", most=MOST_LINES, rest="shipsync documents list --json",
    )
    for one in found:
        table.add(
            (one.document_id or one.source_id)[:12], f"{one.carrier}:{one.tracking_number}", one.kind.value,
            one.status.value, one.reason, At(one.at), At(one.next_at), one.media_type,
            f"{one.size:,}" if one.size else "", one.origin.value, ", ".join(one.delivery_ids),
        )
    table.show()


@app.command("show")
def show(
    document: Document,
    into: Annotated[Path | None, typer.Option(
        "--into", help="Write its content to this file, which is not there yet.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """Show all that is known of one document; with --into, save its content."""
    from topologies.operations.document_board import content_of, listed, one_of

    settings = current.stack_settings()
    found = one_of(listed(settings), document)
    if into is not None:
        _save(into, content_of(settings, found))
    if as_json:
        echo_json(_plain(found))
        return
    told = _plain(found)
    table = Table(Column("field", KEY), Column("value"), empty="")
    for name, value in told.items():
        if value not in ("", None, [], 0):
            table.add(name.replace("_", " "), At(value) if name in ("at", "first_at", "next_at") else _text(value))
    table.show()


@app.command("fetch")
def fetch(
    document: Document,
    reason: Annotated[str, typer.Option(help="Why, for those who look later.")] = "",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say whether it is possible; do nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Have a document fetched again that was refused or given up."""
    from topologies.operations.document_board import ask_again, check, listed, one_of

    settings = current.stack_settings()
    found = one_of(listed(settings), document)
    check(found, reason)
    if not dry_run:
        ask_again(settings, found, reason, command_actor(settings), time.time_ns() // 1_000_000)
    if as_json:
        echo_json({"asked": not dry_run, **_plain(found)})
        return
    done = "could be fetched again" if dry_run else "is fetched again"
    echo(f"The document of {found.carrier}:{found.tracking_number} {done} from {found.link}.")


def _save(into: Path, content: bytes) -> None:
    from streams.kernel.errors import Fatal

    try:
        with into.open("xb") as file:
            file.write(content)
    except OSError as error:
        raise Fatal(f"{into} cannot be written: {error.strerror}") from error


def _text(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


def _plain(one: ShipmentDocument) -> dict[str, Any]:
    from msgspec import to_builtins

    told: dict[str, Any] = to_builtins(one)
    return told
