"""``shipsync bookings``: which carrier each released delivery has or is offered to, people's decisions about it, and
freight invoices that differ from their bookings."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.kernel.booking_vocabulary import BookingAction, BookingPhase
from topologies.cli import current
from topologies.cli.deciding import AsJson, Delivery, DryRun, Reason, loaded, tell_decided, tell_possible
from topologies.cli.tables import KEY, At, Column, Table
from topologies.operations.command_actor import command_actor
from topologies.operations.terminal import echo, echo_json

if TYPE_CHECKING:
    from streams.contracts.bookings import BookingState, Candidate

app = typer.Typer(
    help="Show which carrier each released delivery has or is offered to; decide about it (docs/bookings.md).",
    no_args_is_help=True, rich_markup_mode="rich",
)
MOST_LINES = 50
Carrier = Annotated[str, typer.Option(help="Ask this carrier first.", show_default=False)]
OfCarrier = Annotated[str, typer.Option(help="Of that carrier, this service.", show_default=False)]


@app.callback()
def group() -> None:
    """Show which carrier each released delivery has or is offered to; decide about it (docs/bookings.md)."""


@app.command("list")
def list_deliveries(
    phase: Annotated[BookingPhase | None, typer.Option("--phase", help="Only those that stand there.")] = None,
    whole: Annotated[bool, typer.Option("--all", help="Those that are booked or cancelled as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List deliveries that have no carrier yet, or one that does not take its cancellation, the most urgent first."""
    from streams.bookings.cancellations import open_in
    from topologies.operations.booking_board import deliveries

    found = deliveries(current.stack_settings(), phase, whole=whole)
    if as_json:
        echo_json([_plain(one) for one in found])
        return
    table = Table(
        Column("delivery", KEY), Column("order", KEY), Column("phase"), Column("carrier"), Column("number", 2),
        Column("owner", 2), Column("deadline"), Column("not cancelled at", 3), Column("customer", 4),
        empty="There is no delivery." if whole else "Every delivery has its carrier.", most=MOST_LINES,
        rest="shipsync bookings list --json",
    )
    for one in found:
        last = one.bookings[-1] if one.bookings else None
        wait = one.wait
        table.add(
            one.delivery_id, one.order_id, one.phase.value, "" if last is None else f"{last.carrier} {last.service}",
            "" if last is None else last.tracking_number, "" if wait is None else wait.owner,
            At(None if wait is None else wait.deadline), ", ".join(item.carrier for item in open_in(one)),
            one.customer_id,
        )
    table.show()


@app.command("show")
def show(delivery: Delivery, as_json: AsJson = False) -> None:
    """Show one delivery: what is packed, its bookings, and why each carrier was asked or not."""
    from streams.bookings.readiness import packed_lines
    from topologies.operations.booking_board import known_of

    found = known_of(current.stack_settings(), delivery)
    if as_json:
        echo_json(_plain(found))
        return
    echo(f"Delivery {found.delivery_id} of order {found.order_id}, customer {found.customer_id}: {found.phase.value}.")
    if found.wait is not None:
        echo(f"{found.wait.owner} sees to it.")
    if found.decision is not None:
        echo(f"{found.decision.by} decided: {found.decision.action.value} ({found.decision.reason}).")
    lines = Table(Column("line", KEY), Column("ordered", right=True), Column("packed", right=True), empty="No lines.")
    for name, ordered, packed in packed_lines(found):
        lines.add(name, f"{ordered:g}", f"{packed:g}")
    lines.show()
    table = Table(
        Column("booking", KEY), Column("carrier"), Column("state"), Column("number"), Column("price", right=True),
        Column("asked", 2), Column("why", 3), Column("said", 3), empty="No carrier was asked.",
    )
    for one in found.bookings:
        table.add(
            one.booking_id, f"{one.carrier} {one.service}", one.status.value, one.tracking_number,
            _price(one.cost, one.currency), At(one.asked_at), one.reason, one.detail,
        )
    table.show()
    _show_cancellations(found)
    if found.candidates:
        _show_candidates(found.candidates)


