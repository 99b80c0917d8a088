"""Finds or starts the stack that the demo runs on."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import yaml
from rich.console import Console
from rich.markup import escape

from config.settings import Settings
from topologies.demo import on_call
from topologies.demo.partners import CARRIERS
from topologies.local_stack import stack_file
from topologies.local_stack.stack import Stack, on_free_ports
from topologies.operations.terminal import safe
from topologies.runtime.files import private_files
from topologies.stages.alert_rules import PACKAGED

HEARD_FOR, LEARN_AFTER, NORM_AT_LEAST, FLAPS = "10s", "15s", 20, 20
"""The demo tells a week in a minute: so soon the silence of a shipment counts, so soon and of so few is learnt, and so
often may a cause come and go."""
RULES = "demo-alerts.yaml"


def found(settings: Settings) -> Settings | None:
    """The settings to reach the running stack of this data directory, or else the broker they name."""
    if stack_file.running(settings.state.data_dir) is not None:
        return stack_file.resolve(settings)
    return settings if "bootstrap" in settings.given else None


def for_the_demo(settings: Settings) -> Settings:
    """The settings of a stack of the demo's own, with its own carriers, and alerts that wait less; what is given stays.
    Raises OSError."""
    changes: dict[str, Path] = {}
    if "carriers_dir" not in settings.given:
        changes["carriers_dir"] = CARRIERS
    if "alerts_file" not in settings.given:
        rules = yaml.safe_load(PACKAGED.read_text("utf-8"))
        rules["suspended"] |= {"until_heard_for": HEARD_FOR}
        rules["flapping"] |= {"raised_more_than": FLAPS}
        rules["norms"] |= {"at_least": NORM_AT_LEAST, "learn_after": LEARN_AFTER}
        if declared := on_call.channels(rules):
            rules["channels"] = declared
        private_files.parent(settings.state.data_dir)
        changes["alerts_file"] = settings.state.data_dir.resolve() / RULES
        private_files.write(changes["alerts_file"], yaml.safe_dump(rules, sort_keys=False).encode())
    return settings.replace(**changes)


def plays_all(settings: Settings) -> bool:
    """Whether the stack has the demo's own carriers, too."""
    return settings.intake.carriers_dir == CARRIERS and not settings.intake.feeds


@contextmanager
def own_stack(settings: Settings, console: Console, ports: int | None = None) -> Iterator[Stack]:
    """Start a stack with its progress shown, and stop it at the end; ``ports``: its first one. Raises Transient or
    Fatal."""
    with console.status("starting the stack") as status:

        def say(name: str, what: str) -> None:
            if console.is_terminal:
                status.update(escape(f"starting the stack: {name} {what}"))
            elif what.startswith("up ") or "ended" in what:
                console.print(safe(f"{name} {what}"), soft_wrap=True)

        stack = Stack(for_the_demo(settings), ports=ports, say=say)
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


