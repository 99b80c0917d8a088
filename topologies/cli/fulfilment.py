"""``shipsync fulfilment``: where ERP deliveries stand, what they wait for, and people's decisions about them."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.kernel.fulfilment_vocabulary import FulfilmentAction, WaitKind
from topologies.cli import current
from topologies.cli.deciding import AsJson, Delivery, DryRun, Reason, loaded, tell_decided, tell_possible
from topologies.cli.tables import KEY, At, Column, Table, iso
from topologies.operations.command_actor import command_actor
from topologies.operations.terminal import echo, echo_json

if TYPE_CHECKING:
    from streams.contracts.model import FulfilmentState

app = typer.Typer(
    help="Show where ERP deliveries stand and what they wait for; decide about them (docs/fulfilment.md).",
    no_args_is_help=True, rich_markup_mode="rich",
)
MOST_LINES = 50


@app.callback()
def group() -> None:
    """Show where ERP deliveries stand and what they wait for; decide about them (docs/fulfilment.md)."""


@app.command("list")
def list_deliveries(
    waits_for: Annotated[WaitKind | None, typer.Option("--for", help="Only those that wait for this.")] = None,
    whole: Annotated[bool, typer.Option("--all", help="Those that wait for nothing as well.")] = False,
    as_json: AsJson = False,
) -> None:
    """List deliveries that wait, the most urgent first."""
    from topologies.operations.fulfilment_board import waiting

    found = waiting(current.stack_settings(), waits_for, whole=whole)
    if as_json:
        echo_json([_plain(one) for one in found])
        return
    table = Table(
        Column("delivery", KEY), Column("order", KEY), Column("phase"), Column("waits for"), Column("owner", 2),
        Column("since", 2), Column("deadline"), Column("goes anyway", 3), Column("customer", 4),
        empty="There is no delivery." if whole else "No delivery waits.", most=MOST_LINES,
        rest="shipsync fulfilment list --json",
    )
    for one in found:
        wait = one.wait
        table.add(
            one.delivery_id, one.order_id, one.phase.value, "" if wait is None else wait.kind.value,
            "" if wait is None else wait.owner, At(None if wait is None else wait.since),
            At(None if wait is None else wait.deadline), At(None if wait is None else wait.released_at),
            one.customer_id,
        )
    table.show()


@app.command("show")
def show(delivery: Delivery, as_json: AsJson = False) -> None:
    """Show one delivery: its shipments' facts, what is posted and held back, what it waits for, what was decided."""
    from topologies.operations.fulfilment_board import known_of

    found = known_of(current.stack_settings(), delivery)
    if as_json:
        echo_json(_plain(found))
        return
    echo(f"Delivery {found.delivery_id} of order {found.order_id}, customer {found.customer_id}: {found.phase.value}.")
    if found.wait is not None:
        echo(f"It waits for: {found.wait.kind.value}; {found.wait.owner} sees to it.")
    for report in found.short:
        shipment = f"{report.carrier}:{report.tracking_number}"
        echo(f"Pieces of {shipment} are short, its carrier said {iso(report.occurred_at)}.")
    for chase in found.chases:
        echo(
            f"Its document was asked for again {iso(chase.at)} ({chase.carrier}:{chase.tracking_number},"
            f" {chase.times}): {chase.found}."
        )
    if found.decision is not None:
        echo(f"{found.decision.by} decided: {found.decision.action.value} ({found.decision.reason}).")
    posted = {one.fact: "held back" if one.held else "posted" for one in found.facts}
    table = Table(
        Column("shipment", KEY), Column("posting"), Column("state"), Column("happened"), Column("piece", 3),
        empty="No fact is known of it.",
    )
    for fact in found.standing:
        table.add(
            f"{fact.carrier}:{fact.tracking_number}", fact.kind.value, posted.get(fact.fact, ""), At(fact.occurred_at),
            fact.piece or "",
        )
    table.show()


@app.command("release")
def release(delivery: Delivery, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Confirm what is delivered now, whatever is missing."""
    _decide(delivery, FulfilmentAction.RELEASE, reason, dry_run=dry_run, as_json=as_json)


@app.command("waive")
def waive(delivery: Delivery, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Do without the proof of delivery."""
    _decide(delivery, FulfilmentAction.WAIVE, reason, dry_run=dry_run, as_json=as_json)


@app.command("close")
def close(delivery: Delivery, reason: Reason, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Wait for nothing more: no alert, no grace."""
    _decide(delivery, FulfilmentAction.CLOSE, reason, dry_run=dry_run, as_json=as_json)


@app.command("check")
def check_file(
    file: Annotated[Path | None, typer.Argument(
        help="A file of policies; the packaged one by default.", show_default=False, metavar="FILE")] = None,
    as_json: AsJson = False,
) -> None:
    """Check a file of policies, and show what each customer's deliveries wait for. Nothing is started."""
    from msgspec import to_builtins

    from topologies.stages.fulfilment_rules import load

    found = loaded(load, file, as_json=as_json)
    if as_json:
        echo_json({"valid": True, **to_builtins(found)})
        return
    table = Table(
        Column("customer", KEY), Column("dispatch"), Column("confirm"), Column("proof"), Column("grace, hours"),
        Column("quantity"), Column("pieces"),
    )
    for name, one in [("default", found.default), *sorted(found.customers.items())]:
        grace = "" if one.grace_ms is None else str(one.grace_ms // 3_600_000)
        table.add(
            name, one.dispatch.value, one.confirm.value, one.proof.value, grace, one.quantity.value, one.pieces.value
        )
    table.show()


def _decide(delivery: str, action: FulfilmentAction, reason: str, *, dry_run: bool, as_json: bool) -> None:
    from topologies.operations.fulfilment_board import check, decide, known_of

    settings = current.stack_settings()
    known = known_of(settings, delivery)
    if dry_run:
        check(known, action, reason)
        tell_possible(action.value, delivery, known.phase.value, _plain(known), as_json=as_json)
        return
    decision = decide(settings, known, action, reason, command_actor(settings), time.time_ns() // 1_000_000)
    tell_decided(decision, known.phase.value, as_json=as_json)


def _plain(one: FulfilmentState) -> dict[str, Any]:
    from msgspec import to_builtins

    from streams.fulfilment.machine import actions_in

    told: dict[str, Any] = to_builtins(one)
    return {**told, "possible": [action.value for action in actions_in(one.phase)]}
