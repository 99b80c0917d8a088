"""``python -m benchmarks.pages``: how long pages of the control tower take over a million shipments, from one process
of the portal. ``--write`` puts the figures into ``benchmarks/RESULTS.md``.

The read model is filled by its own writer, without Kafka: states, every tenth shipment with its events, orders, and
alerts, open and closed. Then pages are asked for over HTTP, one after the other, each of another shipment, carrier,
customer or place in a list. ``--folder`` keeps the filled data folder, and goes on with one that is there.
"""

from __future__ import annotations

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from http import HTTPStatus
from http.client import HTTPConnection
from pathlib import Path
from random import Random
from urllib.parse import quote

from msgspec import Struct, structs
from rich.console import Console
from rich.table import Table

from benchmarks import sections
from benchmarks.portal_process import Served, served
from benchmarks.read_model import CARRIERS, CUSTOMERS, Asked, event_of, number_of, state_of
from connectors.read_store import files
from connectors.read_store.writer import Store
from streams.contracts import ids
from streams.contracts.alerts import Alert
from streams.contracts.claims import OrderState
from streams.kernel.vocabulary import AlertKind, AlertState, ExceptionType, Reason, Severity, Status
from streams.read_model.project import changes, key_of
from streams.read_model.rows import Change

TITLE = "Pages over a million shipments"
SHIPMENTS, ALERTS, ASKED, MOST_MS = 1_000_000, 50_000, 100, 100.0
BATCH, DAYS, DAY_MS, SEED = 10_000, 30, 86_400_000, 5
DEEP = 40
"""Pages that a person goes through from the first, where a list is asked for deep down."""
KINDS = (
    AlertKind.DELIVERY_LATE, AlertKind.DELIVERY_AT_RISK, AlertKind.SHIPMENT_STALLED, AlertKind.SHIPMENT_EXCEPTION,
)


def values(shipments: int, alerts: int, now: int, chance: Random) -> Iterator[tuple[str, Struct]]:
    """All values of topics that fill the read model, by the keys of their records."""
    began = now - DAYS * DAY_MS
    for place in range(shipments):
        at = began + place * DAYS * DAY_MS // shipments
        state = state_of(place, at, chance)
        if state.status is Status.DELIVERED:
            state = structs.replace(state, delivered_at=at)
        key = key_of(state.carrier, state.tracking_number)
        yield key, state
        if place % 10 == 0:
            for turn in range(6):
                yield key, event_of(place, at - turn * 3_600_000)
        if place % 2 == 0:
            yield f"SO-{place // 2}", OrderState(
                f"SO-{place // 2}", CUSTOMERS[place % len(CUSTOMERS)], "open", at + DAY_MS, at, "1", []
            )
    for turn in range(alerts):
        place, at = chance.randrange(shipments), began + turn * DAYS * DAY_MS // alerts
        carrier, kind = CARRIERS[place % len(CARRIERS)], KINDS[turn % len(KINDS)]
        subject, over = key_of(carrier, number_of(place)), turn % 5 > 0
        alert_id = ids.alert_id(kind, f"{subject}{turn}")
        yield alert_id, Alert(
            alert_id, kind, AlertState.RESOLVED if over else AlertState.RAISED, chance.choice(list(Severity)), subject,
            "promised yesterday", ExceptionType.DELAY, Reason.NORMAL, at, at, carrier, shipments=[subject], affected=1,
            resolved_at=at + chance.randrange(DAY_MS) if over else None, times_raised=1,
        )


def fill(folder: Path, shipments: int, alerts: int, beat: Callable[[str], None]) -> None:
    """Fill the read model of a data folder, unless it has one."""
    folder = folder / files.FOLDER
    if files.current(folder) is not None:
        return
    now, number = time.time_ns() // 1_000_000, 0
    file = files.next_generation(folder)
    with closing(Store(file)) as store:
        batch: list[Change] = []
        for key, value in values(shipments, alerts, now, Random(SEED)):
            batch += changes(key, value, now)
            if len(batch) >= BATCH:
                number += len(batch)
                store.apply(batch, [], now)
                batch = []
                beat(f"{number:,} rows written")
        store.apply(batch, [], now)
        store.note("whole_at", now)
        files.make_current(file)


class Browser:
    """Asks one portal, over one connection."""

    def __init__(self, portal: Served) -> None:
        self._connection = HTTPConnection(portal.host, portal.port, timeout=60)

    def get(self, address: str) -> str:
        """The page, through redirections."""
        self._connection.request("GET", address)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status in (HTTPStatus.SEE_OTHER, HTTPStatus.FOUND):
            return self.get(answer.headers["Location"])
        assert answer.status == HTTPStatus.OK, f"{address}: {answer.status}"
        return body.decode()

    def deep(self, address: str, pages: int) -> str:
        """The address of a page so many pages behind the first, or of the last."""
        for _ in range(pages):
            _, found, rest = self.get(address).partition("cursor=")
            if not found:
                break
            sign = "&" if "?" in address.partition("&cursor=")[0] else "?"
            base = address.partition("?cursor=")[0].partition("&cursor=")[0]
            address = f"{base}{sign if '?' in base else '?'}cursor={rest.partition(chr(34))[0].partition('&')[0]}"
        return address


