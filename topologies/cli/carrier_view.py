"""Shows the events, summaries, findings and drafts of ``shipsync carrier``: in tables where they fit, else in lines for
each row, and whole where the output is piped."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from rich.text import Text

from connectors.drafting.codes import DraftedCode
from connectors.drafting.draft import Draft
from connectors.mapping.declared.published_codes import PublishedList
from streams.contracts.model import CarrierEvent, Location
from streams.kernel.errors import Fatal
from streams.kernel.vocabulary import ExceptionType, Precision
from topologies.cli.tables import KEY, Column, Table
from topologies.operations.dry_run import Drift, Findings, Tried
from topologies.operations.mapping_summary import Summary
from topologies.operations.terminal import PlainConsole, cut, one_line

DETAIL, MOST_PARTS, MOST_CODES = 240, 20, 30
MOST_SHOWN = 6
"""Milestones, reasons and codes that the summary names."""


def show_tried(tried: Tried, out: PlainConsole) -> None:
    """Show what became of one file."""
    numbers = dict.fromkeys(f"{event.carrier}:{event.tracking_number or '?'}" for event in tried.events)
    out.print(Text(one_line(str(tried.file)), "bold").append(one_line(f"  {', '.join(numbers)}"), "not bold"))
    if tried.events:
        _event_table(tried.events).show(out)
    for one in tried.acknowledgements:
        messages = ", ".join(f"{each.kind} {each.control} {each.verdict.value}".strip() for each in one.messages)
        out.print(f"  the partner acknowledges: {one.verdict.value}{f' ({messages})' if messages else ''}")
    for reject in tried.rejects:
        out.print(f"  refused, {cut(str(reject), DETAIL)}", style="red")
    for error in tried.errors:
        about = f" about {error.tracking_number}" if error.tracking_number else ""
        words = cut(error.detail, DETAIL)
        out.print(f"  the carrier says{about}: {error.kind.value}: {words}", style="yellow")


def _event_table(events: Sequence[CarrierEvent]) -> Table:
    table = Table(
        Column("when", KEY), Column("milestone", KEY), Column("trouble"), Column("where"), Column("code"),
        Column("the carrier's words"), drop=False,
    )
    for event in events:
        table.add(
            _when(event), event.milestone.value, _trouble(event), _where(event.location), event.carrier_code,
            cut(event.carrier_text, DETAIL),
        )
    return table


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
    table = Table(Column("", KEY), Column("events", right=True), Column("which"), title=_files(found.files), drop=False)
    for what, times, which in _summary_rows(found):
        table.add(what, str(times), which)
    table.show(out)


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
    table = Table(Column("field", KEY), Column("drafted as"), Column("for instance"), title="Drafted", drop=False)
    for one in made.fields:
        table.add(one.name, cut(one.says or "-", DETAIL), cut(one.example or one.why, DETAIL))
    table.show(out)
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
    if found.recorded:
        out.print(f"Kept in the cases on purpose, and not counted: {found.recorded} unknown codes and refusals.")
    if found.faults:
        out.print(f"{found.faults} to look at.")
    else:
        out.print("All else is known and was read." if found.recorded else "Every code is known, every file was read.")


def _rows(title: str, heads: tuple[str, ...], rows: Sequence[tuple[str, ...]], out: PlainConsole) -> None:
    """A table with its title, the first column naming a row. None: nothing."""
    if not rows:
        return
    out.print(f"{title} ({len(rows)}):")
    table = Table(*(Column(head, int(place > 0)) for place, head in enumerate(heads)), drop=False)
    for row in rows:
        table.add(*row)
    table.show(out)


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
