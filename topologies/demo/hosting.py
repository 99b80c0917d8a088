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
from topologies.demo import booked, on_call
from topologies.demo.carrier_desk import CarrierDesk
from topologies.demo.erp_desk import KEY, Desk, erp_list
from topologies.demo.partners import CARRIERS
from topologies.demo.scenes import MANUFACTURERS_CUSTOMER
from topologies.local_stack import stack_file
from topologies.local_stack.stack import Stack, on_free_ports
from topologies.operations.terminal import safe
from topologies.runtime.files import private_files
from topologies.stages.alert_rules import PACKAGED

HEARD_FOR, LEARN_AFTER, NORM_AT_LEAST, FLAPS = "10s", "15s", 20, 20
"""The demo tells a week in a minute: so soon the silence of a shipment counts, so soon and of so few is learnt, and so
often may a cause come and go."""
RULES, ERPS, ERP_KEY, POLICIES = "demo-alerts.yaml", "demo-erp.yaml", "demo-erp-key", "demo-fulfilment.yaml"
BOOKINGS = "demo-bookings.yaml"
PROOF_WITHIN = "4h"
"""How long after a delivery its proof may come before somebody is alerted."""


def found(settings: Settings) -> Settings | None:
    """The settings to reach the running stack of this data directory, or else the broker they name."""
    if stack_file.running(settings.state.data_dir) is not None:
        return stack_file.resolve(settings)
    return settings if "bootstrap" in settings.given else None


def for_the_demo(settings: Settings, erp: Desk | None = None, carriers: CarrierDesk | None = None) -> Settings:
    """The settings of a stack of the demo's own, with its own carriers, alerts that wait less, a customer whose
    deliveries wait for a proof, and the demo's ERP and bookings where there are any; what is given stays. Raises
    OSError."""
    changes: dict[str, Path] = {}
    folder = settings.state.data_dir.resolve()
    if erp is not None and "erp_file" not in settings.given:
        changes["erp_file"] = folder / ERPS
        _write(folder / ERP_KEY, KEY)
        _write(folder / ERPS, erp_list(erp, folder / ERP_KEY))
    if erp is not None and "fulfilment_file" not in settings.given:
        changes["fulfilment_file"] = folder / POLICIES
        waits = {"proof": {"owner": "finance", "deadline": PROOF_WITHIN}}
        customers = {MANUFACTURERS_CUSTOMER: {"proof": "any", "waits": waits}}
        _write(folder / POLICIES, yaml.safe_dump({"customers": customers}))
    if carriers is not None and "bookings_file" not in settings.given:
        changes["bookings_file"] = folder / BOOKINGS
        _write(folder / BOOKINGS, booked.rules(carriers))
    if "carriers_dir" not in settings.given:
        changes["carriers_dir"] = CARRIERS
    if "alerts_file" not in settings.given:
        rules = yaml.safe_load(PACKAGED.read_text("utf-8"))
        rules["suspended"] |= {"until_heard_for": HEARD_FOR}
        rules["flapping"] |= {"raised_more_than": FLAPS}
        rules["norms"] |= {"at_least": NORM_AT_LEAST, "learn_after": LEARN_AFTER}
        if declared := on_call.channels(rules):
            rules["channels"] = declared
        changes["alerts_file"] = folder / RULES
        _write(changes["alerts_file"], yaml.safe_dump(rules, sort_keys=False))
    return settings.replace(**changes)


def _write(file: Path, text: str) -> None:
    private_files.parent(file.parent)
    private_files.write(file, text.encode())


def plays_all(settings: Settings) -> bool:
    """Whether the stack has the demo's own carriers, too."""
    return settings.intake.carriers_dir == CARRIERS and not settings.intake.feeds


def books(settings: Settings) -> bool:
    """Whether the stack asks the demo's carriers for bookings."""
    return settings.bookings.file is not None and settings.bookings.file.name == BOOKINGS


@contextmanager
def own_stack(
    settings: Settings, console: Console, ports: int | None = None, erp: Desk | None = None,
    carriers: CarrierDesk | None = None,
) -> Iterator[Stack]:
    """Start a stack with its progress shown, and stop it at the end; ``ports``: its first one; ``erp``: the ERP it
    posts to; ``carriers``: those it books with. Raises Transient or Fatal."""
    with console.status("starting the stack") as status:

        def say(name: str, what: str) -> None:
            if console.is_terminal:
                status.update(escape(f"starting the stack: {name} {what}"))
            elif what.startswith("up ") or "ended" in what:
                console.print(safe(f"{name} {what}"), soft_wrap=True)

        stack = Stack(for_the_demo(settings, erp, carriers), ports=ports, say=say)
        stack.start()
    try:
        yield stack
    finally:
        with console.status("stopping the stack"):
            stack.stop()


@contextmanager
def own_stack_apart(
    settings: Settings, console: Console, faultless: Callable[[], bool], erp: Desk | None = None,
    carriers: CarrierDesk | None = None,
) -> Iterator[Stack]:
    """Start a stack on free ports in a folder of its own; the folder is kept, for its logs, if something failed."""
    folder = Path(tempfile.mkdtemp(prefix="shipsync-demo-"))
    apart = on_free_ports(settings.replace(data_dir=folder))
    try:
        with own_stack(apart, console, erp=erp, carriers=carriers) as stack:
            yield stack
    finally:
        if faultless():
            shutil.rmtree(folder, ignore_errors=True)
        else:
            console.print(safe(f"The logs are in {folder / 'logs'}"), soft_wrap=True)


