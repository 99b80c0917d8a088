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
from pathlib import Path

from rich.console import Console

from connectors.kafka.topic_admin import TopicAdmin
from streams.contracts.model import Order
from tests.erp import account
from tests.erp.scene import Told, tell, unknown
from tests.erp.tryton_server import DATABASE, PASSWORD, USER, TrytonServer
from tests.erp.world import World
from tests.fakes.lossy_proxy import Lossy, lossy_proxy
from tests.support.brokers import apache_kafka, embedded, on_broker
from topologies.local_stack.stack import catalogue

ORDERS, UNKNOWN, LOSES_EVERY = 200, 2, 101
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
    parser.add_argument("--kafka", action="store_true", help="on Apache Kafka in place of the embedded broker")
    parser.add_argument("--at-once", type=int, default=2, help="postings under way at the ERP")
    parser.add_argument("--folder", type=Path, default=FOLDER, help="where Tryton is installed and its database lies")
    asked = parser.parse_args()
    logging.disable(logging.INFO)
    console = Console(width=None if sys.stdout.isatty() else 200, highlight=False)
    server = TrytonServer(asked.folder)
    broker = apache_kafka if asked.kafka else embedded
    with tempfile.TemporaryDirectory(prefix="shipsync-erp-") as folder, ExitStack() as closing:
        console.print("Tryton and PostgreSQL are set up ...")
        server.install()
        closing.callback(server.stop)
        begun = time.monotonic()
        told = tell(server.fill(asked.orders))
        server.start()
        console.print(f"{len(told)} orders in Tryton after {time.monotonic() - begun:.0f} s")
        lossy = closing.enter_context(lossy_proxy(server.port, lambda count, _: count % LOSES_EVERY == 0))
        with _running(broker, Path(folder), lossy, asked.at_once) as world:
            pulled = [world.pull_orders()]
            begun = time.monotonic()
            _play(world, server, told, lambda text: console.print(f"{time.monotonic() - begun:6.0f} s  {text}"))
            seconds = time.monotonic() - begun
            postings = world.postings()
            pulled.append(world.pull_orders())
        return _verdict(server, told, pulled, lossy, postings, seconds, console)


@contextmanager
def _running(
    broker: Callable[[], AbstractContextManager[str]], folder: Path, lossy: Lossy, at_once: int
) -> Iterator[World]:
    """The stages and the sender on a broker."""
    secret = folder / "secret"
    secret.write_text(PASSWORD)
    erps = folder / "erp.yaml"
    erps.write_text(LIST.format(
        port=lossy.port, database=DATABASE, user=USER, secret=json.dumps(str(secret)), at_once=at_once,
    ))
    with on_broker(broker, folder, feed_sweep_interval=0.5, erp_file=erps) as settings:
        TopicAdmin(settings).create(catalogue())
        with World(settings, folder) as world:
            yield world


def _play(world: World, server: TrytonServer, told: list[Told], say: Callable[[str], None]) -> None:
    """Tell the milestones; kill the ERP twice, and each worker."""
    third = max(1, len(told) // 3)
    first, second, last = told[:third], told[third: 2 * third], told[2 * third:]
    world.tell(first)
    world.until_posted(len(first))
    say(f"{world.posted()} postings made; trytond is killed")
    server.kill()
    world.tell(second)
    world.until_asked_in_vain()
    world.restart_sender()
    server.start()
    world.until_settled(0)
    say(f"{world.posted()} postings made; the sender was killed meanwhile; invoices are taken back")
    world.tell(last)
    world.tell_later([*first, *second])
    world.until_posted(world.posted() + len(last))
    say(f"{world.posted()} postings made; trytond and PostgreSQL are stopped")
    server.stop()
    world.say([one for number in range(UNKNOWN) for one in unknown(number)])
    world.restart_stage()
    world.until_asked_in_vain()
    server.start()
    world.until_settled(UNKNOWN)
    say(f"{world.posted()} postings made; {world.give_up_held()} that Tryton refused are given up")
    world.tell_later(last)
    world.until_settled(0)


def _verdict(
    server: TrytonServer, told: list[Told], pulled: list[dict[str, Order]], lossy: Lossy, postings: int,
    seconds: float, console: Console,
) -> int:
    found = account.held(server)
    before, after = pulled
    wrong = [
        *account.faults(told, found), *account.noted_twice(server), *account.ill_noticed(told, server),
        *account.misread(told, before, {}), *account.misread(told, after, found),
    ]
    stories = Counter(one.story.value for one in told)
    sums = Counter[str]()
    for one in told:
        there = found[one.order.shipment]
        sums["done"] += there.state == "done"
        for name in ("proofs", "invoices", "credits", "returns"):
            sums[name] += getattr(there, name)
    console.print(
        f"{len(told)} orders ({', '.join(f'{count} {name}' for name, count in stories.items())}): "
        f"{postings} postings in {seconds:.0f} s, {lossy.asked} calls of which {lossy.lost} answers were lost"
    )
    console.print(
        f"in Tryton's database: {sums['done']} shipments done, {sums['proofs']} proofs, {sums['invoices']} posted"
        f" invoices, {sums['credits']} credit notes, {sums['returns']} customer returns"
    )
    console.print(f"orders read from Tryton: {len(before)} before, {len(after)} as changed after")
    for line in wrong:
        console.print(line, style="red")
    console.print("Each posting is in effect once, each notice told once." if not wrong else f"{len(wrong)} faults.")
    return min(1, len(wrong))


if __name__ == "__main__":
    sys.exit(main())
