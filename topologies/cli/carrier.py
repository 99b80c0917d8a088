"""``shipsync carrier``: list carriers, and try, check and draft mappings on files, without a broker. ``diff`` is in
``carrier_diff.py``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer
from rich.padding import Padding
from rich.progress import track
from rich.table import Column
from rich.text import Text

from config import settings as configuration
from connectors.carriers import HOME, Carrier, discover
from connectors.carriers.layout import CASES, NAME
from connectors.drafting.sample import draft
from connectors.mapping.declared.published_codes import PublishedList
from connectors.mapping.loading import FILE
from streams.contracts.model import CarrierEvent, Location
from streams.kernel.errors import Fatal, Reject
from streams.kernel.vocabulary import ExceptionType, Precision
from topologies.cli import carrier_diff
from topologies.cli.feed import known_feed
from topologies.operations.dry_run import Drift, Findings, Tried, examine, read_file
from topologies.operations.file_publisher import files_in
from topologies.operations.record_view import humane, named
from topologies.operations.terminal import PlainConsole, PlainTable, cut, echo, echo_json, echo_text, one_line

app = typer.Typer(
    help="List carriers; try, check and draft mappings on files, without a broker; re-map what was published.",
    no_args_is_help=True,
)
app.command("diff")(carrier_diff.command)
Feed = Annotated[str, typer.Argument(help="The carrier's feed.", show_default=False)]
Files = Annotated[Path, typer.Argument(help="A file, or a folder whose files are read.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
WIDE = 110
"""Columns from which on events are shown as a table."""
TEXT, DETAIL, MOST_PARTS, MOST_CODES = 48, 120, 20, 30
REPOSITORY = HOME.parents[1]
KEPT = REPOSITORY / "tests" / "connectors" / "carriers"


@app.command("list")
def list_carriers(as_json: AsJson = False) -> None:
    """List every carrier: feed, formats, cadence, and the source of its codes."""
    rows = [
        {
            "feed": one.feed, "name": one.name, "formats": list(one.formats), "expect_every_s": one.expect_every_s,
            "stale_after_s": one.stale_after_s, "source": one.source,
        }
        for one in _carriers()
    ]
    if as_json:
        echo_json(rows)
        return
    table = PlainTable("feed", "carrier", "formats", "cadence", "codes from", title="Carriers")
    for row in rows:
        formats, every = ", ".join(map(str, row["formats"])), str(timedelta(seconds=row["expect_every_s"]))  # type: ignore[call-overload, arg-type]
        table.add_row(str(row["feed"]), str(row["name"]), formats, every, str(row["source"]))
    PlainConsole().print(table)


@app.command("try")
def try_files(
    feed: Feed, path: Files,
    asked: Annotated[str, typer.Option(help="The number asked for, of answers that name none.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print the canonical events in carrier files, and why the rest is refused.

    Exit 1 if there is neither an event nor a partner's acknowledgement.
    """
    tried = [*_tried(feed, _files(path), asked)]
    if as_json:
        echo_json([_plain(one) for one in tried])
    else:
        console = PlainConsole()
        for one in tried:
            _show(one, console)
    if not any(one.events or one.acknowledgements for one in tried):
        raise typer.Exit(1)


@app.command("new")
def new_carrier(
    feed: Annotated[str, typer.Argument(help="Its feed: a short lower-case name.", show_default=False)],
    sample: Annotated[Path, typer.Option(exists=True, dir_okay=False, help="A payload the carrier has sent.")],
    name: Annotated[str, typer.Option(help="The carrier's name, for people.")] = "",
    write: Annotated[bool, typer.Option("--write", help="Write the folder; else only show the draft.")] = False,
) -> None:
    """Draft a carrier.yaml from one sample payload, and show the events it finds."""
    if not NAME.fullmatch(feed):
        raise typer.BadParameter(f"{feed!r}: use lower case letters, digits and _", param_hint="FEED")
    folder = _home() / feed
    if folder.exists():
        raise typer.BadParameter(
            f"{folder} is there already; try `shipsync carrier try {feed} {sample}`", param_hint="FEED"
        )
    try:
        text = draft(feed, name or feed.capitalize(), sample.read_bytes(), f"drafted from {sample.name}")
    except Reject as reject:
        raise typer.BadParameter(f"{one_line(f'{sample}: {reject.detail}')}", param_hint="--sample") from reject
    if not write:
        echo_text(text)
        echo(f"# Nothing was written; add --write to make {folder / FILE}.", err=True)
        return
    folder.mkdir(parents=True)
    (folder / FILE).write_text(text, "utf-8")
    echo(f"{folder / FILE} is written; {text.count('look:')} lines in it are marked `look:`.")
    tried = read_file(_carrier(feed), sample, configuration.load())
    _show(tried, PlainConsole())
    echo(f"Next: fill in what is marked, then `shipsync carrier check {feed} FOLDER` on all your samples.")


