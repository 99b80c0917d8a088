"""``python -m benchmarks.read_model``: what a change of the read model costs, and how long questions take once it holds
a million shipments. ``--write`` puts it into ``benchmarks/SCALE.md``.

Without Kafka: records are decoded from Avro, projected and written as the worker does it, in transactions of its batch;
questions are asked as pages do, each of another shipment, carrier, customer or page.
"""

from __future__ import annotations

import argparse
import gc
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from random import Random
from typing import NamedTuple

from msgspec import Struct
from rich.console import Console
from rich.table import Table

from benchmarks import sections
from config import topics
from config.topics import Topic
from connectors.kafka.registry import ValueCodec
from connectors.read_store import files
from connectors.read_store.inputs import BATCH
from connectors.read_store.reader import AlertFilter, ReadStore
from connectors.read_store.shipment_lists import ShipmentFilter
from connectors.read_store.writer import Place, Store
from streams.contracts import ids
from streams.contracts.model import (
    CarrierEvent,
    EnrichedEvent,
    Location,
    OrderLink,
    Reference,
    ShipmentState,
    Source,
)
from streams.kernel.vocabulary import (
    Classifier,
    Correction,
    ExceptionType,
    Milestone,
    Precision,
    Punctuality,
    Reason,
    Status,
)
from streams.read_model.project import changes, key_of
from tests.support.registry import fake_registry
from topologies.workers.read_model import GC_THRESHOLDS

TITLE = "The read model"
SHIPMENTS, QUESTIONS = 1_000_000, 400
CHANGES_A_SECOND, MOST_MS = 10_000, 100.0
SEED = 11
START = 1_790_000_000_000
CARRIERS = tuple(f"carrier{number:02}" for number in range(30))
CUSTOMERS = tuple(f"C-{number:04}" for number in range(1_000))
STATES = tuple(Status)
PUNCTUAL = tuple(Punctuality)


class Asked(NamedTuple):
    """How long one kind of question took, ms, each time it was asked."""

    name: str
    took: list[float]

    def at(self, share: float) -> float:
        """The time that this share of the questions took at most."""
        return sorted(self.took)[min(len(self.took) - 1, int(share * len(self.took)))]


def number_of(place: int) -> str:
    """The tracking number of a shipment."""
    return f"1Z{place * 7_919 % 10**10:010}"


def state_of(place: int, at: int, chance: Random) -> ShipmentState:
    """One version of a shipment's state."""
    customer = CUSTOMERS[place % len(CUSTOMERS)]
    return ShipmentState(
        CARRIERS[place % len(CARRIERS)], number_of(place), chance.choice(STATES), at, Milestone.IN_TRANSIT, at, 6,
        [OrderLink(f"SO-{place // 2}", f"DN-{place // 2}", customer, at + 86_400_000, 100.0, "EUR")], at + 90_000_000,
        None, None, [ExceptionType.DELAY] if chance.random() < 0.05 else [], at, b"r" * 400, at + 86_400_000,
        punctuality=chance.choice(PUNCTUAL),
    )


def event_of(place: int, at: int) -> EnrichedEvent:
    """One event of a shipment."""
    carrier, number, lyon = CARRIERS[place % len(CARRIERS)], number_of(place), Location(city="Lyon", country="FR")
    return EnrichedEvent(CarrierEvent(
        ids.event_id(carrier, number, Milestone.IN_TRANSIT, "X", at, lyon, None), carrier, number,
        Milestone.IN_TRANSIT, Classifier.ACTUAL, at, at + 1_000, ExceptionType.NONE, Reason.NORMAL, "X1",
        "arrived at the facility", lyon, None, None, None, 120, False, Precision.INSTANT, Correction.NEW, None,
        [Reference("po", f"PO-{place // 3}")], [], Source("f", "webhook", "raw.f.v1", 0, place, 0, "c"),
    ), Status.IN_TRANSIT, False, True, [])


class Filling:
    """Writes changes as the worker does, and counts them and the CPU seconds they took."""

    def __init__(self, store: Store) -> None:
        registry = fake_registry()
        self._store, self._offset = store, 0
        self._codecs: dict[type[Struct], ValueCodec[Struct]] = {
            kind: ValueCodec(topic, kind, registry) for topic, kind in _KINDS
        }
        self.changes, self.cpu, self.wall = 0, 0.0, 0.0

    def write(self, values: Iterator[tuple[str, Struct]], beat: Callable[[int], None]) -> None:
        """Write these values; encoding them is not counted."""
        batch: list[tuple[str, type[Struct], bytes]] = []
        for key, value in values:
            batch.append((key, type(value), self._codecs[type(value)].encode(value)))
            if len(batch) == BATCH:
                self._apply(batch)
                batch = []
                beat(self.changes)
        self._apply(batch)

    def _apply(self, batch: list[tuple[str, type[Struct], bytes]]) -> None:
        cpu, wall = time.process_time(), time.perf_counter()
        found = [
            change for key, kind, value in batch for change in changes(key, self._codecs[kind].decode(value), START)
        ]
        self._offset += len(batch)
        self._store.apply(found, [Place(topics.SHIPMENT_STATE.name, 0, self._offset, 0)], START)
        self.cpu += time.process_time() - cpu
        self.wall += time.perf_counter() - wall
        self.changes += len(batch)


