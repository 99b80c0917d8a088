"""Runs the demo: finds or starts a stack, sends the messages, prints the result, and keeps the stack if asked."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from dataclasses import dataclass

from rich.console import Console

from config.settings import Settings
from topologies.demo.hosting import found, own_stack, own_stack_apart
from topologies.demo.planned import Plan
from topologies.demo.reconcile import Totals, to_json
from topologies.demo.run import Run, wall_clock_ms
from topologies.demo.stage import Lines, Screen, Show
from topologies.demo.stories import tell
from topologies.demo.summary import verdict, view, what_next
from topologies.local_stack.stack import Stack

SECONDS, CHECK_SECONDS = 60.0, 30.0
FRESH_SEED = 7
"""The seed on a stack of our own. On a stack that ran a demo before, shipment numbers must be new."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """The options of the command. ``apart``: an own stack takes free ports and a folder of its own. ``stay``: whether
    an own stack keeps running afterwards; None: it does on a terminal."""

    shipments: int
    seconds: float | None
    seed: int | None
    pictures: bool
    apart: bool
    json: bool
    stay: bool | None


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
        if up is None:
            own = own_stack_apart(settings, console, faultless) if wishes.apart else own_stack(settings, console)
            stack = closing.enter_context(own)
            up = stack.settings
        plan = _plan(wishes, fresh=stack is not None)
        run, result = _play(up, plan, console, stack, pictures=wishes.pictures and console.is_terminal)
        _tell(run, plan, result, console, wishes)
        stay = console.is_terminal if wishes.stay is None else wishes.stay
        if stack is not None and wishes.pictures and stay:
            _stay_up(stack, console)
        return result


def _plan(wishes: Wishes, *, fresh: bool) -> Plan:
    now_ms = wall_clock_ms()
    seed = wishes.seed
    if seed is None:
        seed = FRESH_SEED if fresh else now_ms // 1000
    seconds = wishes.seconds or (CHECK_SECONDS if wishes.apart else SECONDS)
    return tell(seed, now_ms, wishes.shipments, seconds)


def _play(
    settings: Settings, plan: Plan, console: Console, stack: Stack | None, *, pictures: bool
) -> tuple[Run, Totals]:
    with ExitStack() as showing:
        show: Show = showing.enter_context(Screen(console)) if pictures else Lines(console)
        run = Run(settings, plan, show, beside=stack.look if stack is not None else lambda: None)
        return run, run()


def _tell(run: Run, plan: Plan, result: Totals, console: Console, wishes: Wishes) -> None:
    if wishes.json:
        sys.stdout.write(to_json(result) + "\n")
    if wishes.pictures:
        console.print(view(run.last_summary))
    console.print(verdict(result), soft_wrap=not wishes.pictures)
    if wishes.pictures:
        console.print(what_next())
        console.print(f"The same story again: shipsync demo --seed {plan.seed}", style="dim", highlight=False)


def _stay_up(stack: Stack, console: Console) -> None:
    console.print("The stack stays up: try these in another terminal. [bold]Ctrl-C[/] stops it.")
    try:
        stack.run(lambda: False)
    except KeyboardInterrupt:
        console.print()
