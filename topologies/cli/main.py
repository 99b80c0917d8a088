"""``shipsync``: every error says what to do; exit codes 0 ok, 1 failure, 2 usage, 78 wrong settings."""

from __future__ import annotations

import sys
from typing import Annotated

import typer
from confluent_kafka import KafkaException
from rich.console import Console

from config.settings import SettingsError
from config.version import VERSION
from connectors.carriers import CarrierFileError
from streams.kernel.errors import ShipSyncError
from topologies.cli import (
    alerts,
    carrier,
    demo,
    drop,
    feed,
    gateway,
    identity,
    masterdata,
    norms,
    orders,
    poll,
    registry,
    settings,
    stage,
    state,
    status,
    tail,
    topics,
    up,
)
from topologies.runtime import logs

EXIT_FAILURE = 1
EXIT_WRONG_SETTINGS = 78

app = typer.Typer(
    name="shipsync",
    help="One truth about every shipment, in every system, in real time.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    add_completion=False,
)
TRY, RUN = "Try it", "Run it"
app.command("demo", rich_help_panel=TRY)(demo.command)
app.command("feed", rich_help_panel=TRY)(feed.command)
app.command("tail", rich_help_panel=TRY)(tail.command)
app.command("status", rich_help_panel=TRY)(status.command)
app.command("topics", rich_help_panel=TRY)(topics.command)
app.command("norms", rich_help_panel=TRY)(norms.command)
app.add_typer(carrier.app, name="carrier", rich_help_panel=TRY)
app.add_typer(state.app, name="state", rich_help_panel=TRY)
app.add_typer(alerts.app, name="alerts", rich_help_panel=TRY)
app.add_typer(identity.app, name="identity", rich_help_panel=TRY)
app.add_typer(orders.app, name="orders", rich_help_panel=TRY)
app.add_typer(masterdata.app, name="masterdata", rich_help_panel=RUN)
app.command("up", rich_help_panel=RUN)(up.command)
app.command("stage", rich_help_panel=RUN)(stage.command)
app.command("gateway", rich_help_panel=RUN)(gateway.command)
app.command("drop", rich_help_panel=RUN)(drop.command)
app.add_typer(poll.app, name="poll", rich_help_panel=RUN)
app.command("settings", rich_help_panel=RUN)(settings.command)
app.command("registry", hidden=True)(registry.command)


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(VERSION)
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Options of ``shipsync`` itself."""


@app.command("version", rich_help_panel=RUN)
def version() -> None:
    """Print the version."""
    typer.echo(VERSION)


def run() -> None:
    """The entry point: faults of ours become one message and an exit code."""
    complain = Console(stderr=True, highlight=False, soft_wrap=True)
    logs.configure_for_a_command()
    try:
        app()
    except SettingsError as error:
        complain.print(str(error), markup=False)
        sys.exit(EXIT_WRONG_SETTINGS)
    except (ShipSyncError, CarrierFileError) as error:
        complain.print(str(error), markup=False)
        sys.exit(EXIT_FAILURE)
    except KafkaException as error:
        complain.print(f"Kafka: {error.args[0]}; is the broker up (SHIPSYNC_BOOTSTRAP)?", markup=False)
        sys.exit(EXIT_FAILURE)


if __name__ == "__main__":
    run()
