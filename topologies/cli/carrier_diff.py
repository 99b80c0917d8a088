"""``shipsync carrier diff``: what an edited mapping would change of what was published, and the corrections.

Exit codes: 0 there is nothing to correct, or all of it was published; 1 there is something to correct, and it was only
shown, refused or held back.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Collection
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from topologies.cli import current
from topologies.cli.feed import known_feed
from topologies.cli.tables import KEY, Column, Table
from topologies.operations.command_actor import command_actor
from topologies.operations.record_view import humane, moment
from topologies.operations.terminal import PlainConsole, cut, echo, echo_json
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from config.settings import Settings
    from connectors.carriers import Carrier
    from topologies.operations.remap import Plan

Row = dict[str, Any]
_SECONDS = {"s": 1, "m": 60, "h": 3_600, "d": 86_400, "w": 7 * 86_400}
_DURATION = re.compile(r"([1-9]\d{0,5})([smhdw])")
MOST_RECORDS, MOST_SHOWN, TEXT = 100_000, 5, 40
LEFT_OUT = {
    "not_taken_in_yet": "intake has not taken them in yet", "older_than_the_events_kept": "their events have expired",
    "poison": "poison: they stopped a worker", "over_the_limit": "more than --limit",
}


def command(
    feed: Annotated[str, typer.Argument(help="The carrier's feed.", show_default=False)],
    since: Annotated[str, typer.Option(
        help="Raw records from then on: a time (2026-11-02T08:00Z) or how long ago (90m, 36h, 7d).", show_default=False,
    )],
    until: Annotated[str, typer.Option(help="Raw records before then; else up to now.", show_default=False)] = "",
    limit: Annotated[int, typer.Option(help="At most so many raw records, the oldest; 0: all.", min=0)] = MOST_RECORDS,
    file: Annotated[Path | None, typer.Option(
        exists=True, dir_okay=False, help="The edited carrier.yaml; else the installation's.", show_default=False,
    )] = None,
    examples: Annotated[int, typer.Option(help="Shipments shown whole.", min=0)] = MOST_SHOWN,
    apply: Annotated[bool, typer.Option("--apply", help="Publish the corrections, after a question.")] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Ask nothing; deliveries are held back without --deliveries.")]
    = False,
    deliveries: Annotated[bool, typer.Option("--deliveries", help="With --yes: also what tells of a delivery.")]
    = False,
    as_json: Annotated[bool, typer.Option("--json", help="As JSON, every shipment; with --apply, give --yes.")] = False,
) -> None:
    """Compare what a mapping makes of a feed's raw records with what was published, and correct it with --apply.

    Exit 1 if there is something to correct that was not published.
    """
    from topologies.operations import remap, remap_reading, remap_report

    if apply and as_json and not yes:
        raise typer.BadParameter("give --yes: there is nobody to ask", param_hint="--json")
    now_ms = time.time_ns() // 1_000_000
    begin = _instant(since, now_ms, "--since")
    end = _instant(until, now_ms, "--until") if until else None
    settings = current.stack_settings()
    carrier = carrier_of(settings, feed, file)
    plan = _with_progress(lambda told: remap.plan(settings, carrier, remap_reading.Asked(begin, end, limit), told))
    row = remap_report.report(plan)
    if not as_json:
        show(row, PlainConsole(), examples)
    events = plan.to_publish(without=_held_back(plan, yes, deliveries)) if apply else []
    agreed = bool(events) and (yes or _asked(plan, events))
    published = remap.publish(settings, feed, events, command_actor(settings), now_ms) if agreed else 0
    if as_json:
        echo_json(humane({**row, "published": published}))
    left = len(plan.to_publish()) - published
    if not as_json:
        _conclude(apply, published, left)
    if left:
        raise typer.Exit(ExitCode.FAILURE)


def carrier_of(settings: Settings, feed: str, edited: Path | None) -> Carrier:
    """The feed's carrier by the edited file, or as the installation has it."""
    from connectors.carriers import discover

    known = {one.feed: one for one in discover(own=settings.intake.carriers_dir, edited=edited)}
    known_feed(feed, sorted(known))
    if edited is not None:
        from connectors.mapping.loading import read_carrier_file

        said = read_carrier_file(edited.parent, edited.name).spec.feed
        if said != feed:
            raise typer.BadParameter(f"{edited} is of the feed {said}, not of {feed}", param_hint="--file")
    return known[feed]