@app.command("choose")
def choose(delivery: Delivery, as_json: AsJson = False) -> None:
    """Show which carriers would be chosen now, in which order, and why the others not. Nothing is asked."""
    from msgspec import to_builtins

    from topologies.operations.booking_board import choice, known_of

    settings = current.stack_settings()
    found = choice(settings, known_of(settings, delivery), time.time_ns() // 1_000_000)
    if as_json:
        echo_json(to_builtins(found))
        return
    _show_candidates(found)


@app.command("book")
def book(delivery: Delivery, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Book what is packed, though it is less or more than was ordered."""
    _decide(delivery, BookingAction.BOOK, reason, dry_run=dry_run, as_json=as_json)


@app.command("rebook")
def rebook(
    delivery: Delivery, reason: Reason, carrier: Carrier = "", service: OfCarrier = "", dry_run: DryRun = False,
    as_json: AsJson = False,
) -> None:
    """Cancel what is booked, if anything, and ask carriers anew."""
    _decide(delivery, BookingAction.REBOOK, reason, carrier, service, dry_run=dry_run, as_json=as_json)


@app.command("accept")
def accept(delivery: Delivery, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Accept the other terms that a carrier offers."""
    _decide(delivery, BookingAction.ACCEPT, reason, dry_run=dry_run, as_json=as_json)


@app.command("refuse")
def refuse(delivery: Delivery, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Refuse the other terms that a carrier offers; the next is asked."""
    _decide(delivery, BookingAction.REFUSE, reason, dry_run=dry_run, as_json=as_json)


@app.command("cancel")
def cancel(delivery: Delivery, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Cancel what is booked; no carrier is asked any more."""
    _decide(delivery, BookingAction.CANCEL, reason, dry_run=dry_run, as_json=as_json)


@app.command("close")
def close(delivery: Delivery, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Say that carriers which did not take a cancellation were called, and do not come."""
    _decide(delivery, BookingAction.CLOSE, reason, dry_run=dry_run, as_json=as_json)


@app.command("invoices")
def list_invoices(
    whole: Annotated[bool, typer.Option("--all", help="Those that match as well.")] = False, as_json: AsJson = False
) -> None:
    """List freight invoices that differ from their bookings, the latest first."""
    from msgspec import to_builtins

    from topologies.operations.booking_board import invoices

    found = invoices(current.stack_settings(), whole=whole)
    if as_json:
        echo_json([
            {"delivery_id": one.delivery_id, "order_id": one.order_id, **to_builtins(one.match)} for one in found
        ])
        return
    table = Table(
        Column("invoice", KEY), Column("carrier"), Column("delivery", KEY), Column("amount", right=True),
        Column("differs in"), Column("date", 2),
        empty="There is no freight invoice." if whole else "Every freight invoice matches its booking.",
        most=MOST_LINES, rest="shipsync bookings invoices --json",
    )
    for one in found:
        invoice = one.match.invoice
        table.add(
            invoice.invoice_id, invoice.carrier, one.delivery_id, _price(invoice.total, invoice.currency),
            "; ".join(f"{diff.field}: {diff.found}, not {diff.expected}" for diff in one.match.mismatches),
            At(invoice.invoiced_at),
        )
    table.show()


@app.command("check")
def check_file(
    file: Annotated[Path | None, typer.Argument(
        help="A file of rules; the packaged one by default.", show_default=False, metavar="FILE")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a file of booking rules, and show each service. Nothing is started."""
    from connectors.bookings.declared import load

    found = loaded(load, file, as_json=as_json).rules
    rows = [
        (one.carrier, one.service, one.channel.value, one.answer_within_ms // 60_000, len(one.lanes), len(one.costs))
        for one in found.services
    ]
    names = ("carrier", "service", "channel", "minutes", "lanes", "prices")
    if as_json:
        echo_json({"valid": True, "services": [dict(zip(names, row, strict=True)) for row in rows]})
        return
    table = Table(
        Column("carrier", KEY), Column("service", KEY), Column("channel"), Column("answers within, min", right=True),
        Column("lanes", right=True), Column("prices", right=True), empty="No carrier is declared: nothing is booked.",
    )
    for row in rows:
        table.add(*map(str, row))
    table.show()


def _show_cancellations(known: BookingState) -> None:
    table = Table(
        Column("cancelled", KEY), Column("carrier"), Column("state"), Column("told"), Column("times", 2, right=True),
        Column("owner"), Column("deadline", 2), Column("said", 3), empty="",
    )
    for one in known.bookings:
        told = one.cancellation
        if told is not None:
            said = told.detail if told.closed is None else f"{told.closed.by}: {told.closed.reason}"
            table.add(
                one.booking_id, one.carrier, told.status.value, At(told.asked_at), str(told.attempt), told.owner,
                At(told.deadline), said,
            )
    if any(one.cancellation is not None for one in known.bookings):
        table.show()


def _show_candidates(found: list[Candidate]) -> None:
    table = Table(
        Column("carrier", KEY), Column("service", KEY), Column("fits"), Column("price", right=True), Column("why"),
        empty="No carrier is declared, or the delivery is not released.",
    )
    for one in found:
        table.add(one.carrier, one.service, "yes" if one.fits else "no", _price(one.cost, one.currency), one.reason)
    table.show()


def _price(cost: float | None, currency: str) -> str:
    return "" if cost is None else f"{cost:.2f} {currency}".strip()


def _decide(
    delivery: str, action: BookingAction, reason: str, carrier: str = "", service: str = "", *, dry_run: bool,
    as_json: bool,
) -> None:
    from topologies.operations.booking_board import Chosen, check, check_choice, decide, known_of

    settings, now, chosen = current.stack_settings(), time.time_ns() // 1_000_000, Chosen(carrier, service)
    known = known_of(settings, delivery)
    if dry_run:
        check(known, action, reason)
        check_choice(settings, known, chosen, now)
        tell_possible(action.value, delivery, known.phase.value, _plain(known), as_json=as_json)
        return
    decision = decide(settings, known, action, reason, command_actor(settings), now, chosen)
    tell_decided(decision, known.phase.value, as_json=as_json)


def _plain(one: BookingState) -> dict[str, Any]:
    from msgspec import to_builtins

    from streams.bookings.cancellations import actions_for

    told: dict[str, Any] = to_builtins(one)
    return {**told, "possible": [action.value for action in actions_for(one)]}
