"""``python -m tests.lifecycle``: orders by a script over the whole stack and an ERP; each must end where the script
says.

A courier's feed is silent until the last act, the ERP is away while goods arrive, proofs come late, a parcel is
refused, an order is split over two parcels. Carriers are asked for bookings over REST and by EDI: they decline, offer
other terms, give no answer; proofs lie behind links, later, or never. Ends with a table of script and reality, and with
1 on any difference.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from rich.console import Console
from rich.table import Table

from config.settings import Settings
from streams.contracts.model import DeadLetter
from tests.lifecycle import rules, script
from tests.lifecycle.account import Account
from tests.lifecycle.booked import COUNTERS
from tests.lifecycle.ends import Story
from tests.lifecycle.erps import Erp, erp_of
from tests.lifecycle.haulage import Haulier
from tests.lifecycle.play import Play, Stalled
from tests.lifecycle.reached import Reached, differences, must
from tests.lifecycle.script import Scripted
from topologies.demo.carrier_desk import CarrierDesk, carrier_desk
from topologies.local_stack.stack import Stack, on_free_ports

ORDERS, PATIENCE = 2 * len(Story), 420.0
FOLDER = Path("/var/tmp/shipsync-lifecycle") if os.geteuid() == 0 else Path.home() / ".cache" / "shipsync-lifecycle"
"""PostgreSQL runs as another user than root, who may not enter root's home."""
SHOWN = 10


def main() -> int:
    """Play the script and compare; 1 where an order is elsewhere than it must be."""
    parser = argparse.ArgumentParser(prog="python -m tests.lifecycle", description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--erp", choices=("desk", "tryton"), default="desk", help="the demo's ERP, or a real Tryton")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where Tryton is installed and its database lies")
    parser.add_argument("--patience", type=float, default=PATIENCE, help="seconds for which nothing may happen")
    asked = parser.parse_args()
    logging.disable(logging.INFO)
    console = Console(width=None if sys.stdout.isatty() else 190, highlight=False)
    with tempfile.TemporaryDirectory(prefix="shipsync-lifecycle-") as made, ExitStack() as closing:
        folder, begun = Path(made), time.monotonic()

        def say(words: str) -> None:
            console.print(f"{time.monotonic() - begun:6.0f} s  {words}")

        say(f"{asked.orders} orders are made in the ERP ({asked.erp}) ...")
        erp = closing.enter_context(erp_of(asked.erp, asked.orders, folder, asked.folder))
        desk = closing.enter_context(carrier_desk())
        told = script.write(erp.numbers, time.time_ns() // 1_000_000, desk)
        say("the stack starts ...")
        stack = Stack(on_free_ports(_settings(folder, erp, desk)))
        stack.start()
        closing.callback(stack.stop)
        account = Account(stack.settings)
        closing.callback(account.close)
        haulier = Haulier(folder / "drop", [one.delivery_id for one in told.orders if one.story in COUNTERS])
        play = Play(told, stack.settings, account, erp, haulier, asked.patience, say)
        try:
            play.acts()
        except Stalled as error:
            say(str(error))
        found = play.settled()
        say("compared")
        return _verdict(told.orders, found, erp, account.letters, console)


def _settings(folder: Path, erp: Erp, desk: CarrierDesk) -> Settings:
    files = {"erp": erp.erp_list, "fulfilment": rules.POLICIES, "bookings": rules.bookings(desk.address)}
    for name, text in files.items():
        (folder / f"{name}.yaml").write_text(text, "utf-8")
    drop = folder / "drop"
    drop.mkdir()
    return Settings(
        _env_file=None, data_dir=folder / "data", carriers_dir=rules.carriers(folder / "carriers"), drop_dir=drop,
        drop_unchanged=1.0, drop_interval=1.0, feed_sweep_interval=1.0,
        **{f"{name}_file": folder / f"{name}.yaml" for name in files},
    )


def _verdict(
    orders: Sequence[Scripted], found: dict[str, Reached], erp: Erp, letters: Sequence[DeadLetter], console: Console
) -> int:
    wrong = {one.delivery_id: there for one, _, there in differences(orders, found, erp)}
    table = Table(box=None, pad_edge=False, header_style="bold")
    for head in ("story", "orders", "script", "in the ERP", "booking", "documents", "alerts", "as scripted"):
        table.add_column(head, justify="right" if head in ("orders", "as scripted") else "left", overflow="fold")
    for story in Story:
        of_it = [one for one in orders if one.story is story]
        if of_it:
            wanted = must(of_it[0], erp)
            right = sum(one.delivery_id not in wrong for one in of_it)
            table.add_row(
                story.value, str(len(of_it)), *wanted, str(right), style="" if right == len(of_it) else "red",
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
