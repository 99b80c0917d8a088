"""Connections to the read model, one a thread, to the generation that is current."""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, msgpack

from connectors.formats.prepared_types import prepared
from connectors.read_store import files
from connectors.read_store.pages import Page, cursor_of, position_of
from connectors.read_store.schema import VERSION
from streams.kernel.errors import Transient

T = TypeVar("T", bound=Struct)


class Connections:
    """The read model in a folder, for reading. Close it when done."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet."""
        self._folder = folder
        self._mine = threading.local()
        self._all: dict[threading.Thread, sqlite3.Connection] = {}

    def close(self) -> None:
        """Closes the connections of all threads."""
        for thread in list(self._all):
            self._all.pop(thread).close()

    def _rows(self, query: str, *given: object) -> list[Any]:
        try:
            return self._connection().execute(query, given).fetchall()
        except sqlite3.Error as error:
            raise Transient(f"the read model in {self._folder} cannot be read: {error}") from error

    def _newest_first(
        self, table: str, key: str, kind: type[T], where: Sequence[str], given: Sequence[object], limit: int,
        cursor: str | None,
    ) -> Page[T]:
        """A page of a table's documents by ``at`` and ``key``. ``where``: conditions that all hold, with ``given`` for
        their places. Raises WrongCursor, Transient."""
        conditions, values = list(where), list(given)
        if cursor is not None:
            conditions.append(f"(at, {key}) < (?, ?)")
            values += position_of(cursor, (int, str))
        which = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        rows = self._rows(
            f"SELECT at, {key}, doc FROM {table}{which} ORDER BY at DESC, {key} DESC LIMIT ?", *values, limit + 1
        )
        found = [msgpack.decode(doc, type=prepared(kind)) for _, _, doc in rows[:limit]]
        return Page(found, cursor_of(rows[limit - 1][:2]) if len(rows) > limit else None)

    def _connection(self) -> sqlite3.Connection:
        """This thread's connection, to the generation that is current."""
        file = files.current(self._folder)
        if file is None:
            raise Transient(f"there is no read model in {self._folder} yet: shipsync up or shipsync views follow")
        known: sqlite3.Connection | None = getattr(self._mine, "base", None)
        if known is not None:
            if self._mine.file == file:
                return known
            known.close()
        for thread in [one for one in list(self._all) if not one.is_alive()]:
            self._all.pop(thread).close()
        base = files.opened(file, check_same_thread=False)
        base.execute("PRAGMA mmap_size = 1073741824")
        if base.execute("PRAGMA user_version").fetchone() != (VERSION,):
            base.close()
            raise Transient(f"the read model {file} is of another version: shipsync views rebuild")
        self._mine.base, self._mine.file = base, file
        self._all[threading.current_thread()] = base
        return base
