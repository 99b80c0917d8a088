"""Runs the demo: finds or starts a stack, sends the messages, prints the result, and keeps the stack if asked."""

from __future__ import annotations

import os
import shutil
import sys
import webbrowser
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from config.settings import Settings
from streams.contracts.ids import shipment_key
from topologies.demo.carrier_desk import CarrierDesk, carrier_desk
from topologies.demo.customers import receiving
from topologies.demo.erp_desk import Desk, desk
from topologies.demo.going_on import go_on, sentence
from topologies.demo.hosting import books, found, own_stack, own_stack_apart, plays_all
from topologies.demo.journeys import Scan, Step
from topologies.demo.on_call import OnCall, on_call
from topologies.demo.payloads import ups
from topologies.demo.planned import Plan
from topologies.demo.reconcile import Totals, to_json, without_repeats
from topologies.demo.run import Run, wall_clock_ms
from topologies.demo.stage import Lines, Screen, Show
from topologies.demo.stories import tell
from topologies.demo.summary import Example, verdict, view, what_next
from topologies.local_stack import stack_file
from topologies.local_stack.stack import Stack
from topologies.runtime.files import private_files

SECONDS, CHECK_SECONDS = 60.0, 30.0
SCAN = "demo-scan.json"
FRESH_SEED = 7
"""The seed on a stack of our own. On a stack that ran a demo before, shipment numbers must be new."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the command. ``apart``: an own stack takes free ports and a folder of its own. ``stay``: whether
    an own stack keeps running afterwards; None: it does on a terminal. ``ports``: the first port of an own stack; None:
    those of the settings. ``open``: whether a browser is opened at the control tower."""

    shipments: int
    seconds: float | None
    seed: int | None
    pictures: bool
    apart: bool
    json: bool
    stay: bool | None
    ports: int | None = None
    open: bool = False


def present(settings: Settings, wishes: Wishes) -> Totals:
    """Run the demo and print the result. Raises Transient or Fatal if the stack fails; KeyboardInterrupt ends it
    early."""
    console = Console(stderr=wishes.json)
    stack: Stack | None = None
    result: Totals | None = None

    def faultless() -> bool:
        return result is not None and result.explained

    with ExitStack() as closing:
        up = found(settings)
        people: OnCall | None = None
        erp: Desk | None = None
        carriers: CarrierDesk | None = None
        if up is None:
            people, erp = closing.enter_context(on_call()), closing.enter_context(desk())
            carriers = closing.enter_context(carrier_desk())
            own = own_stack_apart(settings, console, faultless, erp, carriers) if wishes.apart else own_stack(
                settings, console, wishes.ports, erp, carriers
            )
            stack = closing.enter_context(own)
            up = stack.settings
        received = closing.enter_context(receiving(up)) if stack is not None else None
        carriers = carriers if books(up) else None
        plan = _plan(wishes, carriers, fresh=stack is not None, on_own_stack=stack is not None and plays_all(up))
        if (portal := _portal(up)) and wishes.pictures:
            console.print(f"The control tower: [bold]{portal}/tower[/]", highlight=False)
        if portal and wishes.open:
            webbrowser.open(f"{portal}/tower")
        run, result = _play(up, plan, console, stack, pictures=wishes.pictures and console.is_terminal)
        _tell(run, plan, result, console, wishes, portal, stack)
        for outside in (received, erp, carriers, people):
            if outside is not None:
                console.print(outside.sentence(), highlight=False, soft_wrap=not wishes.pictures)
        stay = console.is_terminal if wishes.stay is None else wishes.stay
        if stack is not None and wishes.pictures and stay:
            _stay_up(stack, console, plan.seed, result)
        return result


