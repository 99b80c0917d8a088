"""``shipsync carrier``: list carriers, and try, check and draft mappings on files, without a broker. ``diff`` is in
``carrier_diff.py``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli import carrier_diff, current
from topologies.cli.feed import known_feed
from topologies.cli.tables import KEY, Column, Table
from topologies.operations.record_view import humane, named
from topologies.operations.terminal import PlainConsole, echo, echo_json, echo_text, one_line
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from connectors.carriers import Carrier
    from connectors.drafting.draft import Draft
    from topologies.operations.dry_run import Tried

app = typer.Typer(
    help="List carriers; try, check and draft mappings on files, without a broker; re-map what was published.",
    no_args_is_help=True,
)
app.command("diff")(carrier_diff.command)
Feed = Annotated[str, typer.Argument(help="The carrier's feed.", show_default=False)]
Files = Annotated[Path, typer.Argument(help="A file, or a folder whose files are read.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
REPOSITORY = Path(__file__).parents[2]
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
    table = Table(
        Column("feed", KEY), Column("carrier"), Column("formats", 2), Column("cadence", 3), Column("codes from", 4)
    )
    for row in rows:
        formats, every = ", ".join(map(str, row["formats"])), str(timedelta(seconds=row["expect_every_s"]))  # type: ignore[call-overload, arg-type]
        table.add(str(row["feed"]), str(row["name"]), formats, every, str(row["source"]))
    table.show()


@app.command("try")
def try_files(
    feed: Feed, path: Files,
    asked: Annotated[str, typer.Option(help="The number asked for, of answers that name none.")] = "",
    as_json: AsJson = False,
) -> None:
    """Print the canonical events in carrier files, and why the rest is refused.

    Exit 1 if there is neither an event nor a partner's acknowledgement.
    """
    from topologies.cli.carrier_view import show_summary, show_tried
    from topologies.operations.mapping_summary import summary_of

    tried = [*_tried(_carrier(feed), _files(path), asked)]
    if as_json:
        echo_json([_plain(one) for one in tried])
    else:
        out = PlainConsole()
        for one in tried:
            show_tried(one, out)
        show_summary(summary_of(tried), out)
    if not any(one.events or one.acknowledgements for one in tried):
        raise typer.Exit(ExitCode.FAILURE)


@app.command("new")
def new_carrier(
    feed: Annotated[str, typer.Argument(help="Its feed: a short lower-case name.", show_default=False)],
    sample: Annotated[list[Path], typer.Option(
        exists=True, help="Payloads the carrier has sent: a file or a folder, and again for more.",
    )],
    name: Annotated[str, typer.Option(help="The carrier's name, for people.")] = "",
    asked: Annotated[str, typer.Option(help="The number asked for, of answers that name none.")] = "",
    write: Annotated[bool, typer.Option("--write", help="Write the folder; else only show the draft.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draft a carrier.yaml from sample payloads, and show what it makes of them.

    Every guess in it is marked; `shipsync carrier check` counts those that are left.
    """
    from connectors.carriers.layout import NAME
    from connectors.drafting.sample import Sample, draft
    from connectors.mapping.loading import FILE
    from streams.kernel.errors import Reject
    from topologies.cli.carrier_view import show_draft, show_tried
    from topologies.operations.mapping_summary import summary_of

    if not NAME.fullmatch(feed):
        raise typer.BadParameter(f"{feed!r}: use lower case letters, digits and _", param_hint="FEED")
    folder, files = _home() / feed, [file for path in sample for file in _files(path)]
    if folder.exists():
        raise typer.BadParameter(
            f"{folder} is there already; try `shipsync carrier try {feed} {sample[0]}`", param_hint="FEED"
        )
    source = f"drafted from {files[0].name}" + (f" and {len(files) - 1} more" if files[1:] else "")
    try:
        made = draft(feed, name or feed.capitalize(), [Sample(one.name, one.read_bytes()) for one in files], source)
    except Reject as reject:
        raise typer.BadParameter(one_line(reject.detail), param_hint="--sample") from reject
    tried = _tried_draft(feed, made, files, asked)
    if write:
        folder.mkdir(parents=True)
        (folder / FILE).write_text(made.text, "utf-8")
    if as_json:
        echo_json(_plain_draft(made, tried, folder / FILE if write else None))
        return
    if not write:
        echo_text(made.text)
        show_draft(made, summary_of(tried), PlainConsole(stderr=True))
        echo(f"# Nothing was written; add --write to make {folder / FILE}.", err=True)
        return
    out = PlainConsole()
    for one in tried:
        show_tried(one, out)
    show_draft(made, summary_of(tried), out)
    echo(f"{folder / FILE} is written; {made.guesses} guesses in it are marked `guess:`.")
    echo(f"Next: settle each and delete its mark, then `shipsync carrier check {feed} FOLDER` on all your samples.")


