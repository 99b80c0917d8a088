"""``python -m benchmarks.page_latency``: how long a carrier's push takes to an open page of the control tower, at a
steady rate. ``--write`` puts it into ``benchmarks/RESULTS.md``.

The whole embedded stack, as ``shipsync up`` starts it. Pushes go to the gateway over HTTP, each of a new shipment; one
page of the tower is open, and hears of each by its stream of server-sent events. Delay: from the sending of the push to
the event that names its shipment. Pushing and listening share a process of their own, on the same cores. Where the time
goes is read from the times of the records on Kafka and of the change in the read model.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, closing
from http import HTTPStatus
from itertools import pairwise
from pathlib import Path
from random import Random
from typing import NamedTuple

import aiohttp
from confluent_kafka import Message
from rich.console import Console
from rich.table import Table

from benchmarks import sections
from config import topics
from config.settings import Settings
from config.topics import Topic
from connectors.kafka.consumer import PartitionReader
from connectors.read_store import files
from connectors.read_store.reader import ReadStore
from connectors.read_store.writer import MOST_CHANGES
from topologies.demo.numbers import ups
from topologies.local_stack.stack import Stack, on_free_ports

TITLE = "From a push to an open page"
RATE, SECONDS, WARM_SECONDS = 500, 20, 10
TARGET_MS = 1_000
PATIENCE_SECONDS = 60.0
IN_FLIGHT = 32
BUSY = HTTPStatus.SERVICE_UNAVAILABLE


class Measured(NamedTuple):
    """Delays in ms."""

    pushes: int
    a_second: float
    median: float
    most: float
    longest: float
    hops: list[Hop]


class Hop(NamedTuple):
    """One part of the way, ms."""

    name: str
    median: float
    most: float


class Page:
    """An open page: when it heard of each shipment, by the loop's clock."""

    def __init__(self) -> None:
        self.heard: dict[str, float] = {}
        self.opened = asyncio.Event()

    async def listen(self, client: aiohttp.ClientSession, url: str) -> None:
        """Until cancelled."""
        what = ""
        async with client.get(url, timeout=aiohttp.ClientTimeout(total=None)) as stream:
            stream.raise_for_status()
            async for line in stream.content:
                self.opened.set()
                if line.startswith(b"event: "):
                    what = line[7:].decode().strip()
                elif line.startswith(b"data: ") and what == "shipment":
                    now = time.monotonic()
                    for key in json.loads(line[6:]):
                        self.heard.setdefault(key, now)


def body(number: str) -> bytes:
    """One track alert of UPS."""
    return json.dumps({
        "trackingNumber": number, "localActivityDate": "20261128", "localActivityTime": "101500",
        "activityLocation": {"city": "HICKORY", "stateProvince": "NC", "postalCode": "28601", "country": "US"},
        "activityStatus": {
            "type": "I", "code": "DP", "description": "Departed from Facility", "descriptionCode": "005",
        },
        "gmtActivityDate": "20261128", "gmtActivityTime": "151500",
    }).encode()


async def posted(client: aiohttp.ClientSession, url: str, number: str) -> int:
    """The status of the answer to one push."""
    async with client.post(url, data=body(number), headers={"Content-Type": "application/json"}) as answer:
        return answer.status


async def pushed(client: aiohttp.ClientSession, url: str, numbers: list[str], rate: float) -> dict[str, float]:
    """When each push was sent first; all have been acknowledged. One that is answered 503 comes again after a second,
    as a carrier's would."""
    sent: dict[str, float] = {}
    room = asyncio.Semaphore(IN_FLIGHT)

    async def push(number: str) -> None:
        sent[f"ups:{number}"] = time.monotonic()
        try:
            while (answered := await posted(client, url, number)) == BUSY:
                await asyncio.sleep(1)
            assert answered < HTTPStatus.BAD_REQUEST, f"the gateway answers {answered}"
        finally:
            room.release()

    began = time.monotonic()
    async with asyncio.TaskGroup() as tasks:
        for place, number in enumerate(numbers):
            await asyncio.sleep(max(0.0, began + place / rate - time.monotonic()))
            await room.acquire()
            tasks.create_task(push(number))
    return sent


@asynccontextmanager
async def opened(client: aiohttp.ClientSession, url: str) -> AsyncIterator[Page]:
    """A page that listens."""
    page = Page()
    listening = asyncio.create_task(page.listen(client, url))
    try:
        await asyncio.wait_for(page.opened.wait(), PATIENCE_SECONDS)
        yield page
    finally:
        listening.cancel()
        await asyncio.gather(listening, return_exceptions=True)


def written(settings: Settings, topic: Topic, key_of: Callable[[Message], str]) -> dict[str, float]:
    """When the first record of each shipment was written to a topic, UTC seconds."""
    found: dict[str, float] = {}
    with closing(PartitionReader(settings, "bench-page-latency")) as reader:
        reader.assign_whole([topic.name])
        for records in reader.to_the_end():
            for record in records:
                at = record.timestamp()[1] / 1000
                key = key_of(record)
                found[key] = min(at, found.get(key, at))
    return found


