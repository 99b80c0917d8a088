"""``python -m tests.lifecycle``: orders by a script over the whole stack and an ERP; each must end where the script
says.

A courier's feed is silent until the last act, the ERP is away while goods arrive, proofs come late, a parcel is
refused, an order is split over two parcels. Carriers are asked for bookings over REST and by EDI: they decline, offer
other terms, give no answer; proofs lie behind links, later, or never. Each order is traced from topic to topic. Ends
with a table of script and reality, and with 1 on any difference.
"""

from __future__ import annotations

import argparse
import logging
import os
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack, closing
from pathlib import Path

from rich.console import Console

from config.settings import Settings
from connectors.kafka.registry import Registry
from tests.lifecycle import rules, script, ways
from tests.lifecycle.account import Account
from tests.lifecycle.booked import COUNTERS
from tests.lifecycle.ends import Story
from tests.lifecycle.erps import Erp, erp_of
from tests.lifecycle.haulage import Haulier
from tests.lifecycle.kept_reader import KeptReader
from tests.lifecycle.play import Play, Stalled
from tests.lifecycle.script import Scripted
from tests.lifecycle.verdict import Verdict
from topologies.demo.carrier_desk import CarrierDesk, carrier_desk
from topologies.local_stack.stack import Stack, on_free_ports
from topologies.operations.order_trace import TracedTopics, traced

ORDERS, PATIENCE = 2 * len(Story), 420.0
FOLDER = Path("/var/tmp/shipsync-lifecycle") if os.geteuid() == 0 else Path.home() / ".cache" / "shipsync-lifecycle"
"""PostgreSQL runs as another user than root, who may not enter root's home."""


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
    with tempfile.TemporaryDirectory(prefix="shipsync-lifecycle-") as made, ExitStack() as ending:
        folder, begun = Path(made), time.monotonic()

        def say(words: str) -> None:
            console.print(f"{time.monotonic() - begun:6.0f} s  {words}")

        say(f"{asked.orders} orders are made in the ERP ({asked.erp}) ...")
        erp = ending.enter_context(erp_of(asked.erp, asked.orders, folder, asked.folder))
        desk = ending.enter_context(carrier_desk())
        told = script.write(erp.numbers, time.time_ns() // 1_000_000, desk)
        say("the stack starts ...")
        stack = Stack(on_free_ports(_settings(folder, erp, desk)))
        stack.start()
        ending.callback(stack.stop)
        account = Account(stack.settings)
        ending.callback(account.close)
        haulier = Haulier(folder / "drop", [one.delivery_id for one in told.orders if one.story in COUNTERS])
        play = Play(told, stack.settings, account, erp, haulier, asked.patience, say, stack.look)
        try:
            play.acts()
        except Stalled as error:
            say(str(error))
        found = play.settled()
        say("compared; each order is traced from topic to topic ...")
        lacking = _traced(told.orders, stack.settings)
        say("traced")
        return Verdict(told.orders, found, lacking, account.letters, erp).show(console)


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


def _traced(orders: Sequence[Scripted], settings: Settings) -> dict[str, list[str]]:
    """The steps that the trace of each order lacks, by its delivery."""
    with closing(KeptReader(settings)) as reader:
        kafka = TracedTopics(Registry(settings), reader)
        return {
            one.delivery_id: list(ways.missing(one.story, traced(kafka, one.order_id).steps)) for one in orders
        }


if __name__ == "__main__":
    sys.exit(main())
