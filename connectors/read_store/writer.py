"""Writes the read model: rows and the places they were read at, in one transaction."""

from __future__ import annotations

import fcntl
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, NamedTuple

from connectors.read_store import files, schema
from connectors.read_store.checkpoints import LONGEST_LOG, Checkpoints
from connectors.read_store.schema import BETWEEN
from connectors.read_store.shipment_rows import HANGS_ON_IT, ShipmentRows
from connectors.read_store.tallying import Tallying
from streams.kernel.errors import Fatal
from streams.read_model import rows
from streams.read_model.rows import KEYS, Change, Put, Remove, Row

MAPPED = 2 * 1024**3
"""Bytes of the file that are read as memory; SQLite maps no more."""
MOST_CHANGES = 200_000
"""Changes kept for those who follow; who is further behind begins anew."""
_UPSERTS = {row: schema.upsert(row) for row in KEYS if row is not rows.Shipment}
_SHOWN = {
    rows.Order: "order", rows.Alert: "alert", rows.AlertMessage: "alert", rows.Feed: "feed", rows.FeedPause: "feed",
}
"""Kinds that followers hear of, beside shipments."""


class Place(NamedTuple):
    """How far a partition is read: ``next`` is the offset to go on at, ``behind`` how many records are left, ``id`` the
    identity of its topic."""

    topic: str
    partition: int
    next: int
    behind: int
    id: str = ""


class _Pending:
    """Rows that are to be put, by table; of a shipment the last alone. ``handles``: a set in the order they came."""

    def __init__(self) -> None:
        self.shipments: dict[str, Put] = {}
        self.rows: dict[type[Row], list[Row]] = {}
        self.handles: dict[tuple[str, str, str], None] = {}


