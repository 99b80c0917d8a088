"""``shipsync up``: the whole stack on this machine, supervised."""

from __future__ import annotations

import signal
from typing import Annotated

import typer
from rich.console import Console

from config import settings as configuration
from config.topics import APPS


def command(
    external: Annotated[
        bool, typer.Option("--external", help="Use the broker, registry and Redis the settings name.")
    ] = False,
    only: Annotated[
        list[str] | None, typer.Option("--only", help="Only this stage (may be given several times).")
    ] = None,
) -> None:
    """Start broker, Valkey, registry and every stage; restart what dies; one Ctrl-C stops all.

    The embedded broker lives in memory: what an earlier run held is gone, and its local state with it.
    """
    from topologies.stack import Stack

    known = [app.name for app in APPS]
    unknown = [name for name in only or [] if name not in known]
    if unknown:
        raise typer.BadParameter(f"no stage {unknown[0]!r}; the stages are {', '.join(known)}", param_hint="--only")
    settings = configuration.load()
    console = Console(highlight=False)
    stopping: list[int] = []
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda got, _: stopping.append(got))

    def say(name: str, what: str) -> None:
        console.print(f"[bold]{name:>11}[/]  {what}")

    with Stack(settings, external=external, stages=only, say=say) as stack:
        console.print(
            f"\nUp. Broker {stack.settings.bootstrap}, registry {stack.settings.registry_url},"
            f" logs in {stack.settings.data_dir / 'logs'}.\nIn another terminal: [bold]shipsync demo[/],"
            " [bold]shipsync status[/], [bold]shipsync tail customer.updates[/]. Ctrl-C stops all.\n"
        )
        stack.run(lambda: bool(stopping))
        console.print("Stopping …")
