"""``shipsync feed FEED PATH``: sends carrier files as they are."""

from __future__ import annotations

import difflib
import time
from pathlib import Path
from typing import Annotated

import typer

from config import topics
from topologies.cli import current
from topologies.cli.tables import KEY, Column, Table, note
from topologies.operations.command_actor import command_actor
from topologies.operations.terminal import PlainConsole, echo_json


def command(
    feed: Annotated[str, typer.Argument(help="The feed the files belong to.", show_default=False)],
    path: Annotated[Path, typer.Argument(help="A file, or a folder of files.", show_default=False)],
    channel: Annotated[str, typer.Option(help="Value of the records' channel header.")] = "file",
    rate: Annotated[float, typer.Option(help="Most files per second; 0: no limit.", min=0)] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON.")] = False,
) -> None:
    """Send carrier files to a feed unchanged, one record per file."""
    from rich.progress import Progress

    from connectors.carriers import enabled_carriers
    from connectors.kafka import person_actions
    from streams.contracts.audit import details_of
    from streams.kernel.audit_vocabulary import SubjectKind
    from streams.kernel.errors import Transient
    from topologies.operations.file_publisher import files_in, send

    settings = current.stack_settings()
    known_feed(feed, sorted(carrier.feed for carrier in enabled_carriers(settings.intake)))
    if not path.exists():
        raise typer.BadParameter(f"{path} does not exist", param_hint="PATH")
    files = files_in(path)
    if not files:
        raise typer.BadParameter(f"{path} holds no files", param_hint="PATH")
    errors = PlainConsole(stderr=True)
    progress = Progress(transient=True, console=errors, disable=not errors.is_terminal)
    audit = person_actions.audited(
        command_actor(settings), time.time_ns() // 1_000_000, "feed.send", SubjectKind.FEED, feed,
        details=details_of({"files": len(files), "channel": channel}),
    )
    with person_actions.recorded(settings, [audit]), progress:
        sending = progress.track(files, description=f"sending to {topics.raw(feed).name}")
        outcomes = send(settings, feed, sending, channel, lambda: time.sleep(1 / rate) if rate else None)
    if as_json:
        echo_json([
            {"file": str(one.file), "place": one.place, "correlation_id": one.correlation_id, "fault": one.fault}
            for one in outcomes
        ])
    else:
        table = Table(Column("file", KEY), Column("record"), Column("correlation id"), drop=False)
        for one in outcomes:
            if one.place is not None:
                table.add(str(one.file), one.place, one.correlation_id)
        table.show()
    failed = [f"{outcome.file}: {outcome.fault}" for outcome in outcomes if outcome.fault is not None]
    if not as_json:
        _conclude(len(outcomes) - len(failed), len(outcomes))
    if failed:
        raise Transient("not sent: " + "\n  ".join(failed))


def known_feed(asked: str, known: list[str]) -> None:
    """Return if the feed exists. Raises BadParameter that lists the feeds."""
    if asked in known:
        return
    near = difflib.get_close_matches(asked.lower(), known, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise typer.BadParameter(f"there is no feed {asked!r}; {hint}The feeds are {', '.join(known)}", param_hint="FEED")


def _conclude(sent: int, of: int) -> None:
    events = topics.SHIPMENT_EVENTS.name.removesuffix(".v1")
    letters = topics.DLQ_INTAKE.name.removesuffix(".v1")
    note(f"{sent} of {of} sent. See what became of them:")
    note(f"  shipsync tail {events} --from-beginning --until-end")
    note(f"  shipsync tail {letters} --from-beginning --until-end")