def _instant(text: str, now_ms: int, option: str) -> int:
    """A time or a duration before now, as UTC ms."""
    found = _DURATION.fullmatch(text)
    if found is not None:
        return now_ms - int(found[1]) * _SECONDS[found[2]] * 1000
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise typer.BadParameter(
            f"{text!r}: write a time, such as 2026-11-02T08:00Z, or how long ago: 90m, 36h, 7d", param_hint=option
        ) from None
    return round((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp() * 1000)


def _with_progress(work: Callable[[Callable[[str, int, int], None]], Plan]) -> Plan:
    from rich.progress import Progress

    errors = PlainConsole(stderr=True)
    with Progress(console=errors, transient=True, disable=not errors.is_terminal) as bar:
        task = bar.add_task("reading")
        return work(lambda topic, done, total: bar.update(task, description=topic, completed=done, total=total))


def _held_back(plan: Plan, yes: bool, deliveries: bool) -> set[str]:
    """Shipments that are not corrected because a delivery would be told of them and nobody agreed."""
    tell = plan.with_deliveries - plan.archived
    if not tell or (yes and deliveries):
        return set()
    if not yes:
        count = len(plan.deliveries)
        question = f"A delivery would be told of {count} shipment{'s' if count > 1 else ''}. Publish that, too?"
        return set() if typer.confirm(question, err=True) else tell
    echo("Deliveries are held back: look at them, then add --deliveries.", err=True)
    return tell


def _asked(plan: Plan, events: list[Any]) -> bool:
    shipments = {(one.carrier, one.tracking_number) for one in events}
    return typer.confirm(
        f"Publish {len(events)} corrections of {len(shipments)} shipments of {plan.feed}?", err=True
    )


def _conclude(apply: bool, published: int, left: int) -> None:
    if published:
        echo(f"{published} corrections are published; {left} are not." if left else
             f"{published} corrections are published.")
    elif not left:
        echo("There is nothing to correct.")
    elif not apply:
        echo("Nothing is published yet: add --apply.")
    else:
        echo(f"Nothing was published; {left} corrections are left.")


def show(row: Row, console: PlainConsole, examples: int) -> None:
    """The deliveries that would be told, the totals, and some shipments whole."""
    _show_deliveries(row, console)
    _totals(row).show()
    for one in row["refusals"]:
        console.print(f"refused now: {one['raw']}: {cut(one['why'], 2 * TEXT)}", style="red")
    for one in row["held"][:examples]:
        console.print(
            f"left as it is: {one['shipment']} {_told(one)}: {one['why']}",
            style="yellow",
        )
    for shipment in row["shipments"][:examples]:
        _show_shipment(shipment, console)
    more = len(row["shipments"]) - examples
    if more > 0:
        console.print(f"and {more:,} more; --json shows all")


def _show_deliveries(row: Row, console: PlainConsole) -> None:
    if row["adds_delivery"]:
        console.print(
            f"DELIVERIES: {_shipments(row['adds_delivery'])} would be told as delivered, and not so far.",
            style="bold red",
        )
        console.print(f"  {cut(', '.join(row['adds_delivery'][:10]), 400)}")
        console.print("  A false one is posted and invoiced: look at each, below or with --json.")
    if row["takes_delivery_back"]:
        console.print(f"{_shipments(row['takes_delivery_back'])} would be delivered no more.", style="yellow")


def _shipments(keys: Collection[str]) -> str:
    return "1 shipment" if len(keys) == 1 else f"{len(keys):,} shipments"


def _totals(row: Row) -> Table:
    table = Table(
        Column("what", KEY), Column("how many", right=True), Column("of them"),
        title=f"{row['feed']}: raw records since {_when(row['since'])} (UTC)",
    )
    records, corrections = row["records"], row["corrections"]
    readable = row["dead_letters_readable_now"]
    refused = ", ".join(f"{name} {count}" for name, count in row["refused_now"].items())
    table.add("raw records", f"{sum(records.values()):,}", "")
    table.add("  unchanged", f"{records['unchanged']:,}", "")
    table.add("  only worded otherwise", f"{records['words']:,}", "not corrected")
    table.add("  events changed", f"{records['changed']:,}", _counts(row["fields"]))
    table.add("  events added", f"{records['added']:,}", f"former dead letters {readable}" if readable else "")
    table.add("  events gone", f"{records['gone']:,}", f"refused now: {refused}" if refused else "")
    for name, count in row["left_out"].items():
        table.add("left out", f"{count:,}", LEFT_OUT.get(name, name))
    if row["without_a_number"]:
        table.add("without a number", f"{row['without_a_number']:,}", "raw records; not corrected")
    table.add("corrections", f"{sum(corrections.values()):,}", _counts(corrections))
    statuses = {f"{one['from']} → {one['to']}": one["shipments"] for one in row["statuses"]}
    table.add("statuses changed", f"{sum(statuses.values()):,}", _counts(statuses))
    updates = row["customer_updates"]
    table.add("customer updates", f"{sum(updates.values()):,}", _counts(updates))
    postings = {
        (kind if done == "posted" else f"{kind} reversed"): count
        for kind, counts in row["postings"].items() for done, count in counts.items()
    }
    table.add("ERP postings", f"{sum(postings.values()):,}", _counts(postings))
    if row["archived"]:
        table.add("archived shipments", f"{len(row['archived']):,}", "not corrected any more")
    if row["held"]:
        table.add("left as they are", f"{len(row['held']):,}", "")
    return table


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count:,}" for name, count in counts.items() if count)


