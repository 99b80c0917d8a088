"""``shipsync up``: the whole stack on this machine, supervised."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated

import typer
from rich.text import Text

from config.apps import APPS
from topologies.cli import current
from topologies.operations.terminal import PlainConsole, one_line, printable

if TYPE_CHECKING:
    from topologies.local_stack.stack import Stack

HIGHEST_BASE = 65_500


def command(
    external: Annotated[
        bool, typer.Option("--external", help="Use the broker, registry and Redis named in the settings; start none.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Only this stage; may be repeated.", show_default=False),
    ] = None,
    ports: Annotated[
        int | None,
        typer.Option(
            min=1, max=HIGHEST_BASE, show_default=False,
            help="First of consecutive ports for broker, registry, Valkey, gateway and metrics.",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Also print the logs of the processes.")] = False,
) -> None:
    """Start broker, Valkey, registry and all stages; restart those that end; Ctrl-C stops all.

    The embedded broker lives in memory: what an earlier run held is gone, and its local state with it.
    A second Ctrl-C does not wait for what is in hand.
    """
    from topologies.local_stack.stack import GATEWAY, Stack

    known = [*(app.name for app in APPS), GATEWAY]
    unknown = [name for name in only or [] if name not in known]
    if unknown:
        raise typer.BadParameter(
            f"there is no stage {unknown[0]!r}; the stages are {', '.join(known)}", param_hint="--only"
        )
    if external and ports is not None:
        raise typer.BadParameter("goes with embedded services only, not with --external", param_hint="--ports")
    settings = current.settings()
    console = PlainConsole(in_lines=True)
    stopping = _signals()

    def say(name: str, what: str) -> None:
        console.print(Text(one_line(f"{name:>11}  "), style="bold").append(one_line(what), style="not bold"))

    def hear(name: str, line: str) -> None:
        console.print(f"{name:>11} | {line}", style="dim")

    stack = Stack(
        settings, external=external, stages=only, ports=ports, say=say, hear=hear if verbose else None
    )
    try:
        if stack.start(lambda: bool(stopping)):
            _announce(stack, console)
            stack.run(lambda: bool(stopping))
    finally:
        if stopping:
            console.print("Stopping; press Ctrl-C again to stop at once …")
        stack.stop(lambda: len(stopping) > 1)


def _signals() -> list[int]:
    """SIGINT and SIGTERM as they come, from now on."""
    got: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: got.append(number))
    return got


def _announce(stack: Stack, console: PlainConsole) -> None:
    from config.masking import without_credentials

    gateway = "" if stack.gateway_url is None else f"\nThe gateway listens at {stack.gateway_url} (API: openapi.json)."
    if stack.portal_url is not None:
        gateway += f"\nThe control tower is at {stack.portal_url}/tower, the API at {stack.portal_url}/docs."
    registry = without_credentials(stack.settings.registry.url)
    console.print(Text.assemble(
        printable(
            f"\nUp. Broker {stack.settings.kafka.bootstrap}, registry {registry},"
            f" logs in {stack.settings.state.data_dir / 'logs'}.{gateway}\nIn another terminal: "
        ),
        ("shipsync demo", "bold"), ", ", ("shipsync status", "bold"), ", ", ("shipsync tail customer.updates", "bold"),
        ". Ctrl-C stops all.\n",
    ))
