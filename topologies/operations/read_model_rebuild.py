"""Makes the read model anew from its topics, and compares one with them."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from config.settings import Settings
from connectors.kafka.registry import Registry
from connectors.read_store import files, schema
from connectors.read_store.inputs import Batch, Inputs
from connectors.read_store.writer import Place, Store
from streams.kernel.errors import Transient
from streams.read_model import rows
from streams.read_model.rows import KEYS, Row

Progress = Callable[[int, int], None]
"""Called now and then with the records read and the records that are left to read, as far as known."""
OUTLIVES_ITS_TOPIC = frozenset({
    rows.Event, rows.CustomerWord, rows.Posting, rows.DeadLetter, rows.Action, rows.Notification,
})
"""Tables that keep rows whose records Kafka has dropped by age."""


class Rebuilt(NamedTuple):
    """A read model made anew: the records it was made of, its shipments, and the seconds it took."""

    records: int
    shipments: int
    seconds: float


class Compared(NamedTuple):
    """One table beside its topic. ``rows``: in the read model. ``missing``: rows the topic makes that are not there.
    ``different``: rows with other values. ``left_over``: rows that the topic does not make; of tables that keep them
    longer than Kafka does, these are no fault."""

    table: str
    rows: int
    missing: int
    different: int
    left_over: int
    agrees: bool


def rebuild(settings: Settings, folder: Path, progress: Progress = lambda *_: None) -> Rebuilt:
    """Make the next generation and turn readers to it; a worker that follows goes on with it. Raises Transient where
    broker, registry or topic does not answer: what was current stays."""
    begun = time.monotonic()
    file = files.next_generation(folder)
    try:
        with closing(Store(file)) as store:
            records = _fill(settings, store, [], progress)
            store.note("whole_at", _now_ms())
            shipments = store.count(rows.Shipment)
    except BaseException:
        files.delete(file)
        raise
    files.make_current(file)
    return Rebuilt(records, shipments, time.monotonic() - begun)


def check(settings: Settings, folder: Path, progress: Progress = lambda *_: None) -> list[Compared]:
    """Compare the current generation with one made of the topics up to where it has read; nothing is changed.

    Raises Transient where there is none, or broker, registry or topic does not answer.
    """
    current = files.current(folder)
    if current is None:
        raise Transient(f"there is no read model in {folder} yet: shipsync views follow")
    file = files.next_generation(folder)
    try:
        with _frozen(current) as base:
            places = [Place(*row) for row in base.execute("SELECT * FROM places")]
            with closing(Store(file)) as store:
                _fill(settings, store, places, progress)
            base.execute("ATTACH ? AS made", (str(file),))
            return [_compare(base, table) for table in KEYS]
    finally:
        files.delete(file)


def _fill(settings: Settings, store: Store, until: list[Place], progress: Progress) -> int:
    """Reads the topics to their end, or to where ``until`` says; how many records."""
    records = 0
    inputs = Inputs(
        settings, Registry(settings), [],
        {(place.topic, place.partition): place.next for place in until} if until else None,
    )
    with closing(inputs):

        def apply(batch: Batch) -> None:
            nonlocal records
            store.apply(batch.changes, batch.places, _now_ms())
            records += batch.records
            progress(records, sum(place.behind for place in batch.places))

        inputs.to_the_end(apply)
    store.forget_history_of_none()
    return records


@contextmanager
def _frozen(file: Path) -> Iterator[sqlite3.Connection]:
    """The file as it is now, whatever is written to it meanwhile."""
    with closing(files.opened(file, isolation_level=None)) as base:
        base.execute("BEGIN")
        base.execute("SELECT count(*) FROM places").fetchone()
        yield base


def _compare(base: sqlite3.Connection, table: type[Row]) -> Compared:
    name, keys = schema.table_of(table), schema.key_columns(table)
    same = " AND ".join(f"ours.{one} = theirs.{one}" for one in keys)
    others = [one for one in table._fields if one not in keys and one != "told_at"]
    differ = " OR ".join(f"ours.{one} IS NOT theirs.{one}" for one in others)
    ours, theirs = f'main."{name}" AS ours', f'made."{name}" AS theirs'
    number, missing, different, left_over = (
        int(base.execute(f"SELECT count(*) FROM {what}").fetchone()[0]) for what in (
            ours,
            f"{theirs} WHERE NOT EXISTS (SELECT 1 FROM {ours} WHERE {same})",
            f"{ours} JOIN {theirs} ON {same} WHERE {differ}",
            f"{ours} WHERE NOT EXISTS (SELECT 1 FROM {theirs} WHERE {same})",
        )
    )
    fault = missing or different or (left_over and table not in OUTLIVES_ITS_TOPIC)
    return Compared(name, number, missing, different, left_over, not fault)


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
