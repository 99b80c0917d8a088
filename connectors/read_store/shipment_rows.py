"""Writes the shipments of the read model and what is kept beside their rows: whose they are, numbers, counts."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from msgspec import json, msgpack

from streams.read_model import rows
from streams.read_model.rows import KINDS_OF_STATES, Put
from streams.read_model.tallies import ShipmentFacts

MOST_HELD = 100_000
"""Shipments remembered as they were written last."""
HANGS_ON_IT = ("events", "customer_words", "handles")
"""Tables of which the rows go with their shipment."""
_OF_STATES = ", ".join(f"'{kind}'" for kind in sorted(KINDS_OF_STATES))
_COLUMNS = rows.Shipment._fields
_INSERT = (
    f"INSERT INTO shipments (number, links, {', '.join(_COLUMNS)}) VALUES (?, ?, {', '.join('?' * len(_COLUMNS))})"
)
_UPDATE = f"UPDATE shipments SET links = ?, {', '.join(f'{one} = ?' for one in _COLUMNS[1:])} WHERE number = ?"
_KNOWN = (
    "SELECT key, number, updated_at, links, carrier, status, punctuality, exception, delivered_at, archived"
    " FROM shipments WHERE key IN (SELECT value FROM json_each(?))"
)
_ADD_HANDLE = "INSERT OR IGNORE INTO handles VALUES (?, ?, ?)"
_encode, _encode_keys = msgpack.Encoder().encode, json.Encoder().encode
_Links = tuple[tuple[tuple[str, str], ...], tuple[tuple[str, str], ...]]
_decode = msgpack.Decoder(_Links).decode
_Group = tuple[str, str, str, str]
"""Shipments that are counted together: by carrier, status, punctuality and open exception."""


class _Known(NamedTuple):
    """A shipment as the store holds it before a change. ``links``: its customers with the punctuality for each, and the
    numbers its state names."""

    number: int
    updated_at: int
    links: bytes
    carrier: str
    status: str
    punctuality: str
    exception: str
    delivered_at: int | None
    archived: int

    @property
    def group(self) -> _Group:
        """Shipments it is counted with."""
        return self[3:7]


class ShipmentRows:
    """The shipments of one file, which this process alone writes. All methods raise sqlite3.Error."""

    def __init__(self, base: sqlite3.Connection) -> None:
        self._base = base
        self._held: dict[str, _Known | None] = {}
        self._groups: dict[_Group, int] = {}
        self._last: int | None = None

    def facts(self, key: str) -> tuple[str, ShipmentFacts] | None:
        """The carrier of a shipment and what is counted of its state; None where there is none."""
        known = self._known(key)
        if known is None:
            return None
        return known.carrier, ShipmentFacts(known.status, known.punctuality, known.delivered_at, known.archived)

    def read_ahead(self, keys: Sequence[str]) -> None:
        """Look up shipments that are about to change, all at once."""
        if len(self._held) >= MOST_HELD:
            self._held.clear()
        self._look_up([key for key in keys if key not in self._held])

    def forget_held(self) -> None:
        """To be called where a transaction was rolled back."""
        self._held.clear()
        self._groups.clear()
        self._last = None

    def put(self, changes: Iterable[Put]) -> None:
        """Writes shipments; each is named once."""
        new, renewed = list[tuple[object, ...]](), list[tuple[object, ...]]()
        gone, theirs, unnamed = list[tuple[object, ...]](), list[tuple[object, ...]](), list[tuple[str]]()
        handles: list[tuple[str, str, str]] = []
        for change in changes:
            row, customers = change.row, change.customers or ()
            assert isinstance(row, rows.Shipment), "a shipment is put"
            links, before = _encode((customers, change.handles)), self._known(row.key)
            if before is None:
                number = self._next_number()
                new.append((number, links, *row))
            else:
                number = before.number
                renewed.append((links, *row[1:], number))
            now = _Known(
                number, row.updated_at, links, row.carrier, row.status, row.punctuality, row.exception,
                row.delivered_at, row.archived,
            )
            self._held[row.key] = now
            self._count(before, now)
            if before is None or (before.updated_at, before.links) != (row.updated_at, links):
                if before is not None:
                    gone += _customer_keys(before)
                theirs += [(customer, row.updated_at, number, stands) for customer, stands in customers]
            if before is None or (before.links != links and _decode(before.links)[1] != _decode(links)[1]):
                if before is not None:
                    unnamed.append((row.key,))
                handles += [(*one, row.key) for one in change.handles]
        self._base.executemany(_INSERT, new)
        self._base.executemany(_UPDATE, renewed)
        self._forget_customers(gone)
        self._base.executemany("INSERT INTO shipment_customers VALUES (?, ?, ?, ?)", theirs)
        self._base.executemany(f"DELETE FROM handles WHERE shipment = ? AND kind IN ({_OF_STATES})", unnamed)
        self.name(handles)

    def name(self, handles: Iterable[tuple[str, str, str]]) -> None:
        """Adds numbers by which shipments are found: number, kind, shipment."""
        self._base.executemany(_ADD_HANDLE, handles)

    def remove(self, key: str) -> None:
        """Takes away all that hangs on a shipment, but not its row."""
        before = self._known(key)
        self._held.pop(key, None)
        if before is not None:
            self._count(before, None)
            self._forget_customers(_customer_keys(before))
        for table in HANGS_ON_IT:
            self._base.execute(f"DELETE FROM {table} WHERE shipment = ?", (key,))

    def write_counts(self) -> None:
        """Writes how the numbers of shipments alike have changed; to be called once, at the end of a transaction."""
        changed = [(*group, by) for group, by in self._groups.items() if by]
        self._groups.clear()
        self._base.executemany(
            "INSERT INTO shipment_counts VALUES (?, ?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET number = number + excluded.number", changed,
        )
        if changed:
            self._base.execute("DELETE FROM shipment_counts WHERE number = 0")

    def _known(self, key: str) -> _Known | None:
        """The shipment as the file holds it; of those written lately it is remembered, as nobody else writes."""
        if key not in self._held:
            self._look_up([key])
        return self._held[key]

    def _look_up(self, keys: Sequence[str]) -> None:
        self._held |= dict.fromkeys(keys)
        for key, *row in self._base.execute(_KNOWN, (_encode_keys(keys),)):
            self._held[key] = _Known(*row)

    def _next_number(self) -> int:
        if self._last is None:
            self._last = int(self._base.execute("SELECT coalesce(max(number), 0) FROM shipments").fetchone()[0])
        self._last += 1
        return self._last

    def _count(self, before: _Known | None, now: _Known | None) -> None:
        for known, by in ((before, -1), (now, 1)):
            if known is not None:
                self._groups[known.group] = self._groups.get(known.group, 0) + by

    def _forget_customers(self, which: Iterable[tuple[object, ...]]) -> None:
        self._base.executemany(
            "DELETE FROM shipment_customers WHERE customer = ? AND updated_at = ? AND shipment = ?", which
        )


def _customer_keys(known: _Known) -> list[tuple[object, ...]]:
    return [(customer, known.updated_at, known.number) for customer, _ in _decode(known.links)[0]]