def example_of(plan: Plan, portal: str) -> Example:
    """A delivered shipment of the plan, and its order; the first of the plan where none is delivered."""
    ordered = {
        shipment_key(line.carrier, line.tracking_number): message.order.order_id
        for message in plan.messages if message.order is not None for line in message.order.shipments
    }
    delivered = [
        key for one in plan.journeys if one.delivered and (key := shipment_key(one.carrier, one.number)) in ordered
    ]
    shown = [key for key, order in ordered.items() if order == plan.example]
    key = next(iter([*shown, *delivered, *ordered]), "")
    return Example(key, ordered.get(key, ""), portal)


def _plan(wishes: Wishes, carriers: CarrierDesk | None, *, fresh: bool, on_own_stack: bool) -> Plan:
    now_ms = wall_clock_ms()
    seed = wishes.seed
    if seed is None:
        seed = FRESH_SEED if fresh else now_ms // 1000
    seconds = wishes.seconds or (CHECK_SECONDS if wishes.apart else SECONDS)
    return tell(seed, now_ms, wishes.shipments, seconds, on_own_stack=on_own_stack, carriers=carriers)


def _play(
    settings: Settings, plan: Plan, console: Console, stack: Stack | None, *, pictures: bool
) -> tuple[Run, Totals]:
    with ExitStack() as showing:
        show: Show = showing.enter_context(Screen(console)) if pictures else Lines(console)
        run = Run(settings, plan, show, beside=stack.look if stack is not None else lambda: None)
        result = run()
    if stack is not None and stack.restarts and result.differences:
        console.print("A stage was killed meanwhile; what it sent again under the id it had is no difference.")
        result = without_repeats(result)
    return run, result


def _portal(settings: Settings) -> str:
    """The URL of the portal of the stack that is up; empty where none runs."""
    noted = stack_file.running(settings.state.data_dir)
    if noted is None or "portal" not in {one.name for one in noted.processes}:
        return ""
    return f"http://{noted.host}:{stack_file.resolve(settings).portal.port}"


def _called() -> str:
    """How shipsync is called from here: by its name where the path has it."""
    if shutil.which("shipsync") is not None:
        return "shipsync"
    beside = Path(sys.executable).parent / "shipsync"
    return os.path.relpath(beside) if beside.exists() else f"{os.path.relpath(sys.executable)} -m topologies.cli.main"


def _further_scan(plan: Plan, stack: Stack) -> str:
    """Writes the delivery of a UPS parcel that is still under way into the data folder; the file, as it can be named
    from here. Empty where no parcel is."""
    ways = (way for way in plan.journeys if way.carrier == ups.CARRIER and way.scans[-1].step is Step.OUT_FOR_DELIVERY)
    way = next(ways, None)
    if way is None:
        return ""
    file = stack.settings.state.data_dir / SCAN
    private_files.write(file, ups.push(way, Scan(Step.DELIVERED, wall_clock_ms() // 1000 * 1000, way.destination)))
    return os.path.relpath(file)


def _tell(
    run: Run, plan: Plan, result: Totals, console: Console, wishes: Wishes, portal: str, stack: Stack | None
) -> None:
    if wishes.json:
        sys.stdout.write(to_json(result) + "\n")
    if wishes.pictures:
        console.print(view(run.last_summary))
    console.print(verdict(result), soft_wrap=not wishes.pictures)
    if wishes.pictures:
        example = example_of(plan, portal)
        if stack is not None:
            example = example._replace(scan=_further_scan(plan, stack), stage_kill=stack.stages_may_be_killed)
        console.print(what_next(example._replace(command=_called())), soft_wrap=True)
        console.print(f"The same story again: shipsync demo --seed {plan.seed}", style="dim", highlight=False)


def _stay_up(stack: Stack, console: Console, seed: int, result: Totals) -> None:
    console.print(
        "The stack stays up and the story goes on, a few shipments a minute: try these in another terminal."
        " [bold]Ctrl-C[/] ends it."
    )
    try:
        told = go_on(stack, seed, console)
    except KeyboardInterrupt:
        console.print()
    else:
        console.print(sentence(result, told), markup=False, highlight=False)
