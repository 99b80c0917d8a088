"""Shows the events, summaries, findings and drafts of ``shipsync carrier``: in lines on a narrow terminal, in tables on
a wide one, and whole where the output is piped."""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from rich.padding import Padding
from rich.table import Column
from rich.text import Text

from connectors.drafting.codes import DraftedCode
from connectors.drafting.draft import Draft
from connectors.mapping.declared.published_codes import PublishedList
from streams.contracts.model import CarrierEvent, Location
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import ExceptionType, Precision
from topologies.operations.dry_run import Drift, Findings, Tried
from topologies.operations.mapping_summary import Summary
from topologies.operations.terminal import PlainConsole, PlainTable, cut, one_line

WIDE = 110
"""Columns from which on there are tables."""
PIPED = 400
"""Columns where nobody looks: each row in one line, nothing cut that a line can hold."""
DETAIL, MOST_PARTS, MOST_CODES = 240, 20, 30
MOST_SHOWN = 6
"""Milestones, reasons and codes that the summary names."""


def console(stderr: bool = False) -> PlainConsole:
    """A console as wide as its terminal, or as ``COLUMNS`` says; wide enough for whole rows where it is piped."""
    made = PlainConsole(stderr=stderr)
    if not made.is_terminal and "COLUMNS" not in os.environ:
        made.width = PIPED
    return made


def show_tried(tried: Tried, out: PlainConsole) -> None:
    """Show what became of one file."""
    numbers = dict.fromkeys(f"{event.carrier}:{event.tracking_number or '?'}" for event in tried.events)
    out.print(Text(one_line(str(tried.file)), "bold").append(one_line(f"  {', '.join(numbers)}"), "not bold"))
    if out.width < WIDE:
        _show_lines(tried.events, out)
    elif tried.events:
        out.print(_event_table(tried.events))
    for one in tried.acknowledgements:
        messages = ", ".join(f"{each.kind} {each.control} {each.verdict.value}".strip() for each in one.messages)
        out.print(f"  the partner acknowledges: {one.verdict.value}{f' ({messages})' if messages else ''}")
    for reject in tried.rejects:
        out.print(f"  refused, {cut(str(reject), DETAIL)}", style="red")
    for error in tried.errors:
        about = f" about {error.tracking_number}" if error.tracking_number else ""
        words = cut(error.detail, DETAIL)
        out.print(f"  the carrier says{about}: {error.kind.value}: {words}", style="yellow")


def _event_table(events: Sequence[CarrierEvent]) -> PlainTable:
    table = PlainTable(
        Column("when", no_wrap=True), Column("milestone", no_wrap=True), "trouble", "where", "code",
        "the carrier's words",
    )
    for event in events:
        table.add_row(
            _when(event), event.milestone.value, _trouble(event), _where(event.location),
            event.carrier_code, cut(event.carrier_text, DETAIL),
        )
    return table


def _show_lines(events: Sequence[CarrierEvent], out: PlainConsole) -> None:
    """The events for a narrow terminal: two lines each, and a third for what is wrong."""
    for event in events:
        words = [_where(event.location), event.carrier_code, cut(event.carrier_text, DETAIL)]
        _entry(f"{_when(event):<27} {event.milestone.value}", (" · ".join(filter(None, words)), _trouble(event)), out)


def _entry(head: str, below: Iterable[str], out: PlainConsole) -> None:
    """An entry of a list on a narrow terminal: its head, and indented what belongs to it."""
    out.print(head)
    for line in below:
        if line:
            out.print(Padding(Text(one_line(line)), (0, 0, 0, 4)))


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


def show_summary(found: Summary, out: PlainConsole) -> None:
    """Show how many events were mapped, doubtful and unmapped, and what was refused."""
    rows = _summary_rows(found)
    if out.width < WIDE:
        out.print(f"{_files(found.files)}:")
        for what, times, which in rows:
            out.print(Padding(Text(one_line(f"{what:<10}{times:>5}  {which}")), (0, 0, 0, 2)))
        return
    table = PlainTable("", Column("events", justify="right"), "which", title=_files(found.files))
    for what, times, which in rows:
        table.add_row(what, str(times), which)
    out.print(table)


def _summary_rows(found: Summary) -> list[tuple[str, int, str]]:
    rows = [
        ("mapped", sum(found.mapped.values()), _counted(found.mapped)),
        ("doubtful", found.doubtful_events, _counted(found.doubtful)),
        ("unmapped", sum(found.unmapped.values()), _counted(found.unmapped)),
        ("refused", sum(found.refused.values()), _counted(found.refused)),
    ]
    if found.carrier_errors:
        rows.append(("errors", found.carrier_errors, "the carrier says it has nothing to tell"))
    if found.acknowledged:
        rows.append(("answered", found.acknowledged, "sets and messages that the partner acknowledges"))
    return rows


def _counted(counts: dict[str, int]) -> str:
    shown = [f"{cut(name, 60)} {times}" for name, times in list(counts.items())[:MOST_SHOWN]]
    return ", ".join(shown) + (f" and {len(counts) - MOST_SHOWN} more" if len(counts) > MOST_SHOWN else "")


