"""``shipsync feed FEED PATH``: sends carrier files as they are."""

from __future__ import annotations

import difflib
import time
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import Progress
from rich.text import Text

from config import settings as configuration
from config import topics
from streams.kernel.errors import Transient
from topologies.local_stack import stack_file
from topologies.operations.terminal import PlainConsole


def command(
    feed: Annotated[str, typer.Argument(help="The feed the files belong to.", show_default=False)],
    path: Annotated[Path, typer.Argument(help="A file, or a folder of files.", show_default=False)],
    channel: Annotated[str, typer.Option(help="Value of the records' channel header.")] = "file",
    rate: Annotated[float, typer.Option(help="Most files per second; 0: no limit.", min=0)] = 0,
) -> None:
    """Send carrier files to a feed unchanged, one record per file."""
    from connectors.carriers import enabled_carriers
    from topologies.operations.file_publisher import files_in, send

    settings = stack_file.resolve(configuration.load())
    known_feed(feed, sorted(carrier.feed for carrier in enabled_carriers(settings.intake)))
    if not path.exists():
        raise typer.BadParameter(f"{path} does not exist", param_hint="PATH")
    files = files_in(path)
    if not files:
        raise typer.BadParameter(f"{path} holds no files", param_hint="PATH")
    errors = PlainConsole(stderr=True)
    progress = Progress(transient=True, console=errors, disable=not errors.is_terminal)
    with progress:
        sending = progress.track(files, description=f"sending to {topics.raw(feed).name}")
        outcomes = send(settings, feed, sending, channel, lambda: time.sleep(1 / rate) if rate else None)
    console = PlainConsole(in_lines=True)
    for outcome in outcomes:
        if outcome.place is not None:
            console.print(f"{outcome.file} -> {outcome.place}, correlation id {outcome.correlation_id}")
    failed = [f"{outcome.file}: {outcome.fault}" for outcome in outcomes if outcome.fault is not None]
    console.print(f"{len(outcomes) - len(failed)} of {len(outcomes)} sent.", _what_next())
    if failed:
        raise Transient("not sent: " + "\n  ".join(failed))


def known_feed(asked: str, known: list[str]) -> None:
    """Return if the feed exists. Raises BadParameter that lists the feeds."""
    if asked in known:
        return
    near = difflib.get_close_matches(asked.lower(), known, 1)
    hint = f"did you mean {near[0]}? " if near else ""
    raise typer.BadParameter(f"there is no feed {asked!r}; {hint}The feeds are {', '.join(known)}", param_hint="FEED")


def _what_next() -> Text:
    events = topics.SHIPMENT_EVENTS.name.removesuffix(".v1")
    letters = topics.DLQ_INTAKE.name.removesuffix(".v1")
    return Text.from_markup(
        f"See what became of them:\n  [bold]shipsync tail {events} --from-beginning --until-end[/]\n"
        f"  [bold]shipsync tail {letters} --from-beginning --until-end[/]"
    )
