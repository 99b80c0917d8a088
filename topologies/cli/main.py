"""``shipsync``: every error says what to do, and ends with a code of ``ExitCode``."""

from __future__ import annotations

import sys
from os import environ
from typing import Annotated

import typer

from config.version import VERSION
from topologies.cli.commands import Before, LazyGroup
from topologies.cli.completion import PROGRAM, VARIABLE, know_shells
from topologies.cli.examples import root_epilog
from topologies.runtime.exit_codes import ExitCode


def build(before: Before | None = None) -> typer.Typer:
    """The command line. ``before`` is called once a command is to do its work, not for help and completion."""

    class Group(LazyGroup):
        """The commands, with what goes before them."""

    Group.before = staticmethod(before) if before is not None else None
    built = typer.Typer(
        name=PROGRAM,
        cls=Group,
        help="One truth about every shipment, in every system, in real time.",
        epilog=root_epilog(),
        no_args_is_help=True,
        rich_markup_mode="rich",
        pretty_exceptions_enable=False,
        add_completion=False,
    )
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


def __getattr__(name: str) -> typer.Typer:
    """``app``: the whole command line."""
    if name == "app":
        return build()
    raise AttributeError(name)


def run() -> None:
    """The entry point: faults of ours become one message and an exit code."""
    try:
        _invoke()
    except Exception as error:
        said = _said_of(error)
        if said is None:
            raise
        text, code = said
        _complain(text)
        sys.exit(code)


def _invoke() -> None:
    if VARIABLE in environ:
        know_shells()
    build(_prepare_logs)(prog_name=PROGRAM)


def _prepare_logs() -> None:
    from topologies.runtime import logs

    logs.configure_for_a_command()


def _said_of(error: Exception) -> tuple[str, ExitCode] | None:
    """The message and the code for a fault of ours, of the settings or of Kafka's; None for any other."""
    from confluent_kafka import KafkaError, KafkaException

    from config.setting_group import SettingsError
    from connectors.carriers import CarrierFileError
    from streams.kernel.errors import ShipSyncError, Transient

    if isinstance(error, SettingsError):
        return str(error), ExitCode.WRONG_SETTINGS
    if isinstance(error, KafkaException):
        fault = error.args[0]
        if fault.code() == KafkaError._INVALID_ARG:
            return f"Wrong settings:\n  SHIPSYNC_KAFKA_*, SHIPSYNC_KAFKA_CONFIG: {fault.str()}", ExitCode.WRONG_SETTINGS
        return f"Kafka: {fault}; is the broker up (SHIPSYNC_BOOTSTRAP)?", ExitCode.UNAVAILABLE
    if isinstance(error, ShipSyncError | CarrierFileError):
        return str(error), ExitCode.UNAVAILABLE if isinstance(error, Transient) else ExitCode.FAILURE
    return None


def _complain(text: str) -> None:
    from topologies.operations.terminal import PlainConsole, safe

    PlainConsole(stderr=True, in_lines=True).print(safe(text))


if __name__ == "__main__":
    run()
