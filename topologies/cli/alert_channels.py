"""``shipsync alerts routes``, ``test`` and ``secret``: where alerts go, and whether they arrive."""

from __future__ import annotations

import sys
from typing import Annotated, Any

import typer

from streams.kernel.vocabulary import AlertKind, ExceptionType, Severity
from topologies.cli import current
from topologies.cli.tables import KEY, Column, Table, show_card
from topologies.operations.terminal import echo, echo_json
from topologies.runtime.exit_codes import ExitCode

AsJson = Annotated[bool, typer.Option("--json", help="As JSON.")]


def add_to(app: typer.Typer) -> None:
    """Add the commands to ``shipsync alerts``."""
    app.command("routes")(routes)
    app.command("test")(try_out)
    app.command("secret")(secret)


def routes(
    alert_id: Annotated[str | None, typer.Argument(
        help="An alert's id, or its first characters; left out: an alert as the options say.", show_default=False,
    )] = None,
    kind: Annotated[AlertKind | None, typer.Option(help="Of an alert of this kind.")] = None,
    severity: Annotated[Severity, typer.Option(help="How severe it is.")] = Severity.WARNING,
    exception: Annotated[ExceptionType, typer.Option(help="Its exception.")] = ExceptionType.NONE,
    carrier: Annotated[str | None, typer.Option(help="Its carrier.")] = None,
    feed: Annotated[str | None, typer.Option(help="Its feed.")] = None,
    customer: Annotated[str | None, typer.Option(help="The customer of an order it is about.")] = None,
    as_json: AsJson = False,
) -> None:
    """Show the routes and channels of the file of alert rules; of an alert, which route it takes and why."""
    from connectors.outbound.channels.secrets import ChannelSecrets
    from streams.contracts.model import AlertOrder, AlertSignal
    from streams.kernel.vocabulary import AlertState, Reason
    from topologies.operations import alert_routes

    settings = current.settings()
    policy, paging = alert_routes.rules_of(settings)
    signal: AlertSignal | None = None
    if alert_id is not None:
        from topologies.cli.alerts import alert_with

        signal = alert_routes.signal_of(alert_with(alert_id))
    elif kind is not None:
        orders = [] if customer is None else [AlertOrder("", "", customer)]
        signal = AlertSignal(
            "", kind, AlertState.RAISED, severity, "", "", exception, Reason.NORMAL, 0, 0, carrier, feed, orders=orders
        )
    found = alert_routes.explained(signal, policy, paging)
    channels = alert_routes.declared(paging, ChannelSecrets(settings))
    if as_json:
        echo_json({"routes": found, "channels": channels})
        return
    _show_routes(found)
    _show_channels(channels)


def try_out(
    channel: Annotated[str, typer.Argument(help="A channel of the file of alert rules.", show_default=False)],
    dry_run: Annotated[bool, typer.Option(help="Show what would be sent, and send nothing.")] = False,
    as_json: AsJson = False,
) -> None:
    """Send a channel a message to try it, and print what the other side answers. A pager's incident is closed again."""
    from streams.kernel.vocabulary import AttemptResult
    from topologies.operations import alert_routes

    settings = current.settings()
    _, paging = alert_routes.rules_of(settings)
    one, said = alert_routes.channel_of(paging, channel), alert_routes.trial(channel)
    if dry_run:
        shown = {"channel": channel, "service": one.service.value, "dry_run": True, **alert_routes.shown(one, said)}
        echo_json(shown)
        return
    answer = alert_routes.send(settings, paging, one, said)
    if as_json:
        echo_json({
            "channel": channel, "service": one.service.value, "result": answer.result.value, "code": answer.code,
            "detail": answer.detail,
        })
    else:
        show_card(f"Channel {channel}", {
            "service": one.service.value, "result": answer.result.value,
            "code": "" if answer.code is None else str(answer.code), "answer": answer.detail,
        })
    if answer.result is not AttemptResult.ACCEPTED:
        raise typer.Exit(ExitCode.FAILURE)


def secret(
    name: Annotated[str, typer.Argument(help="The name a channel's `secret` gives.", show_default=False)],
) -> None:
    """Encrypt a channel's address or key into the file of secrets. It is asked for, or read from standard input."""
    from connectors.outbound.channels.secrets import ChannelSecrets

    value = typer.prompt(name, hide_input=True) if sys.stdin.isatty() else sys.stdin.read()
    if not value.strip() or not value.strip().isascii() or not value.strip().isprintable():
        raise typer.BadParameter("the address or key is empty, or not plain ASCII", param_hint="NAME")
    file = ChannelSecrets(current.settings()).keep(name, value.strip())
    echo(f"{name} is kept in {file}, encrypted")


def _show_routes(found: list[dict[str, Any]]) -> None:
    table = Table(
        Column("route", KEY), Column("taken", 2), Column("asks for", 4), Column("owner", 5), Column("channels"),
        Column("escalates", 6), empty="The file of alert rules has no routes: nobody is told of alerts.",
    )
    for one in found:
        asks = "; ".join(
            f"{name} {', '.join(value) if isinstance(value, list) else value}" for name, value in one["match"].items()
        )
        channels = [f"{name} (not declared)" if name in one["undeclared"] else name for name in one["channels"]]
        table.add(
            str(one["route"]), one["why"], asks or "anything", one["owner"], ", ".join(channels), one["escalates"],
            style="bold" if one["taken"] else "",
        )
    table.show()


def _show_channels(channels: list[dict[str, Any]]) -> None:
    echo("")
    table = Table(
        Column("channel", KEY), Column("service", 2), Column("address"), Column("told together within", 5),
        Column("nobody answers", 4), empty="No channel is declared: alerts go to no one outside (docs/alerts.md).",
    )
    for one in channels:
        then = "" if one["escalates_to"] is None else f"{one['escalates_to']} after {one['after_s'] // 60} min"
        address = f"dry run; {one['address']}" if one["dry_run"] else one["address"]
        table.add(one["channel"], one["service"], address, f"{one['together_within_s']} s", then)
    table.show()
