"""``shipsync up``: the whole stack on this machine, supervised."""

from __future__ import annotations

import signal
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from config import settings as configuration
from config.topics import APPS

if TYPE_CHECKING:
    from topologies.local_stack.stack import Stack

HIGHEST_BASE = 65_500


def command(
    external: Annotated[
        bool, typer.Option("--external", help="Use the broker, registry and Redis the settings name; start none.")
    ] = False,
    only: Annotated[
        list[str] | None,
        typer.Option("--only", help="Only this stage (may be given several times).", show_default=False),
    ] = None,
    ports: Annotated[
        int | None,
        typer.Option(
            min=1, max=HIGHEST_BASE, show_default=False,
            help="First of consecutive ports for broker, registry, Valkey, gateway and metrics, not the settings'.",
        ),
    ] = None,
    verbose: Annotated[bool, typer.Option("--verbose", "-v", help="Print what the processes log, too.")] = False,
) -> None:
    """Start broker, Valkey, registry and every stage; restart what dies; one Ctrl-C stops all.

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
    settings = configuration.load()
    console = Console(highlight=False, soft_wrap=True)
    stopping = _signals()

    def say(name: str, what: str) -> None:
        console.print(f"[bold]{name:>11}[/]  ", end="")
        console.print(what, markup=False)

    def hear(name: str, line: str) -> None:
        console.print(f"{name:>11} | {line}", markup=False, style="dim")

    stack = Stack(
        settings, external=external, stages=only, ports=ports, say=say, hear=hear if verbose else None
    )
    try:
        if stack.start(lambda: bool(stopping)):
            _announce(stack, console)
            stack.run(lambda: bool(stopping))
    finally:
        if stopping:
            console.print("Stopping; once more Ctrl-C to do it at once …")
        stack.stop(lambda: len(stopping) > 1)


def _signals() -> list[int]:
    """SIGINT and SIGTERM as they come, from now on."""
    got: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda number, _: got.append(number))
    return got


def _announce(stack: Stack, console: Console) -> None:
    gateway = "" if stack.gateway_url is None else f"\nPushes go to {stack.gateway_url} (openapi.json tells how)."
    console.print(
        f"\nUp. Broker {stack.settings.kafka.bootstrap}, registry {stack.settings.kafka.registry_url},"
        f" logs in {stack.settings.state.data_dir / 'logs'}.{gateway}\nIn another terminal: [bold]shipsync demo[/],"
        " [bold]shipsync status[/], [bold]shipsync tail customer.updates[/]. Ctrl-C stops all.\n"
    )