@app.command("check")
def check_files(
    feed: Feed,
    path: Annotated[Path | None, typer.Argument(
        help="A file, or a folder whose files are read; without one, the cases kept of it.", show_default=False,
    )] = None,
    against: Annotated[Path | None, typer.Option(help="Earlier files, to show new and missing fields.")] = None,
    asked: Annotated[str, typer.Option(help="The number asked for, of answers that name none.")] = "",
    as_json: AsJson = False,
) -> None:
    """Check a mapping: published codes, unknown codes, guesses not settled, refused files, traps, drift.

    Exit 1 if there is anything to look at; a trap alone is none, nor is what a kept case is to show by its .out.json.
    """
    import msgspec

    from topologies.cli.carrier_view import show_findings
    from topologies.operations.dry_run import examine, guesses_left
    from topologies.operations.kept_cases import recorded

    carrier = _carrier(feed)
    files = _cases(carrier) if path is None else _files(path)
    before = [] if against is None else [*_tried(carrier, _files(against))]
    wanted = recorded(files) if path is None else None
    found = examine(_tried(carrier, files, asked), before, carrier.zone, wanted)
    found.published, found.guesses = list(carrier.published), guesses_left(carrier)
    if as_json:
        echo_json({**msgspec.to_builtins(found), "faults": found.faults})
    else:
        show_findings(found, PlainConsole())
    if found.faults:
        raise typer.Exit(ExitCode.FAILURE)


def _tried(carrier: Carrier, files: Sequence[Path], asked: str = "") -> Iterator[Tried]:
    from rich.progress import track

    from topologies.operations.dry_run import read_file
    from topologies.operations.kept_cases import asked_for

    settings = current.settings()
    quiet = not PlainConsole(stderr=True).is_terminal
    for file in track(files, "reading", transient=True, console=PlainConsole(stderr=True), disable=quiet):
        yield read_file(carrier, file, settings, asked or asked_for(file))


def _tried_draft(feed: str, made: Draft, files: Sequence[Path], asked: str) -> list[Tried]:
    """Tries the draft on its samples, in a temporary folder, before it is written anywhere."""
    from connectors.carriers import discover
    from connectors.mapping.loading import FILE

    with TemporaryDirectory() as home:
        folder = Path(home) / feed
        folder.mkdir()
        (folder / FILE).write_text(made.text, "utf-8")
        [carrier] = discover(Path(home))
        return [*_tried(carrier, files, asked)]


def _plain_draft(made: Draft, tried: Sequence[Tried], written: Path | None) -> dict[str, Any]:
    import msgspec

    from topologies.operations.mapping_summary import summary_of

    return {
        "written": None if written is None else str(written),
        "carrier_yaml": made.text, "guesses": made.guesses,
        "fields": [{"name": one.name, "says": one.says, "example": one.example, "why": one.why} for one in made.fields],
        "codes": [
            {
                "code": one.code, "words": one.words, "times": one.times, "why": one.why,
                "milestone": None if one.milestone is None else one.milestone.value, "doubtful": one.is_doubtful,
            }
            for one in made.codes
        ],
        "without_scans": made.unread, "summary": msgspec.to_builtins(summary_of(tried)),
    }


def _home() -> Path:
    """Returns the folder a new carrier's folder belongs in. Raises Fatal where it would lie inside an installed
    program."""
    from connectors.carriers import HOME
    from streams.kernel.errors import Fatal

    own = current.settings().intake.carriers_dir
    if own is None and not (REPOSITORY / "setup.cfg").exists():
        raise Fatal("set SHIPSYNC_CARRIERS_DIR to the folder of your own carriers; a new one belongs there")
    return own or HOME


def _carriers() -> list[Carrier]:
    from connectors.carriers import discover

    return discover(own=current.settings().intake.carriers_dir)


def _carrier(feed: str) -> Carrier:
    known = {one.feed: one for one in _carriers()}
    known_feed(feed, sorted(known))
    return known[feed]


def _cases(carrier: Carrier) -> list[Path]:
    """The payloads kept as the carrier's cases: beside an own carrier, or in a clone of the repository."""
    from connectors.carriers.layout import CASES

    name, own = carrier.feed, current.settings().intake.carriers_dir
    for home in (KEPT,) if own is None else (own, KEPT):
        files = sorted((home / name / CASES).glob("*.in.*"))
        if files:
            return files
    raise typer.BadParameter(f"{name} has no cases; name a file or a folder", param_hint="PATH")


def _files(path: Path) -> list[Path]:
    from topologies.operations.file_publisher import files_in

    if not path.exists():
        raise typer.BadParameter(f"{path} does not exist", param_hint="PATH")
    files = files_in(path)
    if not files:
        raise typer.BadParameter(f"{path} holds no files", param_hint="PATH")
    return files


def _plain(tried: Tried) -> dict[str, Any]:
    import msgspec

    from topologies.operations.mapping_summary import summary_of

    return {
        "file": str(tried.file),
        "events": [humane(named(event)) for event in tried.events],
        "rejects": [
            {"reason": one.reason.value, "detail": one.detail, "path": one.path} for one in tried.rejects
        ],
        "errors": [named(one) for one in tried.errors],
        "acknowledgements": [humane(named(one)) for one in tried.acknowledgements],
        "summary": msgspec.to_builtins(summary_of([tried])),
    }
