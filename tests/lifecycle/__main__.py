"""``python -m tests.lifecycle``: orders by a script over the whole stack and an ERP; each must end where the script
says.

A courier's feed is silent until the last act, the ERP is away while goods arrive, proofs come late, a parcel is
refused, an order is split over two parcels. Ends with a table of script and reality, and with 1 on any difference.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from config import topics
from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.kafka.topic_reader import each, latest
from streams.contracts.model import DeadLetter, FulfilmentState
from streams.contracts.outbound import OutboundOutcome
from streams.kernel.vocabulary import DeliveryPhase, FulfilmentAction, OutboundStatus, PostingKind
from tests.lifecycle import script
from tests.lifecycle.erps import Erp, erp_of
from tests.lifecycle.reached import Reached, differences, must, reached
from tests.lifecycle.script import ENDS, Act, Script, Scripted, Story
from tests.support.waiting import eventually
from topologies.demo.ledger import Ledger
from topologies.demo.partners import CARRIERS
from topologies.demo.play import Player
from topologies.local_stack.stack import Stack, on_free_ports
from topologies.operations.command_actor import command_actor
from topologies.operations.fulfilment_board import decide, known_of

ORDERS, PATIENCE, LOOK = 24, 600.0, 1.0
FOLDER = Path("/var/tmp/shipsync-lifecycle") if os.geteuid() == 0 else Path.home() / ".cache" / "shipsync-lifecycle"
"""PostgreSQL runs as another user than root, who may not enter root's home."""
SHOWN = 10
Say = Callable[[str], None]


