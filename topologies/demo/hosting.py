"""Finds or starts the stack that the demo runs on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from config.settings import Settings
from topologies.local_stack import stack_file
from topologies.local_stack.stack import Stack, on_free_ports
from topologies.operations.terminal import safe


def found(settings: Settings) -> Settings | None:
    """The settings to reach the running stack of this data directory, or else the broker they name."""
    if stack_file.running(settings.state.data_dir) is not None:
        return stack_file.resolve(settings)
    return settings if "bootstrap" in settings.given else None


@contextmanager
def own_stack(settings: Settings, console: Console) -> Iterator[Stack]:
    """Start a stack with its progress shown, and stop it at the end. Raises Transient or Fatal."""
    with console.status("starting the stack") as status:

        def say(name: str, what: str) -> None:
            if console.is_terminal:
                status.update(escape(f"starting the stack: {name} {what}"))
            elif what.startswith("up ") or "ended" in what:
                console.print(safe(f"{name} {what}"), soft_wrap=True)

        stack = Stack(settings, say=say)
        stack.start()
    try:
        yield stack
    finally:
        with console.status("stopping the stack"):
            stack.stop()


@contextmanager
def own_stack_apart(
    settings: Settings, console: Console, faultless: Callable[[], bool]
) -> Iterator[Stack]:
    """Start a stack on free ports in a folder of its own; the folder is kept, for its logs, if something failed."""
    folder = Path(tempfile.mkdtemp(prefix="shipsync-demo-"))
    apart = on_free_ports(settings.replace(data_dir=folder))
    try:
        with own_stack(apart, console) as stack:
            yield stack
    finally:
        if faultless():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            console.print(safe(f"The logs are in {folder / 'logs'}"), soft_wrap=True)