class Store:
    """The file, open for writing by this process alone. Close it when done."""

    def __init__(self, file: Path) -> None:
        """Opens the file, or makes it. Raises Fatal where another process writes it, or the disk refuses."""
        self.file = file
        self._lock = _locked(file)
        try:
            begun = not file.exists()
            self._base = sqlite3.connect(file, isolation_level=None)
            self._base.executescript(
                "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL; PRAGMA cache_size = -131072;"
                f" PRAGMA temp_store = MEMORY; PRAGMA mmap_size = {MAPPED}; PRAGMA wal_autocheckpoint = {LONGEST_LOG};"
            )
            if begun:
                self._base.executescript(f"BEGIN; {schema.script()} COMMIT;")
        except (sqlite3.Error, OSError) as error:
            self._lock.close()
            raise Fatal(f"the read model {file} cannot be written: {error}") from error
        self._checkpoints = Checkpoints(file)
        self._shipments = ShipmentRows(self._base)
        self._tallying = Tallying(self._base, self._shipments)
        self._places: dict[tuple[str, int], Place] = {}
        last = self._base.execute("SELECT max(number) FROM changes").fetchone()[0]
        # Numbers grow over rebuilds, too: a follower's last number is never that of an older change. Within a file they
        # have no gaps, which would look to a follower as if changes were lost.
        self._change = last or time.time_ns() // 1_000

    def places(self) -> list[Place]:
        """How far each partition is read."""
        return [Place(*row) for row in self._base.execute("SELECT topic, partition, next, behind, id FROM places")]

    def apply(self, changes: Sequence[Change], places: Iterable[Place], now: int) -> None:
        """Writes all of it or nothing. ``now``: UTC ms. Raises Fatal where the file cannot be written."""
        with self._transaction() as base:
            with self._tallying.counting(changes):
                self._write(changes, now)
            moved = [one for one in places if self._places.get(one[:2]) != one]
            base.executemany("INSERT OR REPLACE INTO places VALUES (?, ?, ?, ?, ?)", moved)
            base.execute("INSERT OR REPLACE INTO about VALUES ('read_at', ?)", (now,))
            base.execute("DELETE FROM changes WHERE number <= ?", (self._change - MOST_CHANGES,))
        self._checkpoints.written(len(changes))
        self._places.update((one[:2], one) for one in moved)

    def note(self, name: str, value: int) -> None:
        """Keeps a number about the file itself."""
        self._base.execute("INSERT OR REPLACE INTO about VALUES (?, ?)", (name, value))

    def count(self, table: type[rows.Row]) -> int:
        """How many rows a table has."""
        return int(self._base.execute(f'SELECT count(*) FROM "{schema.table_of(table)}"').fetchone()[0])

    def forget(self, table: type[rows.Row], column: str, before: int) -> int:
        """Deletes the rows of which a time is older; how many. Raises Fatal where the file cannot be written."""
        older = f'FROM "{schema.table_of(table)}" WHERE {column} < ?'
        with self._transaction() as base:
            keys = set[str]()
            if "shipment" in table._fields:
                keys = {one for [one] in base.execute(f"SELECT DISTINCT shipment {older}", (before,))}
            with self._tallying.counting_anew(keys):
                return base.execute(f"DELETE {older}", (before,)).rowcount

    def forget_history_of_none(self) -> int:
        """Deletes what hangs on shipments that are not there; how many rows. Topics are read side by side: the history
        of a shipment may come after the word that it is deleted."""
        self._tallying.forget_held()
        return sum(self._base.execute(
            f"DELETE FROM {table} WHERE shipment NOT IN (SELECT key FROM shipments)"
        ).rowcount for table in HANGS_ON_IT)

    def close(self) -> None:
        """Closes the file and lets others write it."""
        self._checkpoints.close()
        self._base.close()
        self._lock.close()

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """All that is written within, or nothing. Raises Fatal where the file cannot be written."""
        try:
            self._base.execute("BEGIN IMMEDIATE")
            try:
                yield self._base
                self._base.execute("COMMIT")
            except BaseException:
                self._shipments.forget_held()
                self._tallying.forget_held()
                self._base.execute("ROLLBACK")
                raise
        except sqlite3.Error as error:
            raise Fatal(f"the read model cannot be written: {error}") from error

    def _write(self, changes: Sequence[Change], now: int) -> None:
        heard: dict[tuple[str, str], str] = {}
        pending = _Pending()
        for change in changes:
            if isinstance(change, Remove):
                self._put(pending)
                pending = _Pending()
                self._remove(change)
                if change.table is rows.Shipment:
                    heard["shipment", change.key[0]] = ""
            elif isinstance(row := change.row, rows.Shipment):
                pending.shipments[row.key] = change
                heard["shipment", row.key] = BETWEEN.join(sorted({one for one, _ in change.customers or ()}))
            else:
                pending.rows.setdefault(type(row), []).append(row)
                pending.handles.update(((*one, row[0]), None) for one in change.handles)
                if (what := _SHOWN.get(type(row))) is not None:
                    heard[what, str(row[0])] = row.customer if isinstance(row, rows.Order) else ""
        self._put(pending)
        self._shipments.write_counts()
        self._base.executemany("INSERT INTO changes VALUES (?, ?, ?, ?, ?)", [
            (self._change + place, what, key, customers, now)
            for place, ((what, key), customers) in enumerate(heard.items(), 1)
        ])
        self._change += len(heard)

    def _put(self, pending: _Pending) -> None:
        self._shipments.put(pending.shipments.values())
        for table, found in pending.rows.items():
            self._base.executemany(_UPSERTS[table], found)
        self._shipments.name(pending.handles)

    def _remove(self, change: Remove) -> None:
        if change.table is rows.Shipment:
            self._shipments.remove(change.key[0])
        where = " AND ".join(f"{column} = ?" for column in schema.key_columns(change.table))
        self._base.execute(f'DELETE FROM "{schema.table_of(change.table)}" WHERE {where}', change.key)


def readable(file: Path) -> bool:
    """Whether it is a file of this version."""
    try:
        with closing(files.opened(file)) as base:
            return bool(base.execute("PRAGMA user_version").fetchone() == (schema.VERSION,))
    except sqlite3.Error:
        return False


def _locked(file: Path) -> IO[str]:
    """The lock beside the file, held. Raises Fatal where another process holds it."""
    lock = file.with_name(f"{file.name}.lock").open("w", encoding="ascii")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError as error:
        lock.close()
        raise Fatal(f"another process writes the read model {file}: stop it first") from error
    return lock