_KINDS: tuple[tuple[Topic, type[Struct]], ...] = (
    (topics.SHIPMENT_STATE, ShipmentState), (topics.SHIPMENT_EVENTS, EnrichedEvent),
)


def first(shipments: int, chance: Random) -> Iterator[tuple[str, Struct]]:
    """A state and an event of each shipment."""
    for place in range(shipments):
        at = START + place * 37 % 86_400_000
        state = state_of(place, at, chance)
        key = key_of(state.carrier, state.tracking_number)
        yield key, event_of(place, at)
        yield key, state


def again(shipments: int, number: int, chance: Random) -> Iterator[tuple[str, Struct]]:
    """Further events and states of shipments here and there."""
    for turn in range(number // 2):
        place, at = chance.randrange(shipments), START + 86_400_000 + turn
        state = state_of(place, at, chance)
        key = key_of(state.carrier, state.tracking_number)
        yield key, event_of(place, at)
        yield key, state


def questions(store: ReadStore, shipments: int, chance: Random) -> Iterator[tuple[str, Callable[[], object]]]:
    """One of each kind of question, by name."""
    place = chance.randrange(shipments)
    key = key_of(CARRIERS[place % len(CARRIERS)], number_of(place))
    carrier, customer = chance.choice(CARRIERS), chance.choice(CUSTOMERS)

    def page(wanted: ShipmentFilter) -> Callable[[], object]:
        return lambda: store.shipments(wanted, 50)

    yield "one shipment with its history", lambda: (store.shipment(key), store.events(key), store.words(key))
    yield "a number", lambda: store.find(number_of(place))
    yield "the beginning of a number", lambda: store.find(number_of(place)[:8])
    yield "a purchase order", lambda: store.find(f"PO-{place // 3}")
    yield "the newest shipments", page(ShipmentFilter())
    yield "a carrier's", page(ShipmentFilter(carrier=carrier))
    yield "a customer's", page(ShipmentFilter(customer=customer))
    yield "a status", page(ShipmentFilter(status=chance.choice(STATES)))
    yield "a carrier's at risk", page(ShipmentFilter(carrier=carrier, punctuality="at_risk"))
    yield "a customer's with an exception", page(ShipmentFilter(customer=customer, exception="delay"))
    yield "an order's shipments", lambda: store.shipments_of(f"SO-{place // 2}")
    yield "counts and work list", lambda: (store.counts(), store.alerts(AlertFilter(), 50))


def measure(shipments: int, beat: Callable[[str], None]) -> tuple[Filling, Filling, list[Asked], int]:
    """Fill a read model, change it and ask it: both fillings, the answers, bytes on disk."""
    chance = Random(SEED)
    with tempfile.TemporaryDirectory(prefix="shipsync-bench-") as name:
        folder = Path(name)
        file = files.next_generation(folder)
        with closing(Store(file)) as store:
            filled, changed = Filling(store), Filling(store)
            filled.write(first(shipments, chance), lambda done: beat(f"{done:,} of {2 * shipments:,} written"))
            changed.write(again(shipments, 200_000, chance), lambda done: beat(f"{done:,} of 200,000 changed"))
            store.note("whole_at", START)
            files.make_current(file)
            found: dict[str, Asked] = {}
            with closing(ReadStore(folder)) as reader:
                for turn in range(QUESTIONS):
                    beat(f"asked {turn:,} of {QUESTIONS:,}")
                    for what, ask in questions(reader, shipments, chance):
                        began = time.perf_counter()
                        ask()
                        found.setdefault(what, Asked(what, [])).took.append((time.perf_counter() - began) * 1000)
            size = sum(one.stat().st_size for one in folder.iterdir() if one.is_file())
        return filled, changed, list(found.values()), size


def main() -> None:
    """Run, and print or write the tables."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.read_model", description=__doc__)
    parser.add_argument("--shipments", type=int, default=SHIPMENTS)
    parser.add_argument("--write", action="store_true", help="put the tables into benchmarks/SCALE.md")
    asked = parser.parse_args()
    gc.freeze()
    gc.set_threshold(*GC_THRESHOLDS)
    console = Console(stderr=True)
    with console.status("begins") as status:
        filled, changed, found, size = measure(asked.shipments, status.update)
    lines = [
        f"{asked.shipments:,} shipments, each with a state and an event, {size / 2**30:.1f} GiB on disk; then 200,000"
        " changes of shipments here and there.", "",
        "| written | changes/s | CPU µs a change | asked: 10,000 changes/s |", "|---|---|---|---|",
        *(
            f"| {what} | {one.changes / one.wall:,.0f} | {one.cpu / one.changes * 1e6:.0f} |"
            f" {sections.verdict(one.changes / one.wall >= CHANGES_A_SECOND)} |"
            for what, one in (("for the first time", filled), ("here and there", changed))
        ), "",
        f"| question, asked {QUESTIONS} times | median ms | p95 ms | asked: p95 {MOST_MS:.0f} ms |",
        "|---|---|---|---|",
        *(
            f"| {one.name} | {statistics.median(one.took):.2f} | {one.at(0.95):.2f} |"
            f" {sections.verdict(one.at(0.95) < MOST_MS)} |" for one in found
        ),
    ]
    if asked.write:
        sections.put(TITLE, "python -m benchmarks.read_model --write", lines)
    table = Table(title=TITLE, show_header=False)
    for line in lines:
        table.add_row(line)
    console.print(table)


if __name__ == "__main__":
    main()