def _show_shipment(row: Row, console: PlainConsole) -> None:
    status = row["before"] if row["before"] == row["after"] else f"{row['before']} → {row['after']}"
    notes = [status, *(["DELIVERY"] if row["adds_delivery"] else []), *(["archived"] if row["archived"] else [])]
    notes += [f"by {one}" for one in row["because_of"]]
    console.print(f"{row['shipment']}: {', '.join(notes)}", style="bold red" if row["adds_delivery"] else "bold")
    for one in row["events"]:
        before, after = one["before"], one["after"]
        console.print(f"  {one['correction']:<9}{_change(before, after)}")
        beside = [one["raw"], *([f"dead letter: {one['dead_letter']}"] if one["dead_letter"] else []), *one["fields"]]
        console.print(f"           {', '.join(beside)}")
        said = after or before or {"carrier_code": "", "carrier_text": ""}
        console.print(f"           {said['carrier_code']}  {cut(said['carrier_text'], TEXT)}")
    for one in row["customer_updates"]:
        console.print(f"  {one['correction']:<9}{one['customer']} ({one['order']}) hears: {_told(one)}")
    for one in row["postings"]:
        done = "reversed" if one["reverses"] else "posted"
        console.print(f"  {done:<9}ERP delivery {one['delivery']}: {one['kind']}")
    for why in row["refused"]:
        console.print(f"  refused  {why}", style="red")


def _change(before: Row | None, after: Row | None) -> str:
    if before is None or after is None:
        return _told(after or before or {}) + (" is gone" if after is None else "")
    if before["occurred_at"] == after["occurred_at"]:
        return f"{_what(before)} → {_told(after)}"
    return f"{_told(before)} → {_told(after)}"


def _told(one: Row) -> str:
    return f"{_what(one)} {_when(one['occurred_at'])}" if one else ""


def _what(one: Row) -> str:
    planned = "" if one.get("classifier", "actual") == "actual" else f" {one['classifier']}"
    return f"{one['milestone']}{planned}" + ("" if one["exception"] == "none" else f" ({one['exception']})")


def _when(at_ms: int) -> str:
    text = moment(at_ms)
    return f"{text[:10]} {text[11:16]}" if text.endswith("Z") else text