def main() -> int:
    """Play the script and compare; 1 where an order is elsewhere than it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.lifecycle", description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--erp", choices=("desk", "tryton"), default="desk", help="the demo's ERP, or a real Tryton")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where Tryton is installed and its database lies")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds an act may take to come to its end")
    asked = parser.parse_args()
    logging.disable(logging.INFO)
    console = Console(width=None if sys.stdout.isatty() else 160, highlight=False)
    with tempfile.TemporaryDirectory(prefix="shipsync-lifecycle-") as made, ExitStack() as closing:
        folder, begun = Path(made), time.monotonic()

        def say(words: str) -> None:
            console.print(f"{time.monotonic() - begun:6.0f} s  {words}")

        say(f"{asked.orders} orders are made in the ERP ({asked.erp}) ...")
        erp = closing.enter_context(erp_of(asked.erp, asked.orders, folder, asked.folder))
        say("the stack starts ...")
        stack = Stack(on_free_ports(_settings(folder, erp)))
        stack.start()
        closing.callback(stack.stop)
        settings = stack.settings
        told = script.write(erp.numbers, time.time_ns() // 1_000_000)
        _play(told, settings, erp, asked.patience, say)
        found = _settled(told.orders, settings, erp, asked.patience)
        letters = _dead_letters(settings)
        say("compared")
        return _verdict(told.orders, found, erp, letters, console)


def _settings(folder: Path, erp: Erp) -> Settings:
    erps, policies = folder / "erp.yaml", folder / "fulfilment.yaml"
    erps.write_text(erp.erp_list, "utf-8")
    policies.write_text(script.POLICIES, "utf-8")
    return Settings(
        _env_file=None, data_dir=folder / "data", erp_file=erps, fulfilment_file=policies, carriers_dir=CARRIERS,
        feed_sweep_interval=1.0,
    )


def _play(told: Script, settings: Settings, erp: Erp, patience: float, say: Say) -> None:
    """Tell the acts one after the other, each once the one before has come to its end."""
    player = Player(
        settings, Registry(settings), told.plan, Ledger(told.plan), lambda: time.time_ns() // 1_000_000
    )

    def act(one: Act) -> None:
        player.send_due(one.value)

    act(Act.LEAVES)
    issues = sum(
        ENDS[one.story].booked[PostingKind.GOODS_ISSUE] for one in told.orders if one.story is not Story.OUTAGE
    )
    _until(lambda: _made(settings, PostingKind.GOODS_ISSUE) >= issues, patience, f"{issues} goods issues posted")
    say(f"{issues} goods issues are posted; the ERP goes away, and goods arrive")
    erp.go_away()
    act(Act.ARRIVES)
    _until(lambda: _in_vain(settings), patience, "an attempt found no ERP")
    _until(lambda: _waiting(told.orders, settings), patience, "deliveries without proof wait")
    erp.come_back()
    say("the ERP is back; proofs, returns and a courier's whole history come; finance waives")
    act(Act.CATCHES_UP)
    player.finish()
    for one in told.orders:
        if one.story is Story.WAIVED:
            known = known_of(settings, one.delivery_id)
            decide(
                settings, known, FulfilmentAction.WAIVE, "the customer confirmed it by mail", command_actor(settings),
                time.time_ns() // 1_000_000,
            )


def _settled(orders: Sequence[Scripted], settings: Settings, erp: Erp, patience: float) -> dict[str, Reached]:
    """Where all orders are, once each is where it must be, or patience ends."""
    give_up = time.monotonic() + patience
    while True:
        found = reached(orders, settings, erp)
        if not list(differences(orders, found, erp)) or time.monotonic() > give_up:
            return found
        time.sleep(LOOK)


def _outcomes(settings: Settings) -> list[OutboundOutcome]:
    found: dict[str, OutboundOutcome] = {}

    def take(_: str, one: OutboundOutcome | None) -> None:
        if one is not None:
            found[one.message_id] = one

    each(settings, Registry(settings), topics.POSTING_OUTCOMES, OutboundOutcome, take)
    return list(found.values())


def _made(settings: Settings, kind: PostingKind) -> int:
    return sum(one.kind == kind and one.status is OutboundStatus.SENT for one in _outcomes(settings))


def _in_vain(settings: Settings) -> bool:
    return any(one.status is OutboundStatus.RETRYING for one in _outcomes(settings))


def _waiting(orders: Sequence[Scripted], settings: Settings) -> bool:
    states = latest(settings, Registry(settings), topics.FULFILMENT_STATE, FulfilmentState)
    waiting = {key for key, one in states.items() if one.phase is DeliveryPhase.WAITING_FOR_PROOF}
    return all(
        one.delivery_id in waiting for one in orders
        if one.story in (Story.LATE_PROOF, Story.NO_PROOF, Story.WAIVED)
    )


def _dead_letters(settings: Settings) -> list[DeadLetter]:
    found: list[DeadLetter] = []

    def take(_: str, one: DeadLetter | None) -> None:
        if one is not None:
            found.append(one)

    each(settings, Registry(settings), topics.DEAD_LETTERS, DeadLetter, take)
    return found


def _until(condition: Callable[[], bool], patience: float, what: str) -> None:
    eventually(condition, patience, interval=LOOK, what=what)


def _verdict(
    orders: Sequence[Scripted], found: dict[str, Reached], erp: Erp, letters: Sequence[DeadLetter], console: Console
) -> int:
    wrong = {one.delivery_id: there for one, _, there in differences(orders, found, erp)}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("story", "orders", "script", "in the ERP by the script", "alert", "as scripted"):
        table.add_column(head, justify="right" if head in ("orders", "as scripted") else "left", overflow="fold")
    for story in Story:
        of_it = [one for one in orders if one.story is story]
        if of_it:
            wanted = must(of_it[0], erp)
            right = sum(one.delivery_id not in wrong for one in of_it)
            table.add_row(
                story.value, str(len(of_it)), wanted.phase, wanted.in_erp, wanted.overdue, str(right),
                style="" if right == len(of_it) else "red",
            )
    console.print(table)
    for one in orders:
        if one.delivery_id in list(wrong)[:SHOWN]:
            there, wanted = wrong[one.delivery_id], must(one, erp)
            console.print(f"{one.order_id} / {one.delivery_id} ({one.story.value}):", style="red")
            for name, is_there, is_due in zip(Reached._fields, there, wanted, strict=True):
                if is_there != is_due:
                    console.print(f"    {name}: {is_there or 'none'}, not {is_due or 'none'}", style="red")
    for letter in letters[:SHOWN]:
        console.print(f"a dead letter of {letter.step}: {letter.reason}, {letter.detail}", style="red")
    faults = len(wrong) + len(letters)
    console.print(
        f"Each of {len(orders)} orders is where the script says." if not faults
        else f"{len(wrong)} of {len(orders)} orders are elsewhere, {len(letters)} dead letters."
    )
    return min(1, faults)


if __name__ == "__main__":
    sys.exit(main())