def addresses(browser: Browser, shipments: int, chance: Random) -> list[tuple[str, Callable[[], str]]]:
    """Kinds of pages, and what gives an address of each."""
    deep = {
        name: browser.deep(address, DEEP) for name, address in (
            ("shipments", "/tower/shipments"), ("status", "/tower/shipments?status=in_transit"),
            ("alerts", "/tower"), ("orders", "/tower/orders"),
        )
    }

    def shipment() -> str:
        place = chance.randrange(shipments // 10) * 10
        return f"/tower/shipments/{quote(key_of(CARRIERS[place % len(CARRIERS)], number_of(place)))}"

    def listed(**filters: str) -> str:
        return "/tower/shipments?" + "&".join(f"{name}={value}" for name, value in filters.items())

    return [
        ("work list", lambda: "/tower"),
        (f"work list, page {DEEP + 1}", lambda: deep["alerts"]),
        ("work list of a carrier", lambda: f"/tower?carrier={chance.choice(CARRIERS)}"),
        ("work list of a kind", lambda: f"/tower?kind={chance.choice(KINDS)}"),
        ("search: a number", lambda: f"/tower/shipments?q={number_of(chance.randrange(shipments))}"),
        ("search: its beginning", lambda: f"/tower/shipments?q={number_of(chance.randrange(shipments))[:7]}"),
        ("search: nothing", lambda: "/tower/shipments?q=NOTHERE12345"),
        ("one shipment", shipment),
        ("shipments", lambda: "/tower/shipments"),
        (f"shipments, page {DEEP + 1}", lambda: deep["shipments"]),
        (f"of a status, page {DEEP + 1}", lambda: deep["status"]),
        ("of a carrier at risk", lambda: listed(carrier=chance.choice(CARRIERS), punctuality="at_risk")),
        ("of a carrier and a status", lambda: listed(
            carrier=chance.choice(CARRIERS), status=chance.choice(list(Status)),
        )),
        ("of a customer", lambda: listed(customer=chance.choice(CUSTOMERS))),
        ("of a customer, with an exception", lambda: listed(customer=chance.choice(CUSTOMERS), exception="delay")),
        ("with an exception nobody has", lambda: listed(status="in_transit", exception="lost")),
        ("orders", lambda: "/tower/orders"),
        (f"orders, page {DEEP + 1}", lambda: deep["orders"]),
        ("scorecard", lambda: "/tower/carriers"),
        ("board", lambda: "/tower/board"),
    ]


def measure(folder: Path, shipments: int, beat: Callable[[str], None]) -> list[Asked]:
    """How long each kind of page took."""
    chance, found = Random(SEED), dict[str, Asked]()
    with served(folder) as portal:
        browser = Browser(portal)
        kinds = addresses(browser, shipments, chance)
        for turn in range(ASKED):
            beat(f"asked {turn} of {ASKED}")
            for name, address_of in kinds:
                address, began = address_of(), time.perf_counter()
                browser.get(address)
                found.setdefault(name, Asked(name, [])).took.append((time.perf_counter() - began) * 1000)
    return list(found.values())


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pages", description=__doc__)
    parser.add_argument("--shipments", type=int, default=SHIPMENTS)
    parser.add_argument("--folder", type=Path, help="where the data is kept")
    parser.add_argument("--write", action="store_true", help="put the figures into benchmarks/RESULTS.md")
    asked = parser.parse_args()
    console = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="shipsync-bench-") as name, console.status("begins") as status:
        folder = asked.folder or Path(name)
        alerts = min(ALERTS, asked.shipments // 20)
        fill(folder, asked.shipments, alerts, status.update)
        found = measure(folder, asked.shipments, status.update)
    heads = ("page", "median ms", "95 %", "longest", f"target: 95 % below {MOST_MS:.0f}")
    rows = [
        (one.name, f"{statistics.median(one.took):,.1f}", f"{one.at(0.95):,.1f}", f"{max(one.took):,.1f}",
         sections.verdict(one.at(0.95) < MOST_MS)) for one in found
    ]
    table = Table(*heads, title=TITLE)
    for row in rows:
        table.add_row(*row)
    Console().print(table)
    if asked.write:
        lines = [
            f"{asked.shipments:,} shipments of {len(CARRIERS)} carriers and {len(CUSTOMERS):,} customers, {alerts:,}"
            f" alerts, each page {ASKED} times. Load of the machine, by the measurement and other work, at the end:"
            f" {os.getloadavg()[0]:.0f}.", "",
            *(f"| {' | '.join(one)} |" for one in (heads, ["---"] * len(heads), *rows)),
        ]
        sections.put(TITLE, "python -m benchmarks.pages", lines, sections.RESULTS)


if __name__ == "__main__":
    main()
