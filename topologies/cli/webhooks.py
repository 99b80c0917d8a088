"""``shipsync webhooks``: customers' endpoints that are told of their shipments."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from streams.kernel.vocabulary import AttemptResult, Milestone
from topologies.cli import current
from topologies.cli.tables import KEY, At, Column, Table, iso_times
from topologies.operations.command_actor import command_actor
from topologies.operations.terminal import echo, echo_json
from topologies.runtime.exit_codes import ExitCode

if TYPE_CHECKING:
    from config.settings import Settings
    from streams.contracts.outbound import CustomerSubscriptions, WebhookEndpoint
    from topologies.operations.webhook_endpoints import Change, Endpoints

app = typer.Typer(
    help="Customers' webhook endpoints (docs/notifications.md).", no_args_is_help=True, rich_markup_mode="rich",
)
Customer = Annotated[str, typer.Argument(help="The ERP's id of the customer.", show_default=False)]
Endpoint = Annotated[str, typer.Argument(help="The endpoint's id, as list shows it.", show_default=False)]
MOST_LINES = 50
AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


@app.command("add")
def add(
    customer: Customer,
    url: Annotated[str, typer.Argument(help="Where requests go: https://...", show_default=False)],
    milestone: Annotated[list[Milestone] | None, typer.Option(
        help="A milestone to tell; repeat it for several; without it all.", show_default=False
    )] = None,
    description: Annotated[str, typer.Option(help="What it is for, in the customer's words.")] = "",
    dry_run: Annotated[bool, typer.Option(help="Record what would be sent, and send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Add an endpoint; print its id and, this once, its signing secret."""
    settings, endpoints = _endpoints()
    change = endpoints.add(customer, url, milestone or (), description, dry_run=dry_run)
    _write(settings, change, "add", "added", as_json=as_json)


@app.command("list")
def list_endpoints(
    customer: Annotated[str | None, typer.Argument(help="Only this customer's.", show_default=False)] = None,
    as_json: AsJson = False,
) -> None:
    """List the endpoints; secrets are not shown."""
    from connectors.outbound.subscription_book import known

    found = sorted(known(current.stack_settings()).values(), key=lambda one: one.customer_id)
    shown = [_plain(one, each) for one in found if customer in (None, one.customer_id) for each in one.endpoints]
    if as_json:
        echo_json([iso_times(one) for one in shown])
        return
    table = Table(
        Column("customer", KEY), Column("endpoint", KEY), Column("URL"), Column("state"), Column("milestones", 2),
        Column("secrets", 4, right=True), Column("changed", 3), Column("by", 4), Column("for", 5),
        empty="There is no endpoint." if customer is None else f"Customer {customer} has no endpoint.",
    )
    for one in shown:
        state = "paused" if one["paused"] else "dry run" if one["dry_run"] else "on"
        table.add(
            one["customer_id"], one["endpoint_id"], one["url"], state,
            ", ".join(one["milestones"]) or "all", str(one["secrets"]), At(one["changed_at"]), one["changed_by"],
            one["description"],
        )
    table.show()


@app.command("remove")
def remove(customer: Customer, endpoint: Endpoint, as_json: AsJson = False) -> None:
    """Remove an endpoint; what waits for it is not sent."""
    settings, endpoints = _endpoints()
    _write(settings, endpoints.remove(customer, endpoint), "remove", "removed", as_json=as_json)


@app.command("pause")
def pause(customer: Customer, endpoint: Endpoint, as_json: AsJson = False) -> None:
    """Send nothing to an endpoint until it is resumed; messages are kept."""
    settings, endpoints = _endpoints()
    _write(settings, endpoints.pause(customer, endpoint), "pause", "paused", as_json=as_json)


@app.command("resume")
def resume(customer: Customer, endpoint: Endpoint, as_json: AsJson = False) -> None:
    """Send to an endpoint again that was paused, or disabled after failing for long."""
    settings, endpoints = _endpoints()
    _write(settings, endpoints.resume(customer, endpoint), "resume", "enabled", as_json=as_json)


@app.command("dryrun")
def dry_run(
    customer: Customer,
    endpoint: Endpoint,
    end: Annotated[bool, typer.Option("--end", help="Send again, from now on.")] = False,
    as_json: AsJson = False,
) -> None:
    """Record what would be sent to an endpoint, as outcomes, and send nothing; --end sends again."""
    settings, endpoints = _endpoints()
    change = endpoints.dry_run(customer, endpoint, on=not end)
    _write(settings, change, "end_dry_run" if end else "dry_run", "live" if end else "on dry run", as_json=as_json)