@app.command("check")
def check_files(
    feed: Feed,
    path: Annotated[Path | None, typer.Argument(
        help="A file, or a folder whose files are read; without one, the cases kept of it.", show_default=False,
    )] = None,
    against: Annotated[Path | None, typer.Option(help="Earlier files, to show new and missing fields.")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a mapping: how much of the published codes it knows, unknown codes, refused files, drift.

    Exit 1 if there is anything to look at.
    """
    files = _cases(feed) if path is None else _files(path)
    found = examine(_tried(feed, files), [] if against is None else [*_tried(feed, _files(against))])
    found.published = list(_carrier(feed).published)
    if as_json:
        echo_json({**msgspec.to_builtins(found), "faults": found.faults})
    else:
        _report(found, PlainConsole())
    if found.faults:
        raise typer.Exit(1)


def _tried(feed: str, files: Sequence[Path], asked: str = "") -> Iterator[Tried]:
    carrier = _carrier(feed)
    settings = configuration.load()
    quiet = not PlainConsole(stderr=True).is_terminal
    for file in track(files, "reading", transient=True, console=PlainConsole(stderr=True), disable=quiet):
        yield read_file(carrier, file, settings, asked)


def _home() -> Path:
    """Where a new carrier's folder belongs. Raises Fatal where it would lie inside an installed program."""
    own = configuration.load().intake.carriers_dir
    if own is None and not (REPOSITORY / "setup.cfg").exists():
        raise Fatal("set SHIPSYNC_CARRIERS_DIR to the folder of your own carriers; a new one belongs there")
    return own or HOME


def _carriers() -> list[Carrier]:
    return discover(own=configuration.load().intake.carriers_dir)


def _carrier(feed: str) -> Carrier:
    known = {one.feed: one for one in _carriers()}
    known_feed(feed, sorted(known))
    return known[feed]


def _cases(feed: str) -> list[Path]:
    """The payloads kept as the carrier's cases: beside an own carrier, or in a clone of the repository."""
    name, own = _carrier(feed).feed, configuration.load().intake.carriers_dir
    for home in (KEPT,) if own is None else (own, KEPT):
        files = sorted((home / name / CASES).glob("*.in.*"))
        if files:
            return files
    raise typer.BadParameter(f"{feed} has no cases; name a file or a folder", param_hint="PATH")


def _files(path: Path) -> list[Path]:
    if not path.exists():
        raise typer.BadParameter(f"{path} does not exist", param_hint="PATH")
    files = files_in(path)
    if not files:
        raise typer.BadParameter(f"{path} holds no files", param_hint="PATH")
    return files


def _plain(tried: Tried) -> dict[str, Any]:
    return {
        "file": str(tried.file),
        "events": [humane(named(event)) for event in tried.events],
        "rejects": [
            {"reason": one.reason.value, "detail": one.detail, "path": one.path} for one in tried.rejects
        ],
        "errors": [named(one) for one in tried.errors],
        "acknowledgements": [humane(named(one)) for one in tried.acknowledgements],
    }


def _show(tried: Tried, console: PlainConsole) -> None:
    numbers = dict.fromkeys(f"{event.carrier}:{event.tracking_number or '?'}" for event in tried.events)
    console.print(Text(one_line(str(tried.file)), "bold").append(one_line(f"  {', '.join(numbers)}"), "not bold"))
    if console.width < WIDE:
        _show_lines(tried.events, console)
    elif tried.events:
        console.print(_event_table(tried.events))
    for one in tried.acknowledgements:
        messages = ", ".join(f"{each.kind} {each.control} {each.verdict.value}".strip() for each in one.messages)
        console.print(f"  the partner acknowledges: {one.verdict.value}{f' ({messages})' if messages else ''}")
    for reject in tried.rejects:
        console.print(f"  refused, {cut(str(reject), DETAIL)}", style="red")
    for error in tried.errors:
        about = f" about {error.tracking_number}" if error.tracking_number else ""
        words = cut(error.detail, DETAIL)
        console.print(f"  the carrier says{about}: {error.kind.value}: {words}", style="yellow")


def _event_table(events: Sequence[CarrierEvent]) -> PlainTable:
    table = PlainTable(
        Column("when", no_wrap=True), Column("milestone", no_wrap=True), "trouble", "where", "code",
        "the carrier's words",
    )
    for event in events:
        table.add_row(
            _when(event), event.milestone.value, _trouble(event), _where(event.location),
            event.carrier_code, cut(event.carrier_text, TEXT),
        )
    return table


def _show_lines(events: Sequence[CarrierEvent], console: PlainConsole) -> None:
    """The events for a narrow terminal: two lines each, and a third for what is wrong."""
    for event in events:
        console.print(f"{_when(event):<27} {event.milestone.value}")
        words = [_where(event.location), event.carrier_code, cut(event.carrier_text, TEXT)]
        for line in (" · ".join(filter(None, words)), _trouble(event)):
            if line:
                console.print(Padding(Text(one_line(line)), (0, 0, 0, 4)))


def _when(event: CarrierEvent) -> str:
    """The place's own time, with its offset where the carrier gave one and ``?`` where it was assumed."""
    offset = event.utc_offset_minutes or 0
    try:
        local = datetime.fromtimestamp(event.occurred_at / 1000, UTC) + timedelta(minutes=offset)
    except (ValueError, OverflowError, OSError) as error:
        raise Fatal(f"no calendar has the time {event.occurred_at} ms of {event.event_id}") from error
    if event.precision is Precision.DATE_ONLY:
        return f"{local:%Y-%m-%d}"
    sign, minutes = "-" if offset < 0 else "+", abs(offset)
    zone = "" if event.utc_offset_minutes is None else f" {sign}{minutes // 60:02}:{minutes % 60:02}"
    return f"{local:%Y-%m-%d %H:%M:%S}{zone}{'?' if event.zone_assumed else ''}"


def _trouble(event: CarrierEvent) -> str:
    if event.exception is ExceptionType.NONE:
        return ", ".join(event.flags)
    return ", ".join([f"{event.exception.value} ({event.reason.value})", *event.flags])


def _where(place: Location | None) -> str:
    if place is None:
        return ""
    parts = (place.name, place.city, place.region, place.country)
    return " ".join(part for part in parts if part)


def _report(found: Findings, console: PlainConsole) -> None:
    console.print(f"{found.files} files, {found.events} events, {found.carrier_errors} carrier errors")
    if found.unmapped:
        table = PlainTable("code", "the carrier's words", "times", "for instance in", title="Unknown codes")
        for one in found.unmapped:
            table.add_row(one.code, cut(one.text, TEXT), str(one.times), one.file)
        console.print(table)
    if found.refused:
        table = PlainTable(Column("file", overflow="fold"), Column("reason", no_wrap=True), "detail", title="Refused")
        for file, reason, detail in found.refused:
            table.add_row(file, reason, cut(detail, DETAIL))
        console.print(table)
    if found.never_filled:
        console.print(f"Never filled: {', '.join(found.never_filled)}")
    for published in found.published:
        _report_published(published, console)
    _report_drift(found.drift, console)
    console.print("Every code is known, every file was read." if not found.faults else f"{found.faults} to look at.")


def _report_published(published: PublishedList, console: PlainConsole) -> None:
    share = f"{published.mapped} of {published.codes} published codes of {published.table} are mapped"
    by_type = f", {published.by_type} of them only by their type" if published.by_type else ""
    console.print(f"{share} ({published.mapped * 100 // published.codes} %){by_type}.")
    if published.missing:
        shown = ", ".join(published.missing[:MOST_CODES])
        more = len(published.missing) - MOST_CODES
        console.print(f"  not mapped: {shown}{f' and {more} more; --json shows all' if more > 0 else ''}")


def _report_drift(drift: Drift, console: PlainConsole) -> None:
    if drift.breaches:
        table = PlainTable("field", "reason", "times", "for instance in", title="Breaks what the mapping relies on")
        for one in drift.breaches:
            table.add_row(one.path, one.reason, str(one.times), one.file)
        console.print(table)
    for title, parts in (
        ("Of more than one kind", drift.two_kinds), ("New since the earlier files", drift.new),
        ("Gone since the earlier files", drift.gone),
    ):
        if parts:
            console.print(f"{title}:")
            for part in parts[:MOST_PARTS]:
                console.print(f"  {part}")
            if len(parts) > MOST_PARTS:
                console.print(f"  and {len(parts) - MOST_PARTS} more; --json shows all")
    if drift.compared and not (drift.new or drift.gone):
        console.print("Same fields as the earlier files.")