def hops(settings: Settings, sent: Mapping[str, float], heard: Mapping[str, float]) -> list[Hop]:
    """Where the time goes. ``sent``, ``heard``: UTC seconds by the key of a shipment."""

    def named(record: Message) -> str:
        return f"ups:{json.loads(record.value() or b'{}').get('trackingNumber', '')}"

    def keyed(record: Message) -> str:
        return (record.key() or b"").decode()

    with closing(ReadStore(settings.state.data_dir / files.FOLDER)) as store:
        changes = store.changes_after(0, MOST_CHANGES)
    rows = {one.key: one.at / 1000 for one in reversed(changes)}
    points = [
        ("", sent), ("push to raw", written(settings, topics.raw("ups"), named)),
        ("raw to event", written(settings, topics.CARRIER_EVENTS, keyed)),
        ("event to state", written(settings, topics.SHIPMENT_STATE, keyed)),
        ("state to row", rows), ("row to page", heard),
    ]
    found = []
    for (_, before), (name, after) in pairwise(points):
        took = sorted((after[key] - before[key]) * 1000 for key in sent.keys() & before.keys() & after.keys())
        found.append(Hop(name, statistics.median(took), took[int(len(took) * 0.95)]))
    return found


async def measure(settings: Settings, gateway: str, portal: str, rate: int) -> Measured:
    """Push at the rate, and wait until the page has heard of all."""
    past = time.time() - time.monotonic()
    chance = Random(rate)
    numbers = list(dict.fromkeys(ups(chance) for _ in range(rate * (WARM_SECONDS + SECONDS))))
    connector = aiohttp.TCPConnector(limit=IN_FLIGHT)
    async with aiohttp.ClientSession(connector=connector) as client, opened(client, f"{portal}/tower/stream") as page:
        began = time.monotonic()
        sent = await pushed(client, f"{gateway}/v1/carriers/ups/events", numbers, rate)
        took = time.monotonic() - began
        give_up = time.monotonic() + PATIENCE_SECONDS
        while sent.keys() - page.heard.keys() and time.monotonic() < give_up:
            await asyncio.sleep(0.2)
    counted = [f"ups:{number}" for number in numbers[rate * WARM_SECONDS:]]
    missing = [key for key in counted if key not in page.heard]
    assert not missing, f"the page never heard of {len(missing)} shipments, such as {missing[0]}"
    delays = sorted((page.heard[key] - sent[key]) * 1000 for key in counted)
    parts = await asyncio.to_thread(
        hops, settings, {key: past + sent[key] for key in counted},
        {key: past + page.heard[key] for key in counted},
    )
    return Measured(
        len(counted), len(numbers) / took, statistics.median(delays), delays[int(len(delays) * 0.95)], delays[-1], parts
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.page_latency", description=__doc__)
    parser.add_argument("--rate", type=int, default=RATE, help="pushes a second")
    parser.add_argument("--write", action="store_true", help="put the figures into benchmarks/RESULTS.md")
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        stack = Stack(on_free_ports(Settings(_env_file=None, data_dir=Path(folder), gateway_rate=1_000_000)))
        stack.start()
        try:
            portal = f"http://{stack.settings.process.host}:{stack.settings.portal.port}"
            found = asyncio.run(measure(stack.settings, stack.gateway_url or "", portal, asked.rate))
        finally:
            stack.stop()
    heads = ("pushes", "a second", "delay ms: median", "95 %", "longest", f"target: 95 % below {TARGET_MS:,}")
    row = (f"{found.pushes:,}", f"{found.a_second:,.0f}", f"{found.median:,.0f}", f"{found.most:,.0f}",
           f"{found.longest:,.0f}", sections.verdict(found.most < TARGET_MS))
    table = Table(*heads, title=TITLE)
    table.add_row(*row)
    Console().print(table)
    names = ("part of the way", "delay ms: median", "95 %")
    parts = [(one.name, f"{one.median:,.0f}", f"{one.most:,.0f}") for one in found.hops]
    table = Table(*names, title="Where the time goes")
    for one in parts:
        table.add_row(*one)
    Console().print(table)
    if asked.write:
        load = f"Load of the machine, by the measurement and other work, at the end: {os.getloadavg()[0]:.0f}."
        lines = [load, "", *(f"| {' | '.join(one)} |" for one in (heads, ["---"] * len(heads), row)), ""]
        lines += [f"| {' | '.join(one)} |" for one in (names, ["---"] * len(names), *parts)]
        sections.put(TITLE, "python -m benchmarks.page_latency", lines, sections.RESULTS)


if __name__ == "__main__":
    main()
