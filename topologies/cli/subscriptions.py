"""``shipsync subscriptions``: people of customers who are told of shipments by e-mail or chat."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.kernel.outbound_vocabulary import RecipientChannel
from topologies.cli import current
from topologies.cli.tables import KEY, Column, Table
from topologies.operations.command_actor import command_actor
from topologies.operations.terminal import echo, echo_json

if TYPE_CHECKING:
    from config.settings import Settings
    from connectors.outbound.recipient_book import Change, RecipientBook

app = typer.Typer(
    help="People who are told of shipments by e-mail or chat (docs/notifications.md).", no_args_is_help=True,
    rich_markup_mode="rich",
)
Customer = Annotated[str, typer.Argument(help="The ERP's id of the customer.", show_default=False)]
Subscription = Annotated[str, typer.Argument(help="The subscription's id, as list shows it.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]
Milestones = Annotated[list[str] | None, typer.Option(
    "--milestone", help="A milestone to tell, or exception; repeat it; without it those most people want.",
    show_default=False,
)]
Language = Annotated[str | None, typer.Option(help="en, de, fr or es.", show_default=False)]
Zone = Annotated[str | None, typer.Option("--time-zone", help="Such as Europe/Berlin; UTC.", show_default=False)]
Order = Annotated[str | None, typer.Option(help="Only this order.", show_default=False)]
Shipment = Annotated[str | None, typer.Option(help="Only this shipment, CARRIER:REFERENCE.", show_default=False)]
Quiet = Annotated[str | None, typer.Option(
    help="Hours of the recipient's day in which nothing is sent: 22:00-07:00; none.", show_default=False
)]
Digest = Annotated[int | None, typer.Option(
    help="Seconds for which news of one order is gathered; 60.", show_default=False
)]
Description = Annotated[str | None, typer.Option(help="What it is for.", show_default=False)]


@app.command("add")
def add(
    customer: Customer,
    address: Annotated[str, typer.Argument(
        help="An e-mail address, or the URL of a chat or SMS service (slack://...).", show_default=False
    )],
    milestone: Milestones = None, language: Language = None, time_zone: Zone = None, order: Order = None,
    shipment: Shipment = None, quiet: Quiet = None, digest: Digest = None, description: Description = None,
    as_json: AsJson = False,
) -> None:
    """Tell somebody of a customer's shipments. The address is kept encrypted."""
    settings, book = _book()
    channel = RecipientChannel.CHAT if "://" in address else RecipientChannel.EMAIL
    wishes = _wishes(milestone, language, time_zone, order, shipment, quiet, digest, description)
    _write(settings, book.add(customer, channel, address, **wishes), "add", "added", as_json=as_json)


@app.command("list")
def list_subscriptions(
    customer: Annotated[str | None, typer.Argument(help="Only this customer's.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List who is told; of addresses only the beginning and the domain are shown."""
    from connectors.outbound.recipient_book import plain
    from connectors.outbound.subscription_book import known

    settings = current.stack_settings()
    found = sorted(known(settings).values(), key=lambda one: one.customer_id)
    shown = [
        {"customer_id": one.customer_id, **plain(each)}
        for one in found if customer in (None, one.customer_id) for each in one.recipients
    ]
    if as_json:
        echo_json(shown)
        return
    table = Table(
        Column("customer", KEY), Column("subscription", KEY), Column("address"), Column("state"), Column("language", 2),
        Column("time zone", 3), Column("only", 2), Column("milestones", 4), Column("quiet", 3), Column("for", 5),
        empty="Nobody is told." if customer is None else f"Nobody of customer {customer} is told.",
    )
    for one in shown:
        quiet = f"{one['quiet_from']}-{one['quiet_until']}" if one["quiet_from"] else ""
        table.add(
            one["customer_id"], one["subscription_id"], one["address"], "paused" if one["paused"] else "on",
            one["language"], one["time_zone"], one["order_id"] or one["shipment"] or "all",
            ", ".join(one["milestones"]) or "usual", quiet, one["description"],
        )
    table.show()


@app.command("change")
def change(
    customer: Customer, subscription: Subscription, milestone: Milestones = None, language: Language = None,
    time_zone: Zone = None, order: Order = None, shipment: Shipment = None, quiet: Quiet = None, digest: Digest = None,
    description: Description = None, as_json: AsJson = False,
) -> None:
    """Change what somebody is told, and when; what is not given stays."""
    settings, book = _book()
    wishes = _wishes(milestone, language, time_zone, order, shipment, quiet, digest, description)
    _write(settings, book.change(customer, subscription, **wishes), "change", "changed", as_json=as_json)


@app.command("pause")
def pause(customer: Customer, subscription: Subscription, as_json: AsJson = False) -> None:
    """Tell somebody nothing until it is resumed; of what waits the latest is told then."""
    settings, book = _book()
    _write(settings, book.change(customer, subscription, paused=True), "pause", "paused", as_json=as_json)


@app.command("resume")
def resume(customer: Customer, subscription: Subscription, as_json: AsJson = False) -> None:
    """Tell somebody again: after a pause, after the address was refused, or who had wanted no more messages."""
    settings, book = _book()
    _write(settings, book.resume(customer, subscription), "resume", "enabled", as_json=as_json)


@app.command("remove")
def remove(customer: Customer, subscription: Subscription, as_json: AsJson = False) -> None:
    """Tell somebody no more; what waits is not sent."""
    settings, book = _book()
    _write(settings, book.remove(customer, subscription), "remove", "removed", as_json=as_json)


def _wishes(
    milestone: list[str] | None, language: str | None, time_zone: str | None, order: str | None, shipment: str | None,
    quiet: str | None, digest: int | None, description: str | None,
) -> dict[str, Any]:
    given: dict[str, Any] = {
        "milestones": milestone, "language": language, "time_zone": time_zone, "order_id": order, "shipment": shipment,
        "digest_seconds": digest, "description": description,
    }
    if quiet is not None:
        begins, _, ends = quiet.partition("-")
        given |= {"quiet_from": begins, "quiet_until": ends}
    wishes = {name: value for name, value in given.items() if value is not None}
    return {**wishes, "quiet_from": None, "quiet_until": None} if quiet == "none" else wishes


def _book() -> tuple[Settings, RecipientBook]:
    from connectors.outbound.recipient_book import RecipientBook

    settings = current.stack_settings()
    return settings, RecipientBook.opened(settings, command_actor(settings).name)


def _write(settings: Settings, change: Change, action: str, done: str, *, as_json: bool) -> None:
    from connectors.outbound.recipient_book import plain, write

    write(settings, change, action, command_actor(settings))
    if as_json:
        echo_json({"customer_id": change.subscriptions.customer_id, **plain(change.recipient)})
        return
    one = change.recipient
    echo(f"{one.recipient_id} of {change.subscriptions.customer_id} ({one.shown}): {done}.")