def _files(count: int) -> str:
    return f"What became of {count} file{'' if count == 1 else 's'}"


def show_draft(made: Draft, found: Summary, out: PlainConsole) -> None:
    """Show what was drafted of which field, its codes, and what that makes of the samples."""
    rows = [(one.name, one.says or "-", one.example or one.why) for one in made.fields]
    if out.width < WIDE:
        out.print("Drafted:")
        for name, says, example in rows:
            _entry(f"  {name}: {says}", (example,), out)
    else:
        table = PlainTable("field", "drafted as", "for instance", title="Drafted")
        for row in rows:
            table.add_row(*(cut(cell, DETAIL) for cell in row))
        out.print(table)
    mapped = [one for one in made.codes if one.milestone is not None]
    doubtful = [one for one in mapped if one.is_doubtful]
    unmapped = [one for one in made.codes if one.milestone is None]
    out.print(
        f"{len(made.codes)} codes in the samples: {len(mapped)} drafted, {len(doubtful)} of them doubtful "
        f"deliveries; {len(unmapped)} left to you{_named(unmapped)}"
    )
    if made.unread:
        out.print(f"Without a scan: {', '.join(made.unread[:MOST_PARTS])}")
    show_summary(found, out)


def _named(codes: Sequence[DraftedCode]) -> str:
    shown = ", ".join(cut(one.code or " ".join(one.words[:1]), 40) for one in codes[:MOST_SHOWN])
    return f": {shown}{' …' if len(codes) > MOST_SHOWN else ''}" if shown else ""


def show_findings(found: Findings, out: PlainConsole) -> None:
    """Show what a check found."""
    out.print(f"{found.files} files, {found.events} events, {found.carrier_errors} carrier errors")
    _rows("Guesses not settled", ("line", "guess", "why"), [
        (str(one.line), cut(one.text, DETAIL), cut(one.why, DETAIL)) for one in found.guesses
    ], out)
    _rows("Unknown codes", ("code", "the carrier's words", "times", "for instance in"), [
        (one.code, cut(one.text, DETAIL), str(one.times), one.file) for one in found.unmapped
    ], out)
    _rows("Refused", ("file", "reason", "detail"), [
        (file, reason, cut(detail, DETAIL)) for file, reason, detail in found.refused
    ], out)
    _rows("Traps: look whether it is so", ("trap", "says", "times", "for instance in"), [
        (one.kind, one.says, str(one.times), one.file) for one in found.traps
    ], out)
    if found.never_filled:
        out.print(f"Never filled: {', '.join(found.never_filled)}")
    for published in found.published:
        _show_published(published, out)
    _show_drift(found.drift, out)
    out.print("Every code is known, every file was read." if not found.faults else f"{found.faults} to look at.")


def _rows(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], out: PlainConsole) -> None:
    """Rows as a table; on a narrow terminal as entries, the first cell with the rest below it. None: nothing."""
    if not rows:
        return
    if out.width >= WIDE:
        table = PlainTable(*(Column(head, overflow="fold") for head in heads), title=f"{title} ({len(rows)})")
        for row in rows:
            table.add_row(*row)
        out.print(table)
        return
    out.print(f"{title} ({len(rows)}):")
    for row in rows:
        named = [_times(cell) if head == "times" else cell for head, cell in zip(heads[1:], row[1:], strict=True)]
        _entry(f"  {f'line {row[0]}' if heads[0] == 'line' else row[0]}", (" · ".join(filter(None, named)),), out)


def _times(count: str) -> str:
    return f"{count} time{'' if count == '1' else 's'}"


def _show_published(published: PublishedList, out: PlainConsole) -> None:
    share = f"{published.mapped} of {published.codes} published codes of {published.table} are mapped"
    by_type = f", {published.by_type} of them only by their type" if published.by_type else ""
    out.print(f"{share} ({published.mapped * 100 // published.codes} %){by_type}.")
    if published.missing:
        shown = ", ".join(published.missing[:MOST_CODES])
        more = len(published.missing) - MOST_CODES
        out.print(f"  not mapped: {shown}{f' and {more} more; --json shows all' if more > 0 else ''}")


def _show_drift(drift: Drift, out: PlainConsole) -> None:
    _rows("Breaks what the mapping relies on", ("field", "reason", "times", "for instance in"), [
        (one.path, one.reason, str(one.times), one.file) for one in drift.breaches
    ], out)
    for title, parts in (
        ("Of more than one kind", drift.two_kinds), ("New since the earlier files", drift.new),
        ("Gone since the earlier files", drift.gone),
    ):
        if parts:
            out.print(f"{title}:")
            for part in parts[:MOST_PARTS]:
                out.print(f"  {part}")
            if len(parts) > MOST_PARTS:
                out.print(f"  and {len(parts) - MOST_PARTS} more; --json shows all")
    if drift.compared and not (drift.new or drift.gone):
        out.print("Same fields as the earlier files.")
