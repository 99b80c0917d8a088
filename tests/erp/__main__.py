"""``python -m tests.erp``: postings of many orders reach a real Tryton, each once, though it and workers are killed.

Ends with 1 where the ERP's own database does not hold exactly what was told.
"""

from __future__ import annotations

import argparse
import json
import logging
import os
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from functools import partial
from pathlib import Path

from rich.console import Console

from connectors.kafka.topic_admin import TopicAdmin
from tests.erp import account
from tests.erp.kept_run import KeptRun, Progress
from tests.erp.play import Play
from tests.erp.scene import Told, tell
from tests.erp.tryton_server import DATABASE, PASSWORD, USER, TrytonServer
from tests.erp.world import World
from tests.fakes.lossy_proxy import Lossy, lossy_proxy
from tests.support.brokers import apache_kafka, embedded, on_broker
from topologies.local_stack.stack import catalogue

ORDERS, PORTION, LOSES_EVERY = 200, 1_000, 101
FOLDER = Path("/var/tmp/shipsync-erp") if os.geteuid() == 0 else Path.home() / ".cache" / "shipsync-erp"
"""PostgreSQL runs as another user than root, who may not enter root's home."""
LIST = """
erps:
  - name: main
    kind: tryton
    address: http://127.0.0.1:{port}/
    database: {database}
    user: {user}
    secrets: {{password: {{file: {secret}}}}}
    at_once: {at_once}
    timeout: 60
    settle: 2
    orders: {{every: 10s}}
    notices: [booked, exception_opened]
    exceptions: [delay]
"""


def main() -> int:
    """Set up, tell, kill, count; 1 where something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tests.erp", description=__doc__)
    parser.add_argument("--orders", type=int, default=ORDERS)
    parser.add_argument("--portion", type=int, default=PORTION, help="orders that are told together, before the next")
    parser.add_argument("--kafka", action="store_true", help="on Apache Kafka in place of the embedded broker")
    parser.add_argument("--at-once", type=int, default=2, help="postings under way at the ERP")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where Tryton is installed and its database lies")
    parser.add_argument("--keep", type=Path, help="go on with the run in this folder, or begin one there (on Kafka)")
    asked = parser.parse_args()
    logging.disable(logging.INFO)
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    server = TrytonServer(asked.folder)
    with ExitStack() as closing:
        folder = asked.keep or Path(closing.enter_context(tempfile.TemporaryDirectory(prefix="shipsync-erp-")))
        folder.mkdir(parents=True, exist_ok=True)
        run = KeptRun(folder, asked.portion)
        if run.progress.orders and len(run.progress.orders) != asked.orders:
            parser.error(f"argument --orders: the run in {folder} is one of {len(run.progress.orders)}")
        console.print("Tryton and PostgreSQL are set up ...")
        server.install()
        server.stop()
        closing.callback(server.stop)
        if not run.progress.orders:
            begun = time.monotonic()
            run.progress.orders = server.fill(asked.orders)
            run.keep()
            console.print(f"{asked.orders} orders in Tryton after {time.monotonic() - begun:.0f} s")
        server.start()
        told = tell(run.progress.orders)
        broker = partial(apache_kafka, folder / "kafka") if asked.kafka or asked.keep else embedded
        with _running(broker, folder, server.port, asked.at_once) as (world, lossy):
            play = Play(world, server, lossy, run, console)
            play.all_of(told)
            return _verdict(server, told, world, run.progress, console)


@contextmanager
def _running(
    broker: Callable[[], AbstractContextManager[str]], folder: Path, port: int, at_once: int
) -> Iterator[tuple[World, Lossy]]:
    """The stages and the sender on a broker, and what loses answers of the ERP at this port."""
    secret, erps = folder / "secret", folder / "erp.yaml"
    secret.write_text(PASSWORD)
    with lossy_proxy(port, lambda count, _: count % LOSES_EVERY == 0) as lossy:
        erps.write_text(LIST.format(
            port=lossy.port, database=DATABASE, user=USER, secret=json.dumps(str(secret)), at_once=at_once,
        ))
        with on_broker(broker, folder, feed_sweep_interval=0.5, erp_file=erps) as settings:
            TopicAdmin(settings).create(catalogue())
            with World(settings, folder) as world:
                yield world, lossy


def _verdict(server: TrytonServer, told: list[Told], world: World, run: Progress, console: Console) -> int:
    after, found = world.pull_orders(), account.held(server)
    wrong = [*run.wrong, *account.all_faults(told, server), *account.misread(told, after, found)]
    stories = Counter(one.story.value for one in told)
    sums = Counter[str]()
    for one in told:
        there = found[one.order.shipment]
        sums["done"] += there.state == "done"
        for name in ("proofs", "invoices", "credits", "returns"):
            sums[name] += getattr(there, name)
    sittings = "" if run.sittings == 1 else f" in {run.sittings} sittings"
    console.print(
        f"{len(told)} orders ({', '.join(f'{count} {name}' for name, count in stories.items())}): {world.postings()}"
        f" postings in {run.seconds:.0f} s{sittings}, {run.asked} calls of which {run.lost} answers were lost"
    )
    console.print(
        f"in Tryton's database: {sums['done']} shipments done, {sums['proofs']} proofs, {sums['invoices']} posted"
        f" invoices, {sums['credits']} credit notes, {sums['returns']} customer returns"
    )
    console.print(f"orders read from Tryton: {run.read} before, {len(after)} as changed after")
    for line in wrong:
        console.print(line, style="red")
    console.print("Each posting is in effect once, each notice told once." if not wrong else f"{len(wrong)} faults.")
    return min(1, len(wrong))


if __name__ == "__main__":
    sys.exit(main())