@app.command("rotate")
def rotate(
    customer: Customer,
    endpoint: Endpoint,
    drop_old: Annotated[bool, typer.Option("--drop-old", help="End the old secret.")] = False,
    as_json: AsJson = False,
) -> None:
    """Make a new secret; requests are signed with the old one, too, until --drop-old."""
    settings, endpoints = _endpoints()
    if drop_old:
        change = endpoints.drop_old(customer, endpoint)
        _write(settings, change, "drop_old_secret", "without its old secret", as_json=as_json)
    else:
        _write(settings, endpoints.rotate(customer, endpoint), "rotate_secret", "with a new secret", as_json=as_json)


@app.command("test")
def try_out(customer: Customer, endpoint: Endpoint, as_json: AsJson = False) -> None:
    """Send one signed message of type shipsync.test from here; show the answer. Exit code 1 where it is not taken."""
    import asyncio

    from connectors.outbound.secrets import SecretBox
    from topologies.operations import webhook_endpoints

    settings, endpoints = _endpoints()
    found = endpoints.found(customer, endpoint)
    answer = asyncio.run(webhook_endpoints.tried(settings, SecretBox(settings), found))
    if as_json:
        echo_json({"url": found.url, **answer._asdict()})
    else:
        status = "" if answer.code is None else f" with {answer.code}"
        echo(f"{found.url}: {answer.result.value}{status}{': ' if answer.detail else ''}{answer.detail}")
    if answer.result is not AttemptResult.ACCEPTED:
        raise typer.Exit(ExitCode.FAILURE)


@app.command("log")
def log_of(
    customer: Annotated[str | None, typer.Argument(help="Only this customer's.", show_default=False)] = None,
    pending: Annotated[bool, typer.Option("--pending", help="Only messages that are not done with.")] = False,
    whole: Annotated[bool, typer.Option("--all", help="All the topic keeps, not only its newest records.")] = False,
    as_json: AsJson = False,
) -> None:
    """Show where each message is: waiting, being tried again (when, and why), sent, refused or withdrawn."""
    from msgspec import to_builtins

    from topologies.operations.notification_log import last_outcomes

    found = last_outcomes(current.stack_settings(), customer, pending=pending, whole=whole)
    if as_json:
        echo_json([to_builtins(one) for one in found])
        return
    table = Table(
        Column("message", KEY), Column("customer"), Column("type"), Column("state"), Column("since"),
        Column("tries", 3, right=True), Column("next", 2), Column("answer", 2), Column("endpoint", 4),
        Column("order and shipment", 3),
        empty="No message is pending." if pending else "There is no message.", most=MOST_LINES,
        rest="shipsync webhooks log --json",
    )
    for one in found:
        answer = " ".join(str(part) for part in (one.code, one.detail) if part)
        table.add(
            one.message_id, one.owner, one.kind, one.status.value, At(one.at), str(one.attempts), At(one.next_at),
            answer, one.destination, one.queue,
        )
    table.show()


@app.command("redeliver")
def redeliver(
    customer: Customer,
    message: Annotated[str, typer.Argument(help="The message's id, as log shows it.", show_default=False)],
    as_json: AsJson = False,
) -> None:
    """Send a message again that was sent or given up: webhook, e-mail or chat, as it was and under its id."""
    from connectors.outbound.redelivery import send_again
    from connectors.outbound.sender import now_ms

    settings = current.stack_settings()
    found = send_again(settings, message, customer, command_actor(settings), now_ms())
    if as_json:
        echo_json({"message_id": found.message_id, "destination": found.destination, "type": found.kind})
        return
    echo(f"{found.message_id} ({found.kind}) is sent to {found.destination} again; shipsync webhooks log shows how.")


def _endpoints() -> tuple[Settings, Endpoints]:
    from topologies.operations import webhook_endpoints

    settings = current.stack_settings()
    return settings, webhook_endpoints.Endpoints.opened(settings, command_actor(settings).name)


def _write(settings: Settings, change: Change, action: str, done: str, *, as_json: bool) -> None:
    from topologies.operations import webhook_endpoints

    webhook_endpoints.write(settings, change, action, command_actor(settings))
    if as_json:
        shown = iso_times(_plain(change.subscriptions, change.endpoint))
        echo_json(shown if change.secret is None else {**shown, "secret": change.secret})
        return
    echo(f"{change.endpoint.endpoint_id} of {change.subscriptions.customer_id} ({change.endpoint.url}): {done}.")
    if change.secret is not None:
        echo("Its signing secret, shown only now; give it to the customer:")
        echo(f"  {change.secret}")


def _plain(subscriptions: CustomerSubscriptions, endpoint: WebhookEndpoint) -> dict[str, Any]:
    return {
        "customer_id": subscriptions.customer_id, "endpoint_id": endpoint.endpoint_id, "url": endpoint.url,
        "milestones": endpoint.milestones, "paused": endpoint.paused, "dry_run": endpoint.dry_run,
        "enabled_at": endpoint.enabled_at,
        "description": endpoint.description, "secrets": len(endpoint.secrets),
        "changed_at": subscriptions.changed_at, "changed_by": subscriptions.changed_by,
    }
