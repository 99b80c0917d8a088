"""Renders the demo's summary for a terminal: totals, feeds, and the newest customer updates. Fits 80 by 24 characters.

Pure rendering: a ``Summary`` in, a rich renderable out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from rich.console import Group, RenderableType
from rich.panel import Panel
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from streams.contracts.model import CustomerUpdate
from topologies.demo.reconcile import Totals
from topologies.demo.wording import clock, happening, short

NEWS_LINES = 5


@dataclass(frozen=True, slots=True)
class Summary:
    """The state at one moment. ``elapsed_s`` of ``seconds``; ``phase`` in words."""

    totals: Totals
    news: Sequence[CustomerUpdate]
    elapsed_s: float
    seconds: float
    phase: str


def _ms(value: int | None) -> str:
    if value is None:
        return "-"
    return f"{value:,} ms" if value < 10_000 else f"{value / 1000:,.1f} s"


def _head(summary: Summary) -> RenderableType:
    line = Table.grid(expand=True, padding=(0, 1))
    line.add_column(no_wrap=True)
    line.add_column(ratio=1)
    line.add_column(no_wrap=True, justify="right")
    done = min(summary.elapsed_s, summary.seconds)
    line.add_row(
        Text("ShipSync demo", style="bold cyan"),
        ProgressBar(total=max(summary.seconds, 0.001), completed=done),
        Text(f"{done:.0f}/{summary.seconds:.0f} s  {summary.phase}", style="dim"),
    )
    return line


def _figures() -> Table:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True)
    table.add_column(justify="right", no_wrap=True)
    return table


def _flow(totals: Totals) -> Panel:
    table = _figures()
    table.add_row("raw records in", f"[bold]{totals.raw_records:,}[/]")
    table.add_row("orders in", f"{totals.orders:,}")
    table.add_row("canonical events", f"[bold green]{totals.canonical_events:,}[/]")
    table.add_row("  of them repeats", f"{totals.duplicates:,}")
    table.add_row("shipments matched", f"{totals.matched:,} of {totals.shipments:,}")
    table.add_row("customer updates", f"[bold]{totals.customer_updates:,}[/]")
    table.add_row("ERP postings", f"[bold]{totals.erp_postings:,}[/]")
    table.add_row("open alerts", f"[yellow]{totals.open_alerts:,}[/]")
    table.add_row("latency p50", _ms(totals.latency_p50_ms))
    table.add_row("latency p99", _ms(totals.latency_p99_ms))
    return Panel(table, title="flow", title_align="left", border_style="cyan", height=14)


def _feeds(totals: Totals) -> RenderableType:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True)
    for _ in range(4):
        table.add_column(justify="right", no_wrap=True)
    table.add_row(*(Text(head, style="dim") for head in ("feed", "in", "events", "dead", "new code")))
    for name, feed in totals.feeds.items():
        dead = f"[red]{feed.dead_letters:,}[/]" if feed.dead_letters else "0"
        table.add_row(name, f"{feed.sent:,}", f"{feed.events:,}", dead, f"{feed.unknown:,}")
    return table


def _dead_letters(totals: Totals) -> RenderableType:
    if not totals.dead_letters:
        return Text("no dead letters yet", style="dim")
    ranked = sorted(totals.dead_letters.items(), key=lambda item: -item[1])
    count = sum(totals.dead_letters.values())
    words = Text(f"{count:,} dead letter{'s' if count != 1 else ''}: ", style="red")
    by_reason = ", ".join(f"{reason.replace('_', ' ')} {count}" for reason, count in ranked)
    words.append(by_reason, style="default")
    return words


def _news(updates: Sequence[CustomerUpdate]) -> Panel:
    table = Table.grid(expand=True, padding=(0, 1))
    table.add_column(no_wrap=True, style="dim")
    table.add_column(no_wrap=True, style="cyan", overflow="ellipsis", max_width=24)
    table.add_column(no_wrap=True, ratio=1, overflow="ellipsis")
    for update in updates[-NEWS_LINES:]:
        table.add_row(
            clock(update.occurred_at, update.utc_offset_minutes),
            Text(f"{update.carrier} {short(update.tracking_number)}"),
            Text(happening(update)),
        )
    for _ in range(NEWS_LINES - len(updates)):
        table.add_row("", "", "")
    return Panel(table, title="customer updates", title_align="left", border_style="green")


def view(summary: Summary) -> RenderableType:
    """The summary while the demo runs."""
    middle = Table.grid(expand=True)
    middle.add_column(ratio=2)
    middle.add_column(ratio=3)
    right = Panel(
        Group(_feeds(summary.totals), _dead_letters(summary.totals)),
        title="feeds", title_align="left", border_style="cyan", height=14,
    )
    middle.add_row(_flow(summary.totals), right)
    return Group(_head(summary), middle, _news(summary.news))


def verdict(totals: Totals) -> RenderableType:
    """Whether every message is accounted for; if not, the differences."""
    if totals.explained:
        return Text(
            f"Every message is explained: {totals.raw_records:,} raw records = {totals.raw_with_events:,}"
            f" read into events + {totals.raw_refused:,} dead letters + {totals.raw_carrier_errors:,} carriers' errors"
            f" + {totals.raw_acknowledgements:,} acknowledgements;"
            f" {totals.distinct_events:,} different events, each fanned out once.",
            style="green",
        )
    lines = [Text(f"{len(totals.differences)} kinds of difference:", style="bold red")]
    return Group(*lines, *(Text(f"  - {difference}") for difference in totals.differences))


class Example(NamedTuple):
    """A shipment and an order of this run, by which a command can be tried. ``portal``: URL; empty where none runs.
    ``stage_kill``: whether it has the page to kill a stage; ``scan``: a file with a further scan of UPS's, empty where
    there is none; ``command``: how shipsync is called here."""

    key: str
    order: str
    portal: str
    stage_kill: bool = False
    scan: str = ""
    command: str = "shipsync"


def what_next(example: Example) -> Text:
    """Commands and pages to try on the stack that now has data, one a line; print them unwrapped, to be copied."""
    shipsync = example.command
    lines = [
        (f"{shipsync} show {example.key}", "its status, promise, timeline, postings and alerts"),
        (f"{shipsync} trace {example.order}", "every step of its order across the topics, to the invoice"),
        (f"{shipsync} state inspect {example.key}", "its record, and the raw messages behind it"),
        (f"{shipsync} tail customer.updates", "customer updates, the last ten first"),
        (f"{shipsync} tail dead.letters", "messages that could not be read, with the reason"),
        (f"{shipsync} status", "the state of every process"),
    ]
    if example.scan:
        lines.append((f"{shipsync} feed ups {example.scan}", "a carrier's file: a parcel of this run is delivered"))
    if example.portal:
        pages = [(f"{example.portal}/tower", "the control tower, in a browser")]
        if example.stage_kill:
            pages.append((f"{example.portal}/tower/stack", "kill a stage, and see that nothing is lost"))
        lines = [*pages, (f"{shipsync} link {example.order}", "the customer's tracking page of an order"), *lines]
    width = max(len(command) for command, _ in lines)
    text = Text("Try next:\n", style="bold")
    for command, what in lines:
        text.append(f"  {command:<{width}}", style="not bold").append(f"  # {what}\n", style="dim not bold")
    text.rstrip()
    return text


def plain_line(summary: Summary) -> str:
    """The summary in one line, for logs and pipes."""
    totals = summary.totals
    return (
        f"{summary.elapsed_s:5.0f} s  {summary.phase}: in {totals.raw_records}, canonical"
        f" {totals.canonical_events}, repeats {totals.duplicates}, dead letters"
        f" {sum(totals.dead_letters.values())}, matched {totals.matched}/{totals.shipments}, customer updates"
        f" {totals.customer_updates}, ERP postings {totals.erp_postings}, open alerts {totals.open_alerts},"
        f" p50 {_ms(totals.latency_p50_ms)}, p99 {_ms(totals.latency_p99_ms)}"
    )
