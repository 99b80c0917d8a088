"""``shipsync``: every error says what to do; exit codes 0 ok, 1 failure, 2 usage, 78 wrong settings.

A command's module is imported when the command is asked for: a stage is back at work sooner without the others.
"""

from __future__ import annotations

import sys
from collections.abc import Container
from importlib import import_module
from typing import Annotated

import typer

from config.setting_group import SettingsError
from config.version import VERSION
from streams.kernel.errors import ShipSyncError
from topologies.runtime import logs

EXIT_FAILURE = 1
EXIT_WRONG_SETTINGS = 78
TRY, RUN, HIDDEN = "Try it", "Run it", ""
COMMANDS = {
    "demo": TRY, "feed": TRY, "tail": TRY, "status": TRY, "topics": TRY, "norms": TRY, "carrier": TRY, "state": TRY,
    "alerts": TRY, "identity": TRY, "orders": TRY, "delivery": TRY, "feeds": RUN, "masterdata": RUN, "up": RUN,
    "stage": RUN,
    "gateway": RUN, "drop": RUN, "poll": RUN, "settings": RUN, "registry": HIDDEN,
}
"""The panel of ``--help`` each command stands in; it is the module of its name in this package."""


def build(names: Container[str] = COMMANDS) -> typer.Typer:
    """The command line with the commands of these names, and ``version``."""
    built = typer.Typer(
        name="shipsync",
        help="One truth about every shipment, in every system, in real time.",
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    for name, panel in COMMANDS.items():
        if name not in names:
            continue
        module = import_module(f"topologies.cli.{name}")
        if hasattr(module, "app"):
            built.add_typer(module.app, name=name, rich_help_panel=panel)
        else:
            built.command(name, rich_help_panel=panel or None, hidden=not panel)(module.command)
    built.command("version", rich_help_panel=RUN)(version)
    built.callback()(options)
    return built


def _print_version(asked: bool) -> None:
    if asked:
        typer.echo(VERSION)
        raise typer.Exit


def options(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version.", is_eager=True, callback=_print_version)
    ] = False,
) -> None:
    """Options of ``shipsync`` itself."""


def version() -> None:
    """Print the version."""
    typer.echo(VERSION)


def __getattr__(name: str) -> typer.Typer:
    """``app``: the whole command line."""
    if name == "app":
        return build()
    raise AttributeError(name)


def run() -> None:
    """The entry point: faults of ours become one message and an exit code."""
    logs.configure_for_a_command()
    asked = sys.argv[1:2]
    try:
        build(asked if asked and asked[0] in COMMANDS else COMMANDS)()
    except SettingsError as error:
        _complain(str(error))
        sys.exit(EXIT_WRONG_SETTINGS)
    except Exception as error:
        if (wrong := _wrong_setting(error)) is not None:
            _complain(wrong)
            sys.exit(EXIT_WRONG_SETTINGS)
        told = _told(error)
        if told is None:
            raise
        _complain(told)
        sys.exit(EXIT_FAILURE)


def _wrong_setting(error: Exception) -> str | None:
    """Words the fault where librdkafka does not take a setting; None for any other error."""
    from confluent_kafka import KafkaError, KafkaException

    if isinstance(error, KafkaException) and error.args[0].code() == KafkaError._INVALID_ARG:
        return f"Wrong settings:\n  SHIPSYNC_KAFKA_*, SHIPSYNC_KAFKA_CONFIG: {error.args[0].str()}"
    return None


def _told(error: Exception) -> str | None:
    """The message for a fault of ours or of Kafka's; None for any other."""
    from confluent_kafka import KafkaException

    from connectors.carriers import CarrierFileError

    if isinstance(error, ShipSyncError | CarrierFileError):
        return str(error)
    if isinstance(error, KafkaException):
        return f"Kafka: {error.args[0]}; is the broker up (SHIPSYNC_BOOTSTRAP)?"
    return None


def _complain(text: str) -> None:
    from topologies.operations.terminal import PlainConsole, safe

    PlainConsole(stderr=True, in_lines=True).print(safe(text))


if __name__ == "__main__":
    run()
