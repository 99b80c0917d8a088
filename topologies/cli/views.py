"""``shipsync views``: keeps the read model behind pages and API; makes it anew; compares it with its topics."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Annotated

import typer

from streams.kernel.errors import ShipSyncError
from topologies.cli import current
from topologies.cli.tables import KEY, Column, Table, iso
from topologies.operations.terminal import PlainConsole, echo, echo_json
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from topologies.operations.read_model_rebuild import Progress as Told

log = logging.getLogger(__name__)
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
app = typer.Typer(
    help="The read model that pages and the API read (docs/read-model.md).", no_args_is_help=True,
    rich_markup_mode="rich",
)


@app.command("follow")
def follow() -> None:
    """Keep the read model until SIGTERM or Ctrl-C. Settings come from SHIPSYNC_* variables."""
    from topologies.runtime import logs
    from topologies.runtime.watching.health import Health, serve, starting
    from topologies.workers import read_model

    settings = current.settings()
    logs.configure(settings, "views")
    state = Health()
    state.expect("read model", starting)
    try:
        serve(settings, state)
        code = read_model.run(settings, state)
    except ShipSyncError as error:
        log.critical("the read model is kept no more: %s", error)
        code = ExitCode.FAILURE
    raise typer.Exit(code)


@app.command("rebuild")
def rebuild(as_json: AsJson = False) -> None:
    """Make the read model anew from its topics. Readers see the old one until the new one is whole."""
    from topologies.operations import read_model_rebuild
    from topologies.workers.read_model import folder_of

    settings = current.stack_settings()
    with _progress("reading") as told:
        made = read_model_rebuild.rebuild(settings, folder_of(settings), told)
    if as_json:
        echo_json(made._asdict())
        return
    echo(f"{made.shipments:,} shipments from {made.records:,} records in {made.seconds:.1f} s; readers see it now.")


@app.command("check")
def check(as_json: AsJson = False) -> None:
    """Compare the read model, row by row, with what its topics make. Exit code 1 where they differ."""
    from topologies.operations import read_model_rebuild
    from topologies.workers.read_model import folder_of

    settings = current.stack_settings()
    with _progress("comparing") as told:
        found = read_model_rebuild.check(settings, folder_of(settings), told)
    if as_json:
        echo_json([one._asdict() for one in found])
    else:
        table = Table(
            Column("table", KEY), Column("rows", right=True), Column("missing", right=True),
            Column("different", right=True), Column("left over", right=True), Column("verdict"),
        )
        for one in found:
            table.add(
                one.table, f"{one.rows:,}", f"{one.missing:,}", f"{one.different:,}", f"{one.left_over:,}",
                "agrees" if one.agrees else "DIFFERS", style="" if one.agrees else "red",
            )
        table.show()
    if not all(one.agrees for one in found):
        echo("shipsync views rebuild makes it anew.", err=True)
        raise typer.Exit(ExitCode.FAILURE)


@app.command("status")
def status(as_json: AsJson = False) -> None:
    """Show how current the read model is, and how many shipments it holds."""
    from connectors.read_store.reader import ReadStore
    from topologies.workers.read_model import folder_of, now_ms

    settings = current.stack_settings()
    with closing(ReadStore(folder_of(settings))) as store:
        standing, shipments = store.standing(), sum(one.number for one in store.counts())
    age = max(0, now_ms() - standing.read_at) / 1000
    if as_json:
        echo_json({**standing._asdict(), "read_at": iso(standing.read_at), "age_seconds": age, "shipments": shipments})
        return
    echo(f"{shipments:,} shipments; Kafka was read {age:.0f} s ago, {standing.behind:,} records are left to read.")


@contextmanager
def _progress(what: str) -> Iterator[Told]:
    """Shows records read, on a terminal's standard error."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn

    console = PlainConsole(stderr=True)
    with Progress(
        TextColumn("{task.description}"), BarColumn(), TextColumn("{task.completed:,.0f} of {task.total:,.0f} records"),
        TimeElapsedColumn(), console=console, transient=True, disable=not console.is_terminal,
    ) as shown:
        task = shown.add_task(what, total=0)
        yield lambda read, left: shown.update(task, completed=read, total=read + left)
