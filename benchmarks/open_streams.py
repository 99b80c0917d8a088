"""``python -m benchmarks.open_streams``: a thousand open streams on one process of the portal while shipments change,
half of them the API's ``/v1/stream``, half of the tower. ``--write`` puts the figures into ``benchmarks/RESULTS.md``.

Shipments change in a read model that this process writes, without Kafka: a number a second, ten transactions a second.
Delay: from the beginning of the transaction to the arrival of the event that names the shipment, on every stream. The
listeners run in this process, on the same cores.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import re
import resource
import statistics
import tempfile
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count, islice
from pathlib import Path
from random import Random
from typing import NamedTuple

from msgspec import json
from rich.console import Console
from rich.table import Table

from benchmarks import sections
from benchmarks.portal_process import Served, served
from benchmarks.read_model import SEED, START, state_of
from connectors.read_store import files
from connectors.read_store.writer import Store
from portal.api.clients import new_key
from streams.contracts.model import ShipmentState
from streams.read_model.project import changes, key_of

TITLE = "A thousand open streams"
STREAMS, SECONDS, TRANSACTIONS, TARGET_MS = 1_000, 10, 10, 1_000.0
RATES = (10, 100, 500)
PATIENCE_SECONDS = 120.0
_KEY = re.compile(rb"carrier\d\d:1Z\d+")


class Measured(NamedTuple):
    """The cost of a rate of changes. Delays in ms; ``cpu``: of the portal, in percent of a core; ``memory``: MiB;
    ``heard``: the share of events that arrived."""

    rate: int
    median: float
    most: float
    longest: float
    cpu: float
    memory: float
    files: int
    heard: float


class Listener:
    """One stream: when each shipment was heard of first."""

    def __init__(self) -> None:
        self.heard: dict[bytes, float] = {}
        self.ended = False

    async def listen(self, portal: Served, path: str, key: str, opened: asyncio.Semaphore) -> None:
        """Until cancelled, or the stream ends."""
        async with opened:
            reader, writer = await asyncio.open_connection(portal.host, portal.port)
            head = f"GET {path} HTTP/1.1\r\nHost: {portal.host}\r\nAuthorization: Bearer {key}\r\n\r\n"
            writer.write(head.encode())
            first = await reader.readuntil(b"\r\n\r\n")
            assert first.startswith(b"HTTP/1.1 200"), first
        try:
            rest = b""
            while data := await reader.read(65_536):
                now = time.monotonic()
                *lines, rest = (rest + data).split(b"\n")
                for line in lines:
                    if line.startswith(b"data:"):
                        for found in _KEY.findall(line):
                            self.heard.setdefault(found, now)
        finally:
            self.ended = True
            writer.close()


class Writer:
    """The read model, written in a thread of its own."""

    def __init__(self, file: Path) -> None:
        self._thread = ThreadPoolExecutor(1)
        self._store = self._thread.submit(Store, file).result()
        self._thread.submit(self._store.note, "whole_at", START).result()

    async def put(self, states: Iterable[ShipmentState]) -> list[bytes]:
        """Write these states in one transaction; their keys."""
        keyed = [(key_of(one.carrier, one.tracking_number), one) for one in states]
        found = [change for key, one in keyed for change in changes(key, one, START)]
        await asyncio.get_running_loop().run_in_executor(self._thread, self._store.apply, found, [], START)
        return [key.encode() for key, _ in keyed]

    def close(self) -> None:
        """Close the file."""
        self._thread.submit(self._store.close).result()
        self._thread.shutdown()


async def change(store: Writer, rate: int, numbers: count[int]) -> dict[bytes, float]:
    """Change shipments at a rate; when each was."""
    chance, sent = Random(rate), dict[bytes, float]()
    began, each = time.monotonic(), max(1, rate // TRANSACTIONS)
    for turn in range(SECONDS * rate // each):
        await asyncio.sleep(max(0.0, began + turn * each / rate - time.monotonic()))
        at = time.monotonic()
        keys = await store.put(state_of(place, START + place, chance) for place in islice(numbers, each))
        sent.update((key, at) for key in keys)
    return sent


async def measured(
    store: Writer, portal: Served, listeners: list[Listener], rate: int, numbers: count[int]
) -> Measured:
    """Change shipments at a rate while all listen."""
    cpu, began = portal.cpu(), time.monotonic()
    sent = await change(store, rate, numbers)
    last, give_up = [*sent][-1], time.monotonic() + PATIENCE_SECONDS
    while not all(last in one.heard or one.ended for one in listeners) and time.monotonic() < give_up:
        await asyncio.sleep(0.2)
    cpu, took = portal.cpu() - cpu, time.monotonic() - began
    delays = sorted((one.heard[key] - at) * 1000 for one in listeners for key, at in sent.items() if key in one.heard)
    for one in listeners:
        one.heard.clear()
    return Measured(
        rate, statistics.median(delays), delays[int(len(delays) * 0.95)], delays[-1], 100 * cpu / took, portal.memory(),
        portal.files(), len(delays) / (len(sent) * len(listeners)),
    )


async def measure(store: Writer, portal: Served, key: str, streams: int) -> list[Measured]:
    """Open the streams, and change shipments at each of the rates."""
    listeners, opened, found = [Listener() for _ in range(streams)], asyncio.Semaphore(50), []
    paths = ("/v1/stream", "/tower/stream")
    tasks = [
        asyncio.create_task(one.listen(portal, paths[place % 2], key, opened)) for place, one in enumerate(listeners)
    ]
    try:
        numbers, warm = count(), {b""}
        while not all(warm & one.heard.keys() for one in listeners):
            for task in tasks:
                if task.done():
                    task.result()
            warm.update(await store.put([state_of(next(numbers), START, Random(SEED))]))
            await asyncio.sleep(0.5)
        for rate in RATES:
            found.append(await measured(store, portal, listeners, rate, numbers))
        return found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.open_streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=STREAMS)
    parser.add_argument("--write", action="store_true", help="put the figures into benchmarks/RESULTS.md")
    asked = parser.parse_args()
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(most, max(4_096, 2 * asked.streams)), most))
    key, entry = new_key("bench", ["shipments:read"], None, None)
    with tempfile.TemporaryDirectory(prefix="shipsync-bench-") as name:
        folder = Path(name)
        file = files.next_generation(folder / files.FOLDER)
        with closing(Writer(file)) as store:
            files.make_current(file)
            with served(folder, json.encode([entry]).decode()) as portal:
                memory = portal.memory()
                found = asyncio.run(measure(store, portal, key, asked.streams))
    heads = (
        "changes/s", "delay ms: median", "95 %", "longest", "arrived", "portal: CPU %", "MiB", "files",
        f"target: 95 % below {TARGET_MS:,.0f}, all arrive",
    )
    rows = [
        (f"{one.rate}", f"{one.median:,.0f}", f"{one.most:,.0f}", f"{one.longest:,.0f}", f"{100 * one.heard:.1f} %",
         f"{one.cpu:.0f}", f"{one.memory:,.0f}", f"{one.files:,}",
         sections.verdict(one.most < TARGET_MS and one.heard == 1)) for one in found
    ]
    table = Table(*heads, title=TITLE)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if asked.write:
        lines = [
            f"{asked.streams:,} streams; before them the portal holds {memory:,.0f} MiB. Load of the machine, by the"
            f" measurement and other work, at the end: {os.getloadavg()[0]:.0f}.", "",
            *(f"| {' | '.join(one)} |" for one in (heads, ["---"] * len(heads), *rows)),
        ]
        sections.put(TITLE, "python -m benchmarks.open_streams", lines, sections.RESULTS)


if __name__ == "__main__":
    main()
