"""The filters that people saved: a name for the query of a list, for each person."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import NamedTuple

from streams.kernel.errors import Transient

FILE = "portal.sqlite3"
MOST = 50
"""Filters that one person may keep for one list."""
BUSY_SECONDS = 5.0
_TABLE = (
    "CREATE TABLE IF NOT EXISTS filters (id INTEGER PRIMARY KEY AUTOINCREMENT, person TEXT NOT NULL,"
    " list TEXT NOT NULL, name TEXT NOT NULL, query TEXT NOT NULL, UNIQUE (person, list, name)) STRICT"
)


class SavedFilter(NamedTuple):
    """A filter. ``of_list``: the list it belongs to; ``query``: that part of the address, without a question mark."""

    id: int
    of_list: str
    name: str
    query: str


class TooMany(Exception):
    """The person keeps as many filters for the list as there may be."""


class Taken(Exception):
    """Another filter of the person has the name."""


class SavedFilters:
    """The filters in a folder. Several processes may use it. All methods raise Transient where the file cannot be used;
    a person neither sees nor changes the filters of another."""

    def __init__(self, folder: Path) -> None:
        """Opens nothing yet."""
        self._file = folder / FILE

    def of(self, person: str, of_list: str) -> list[SavedFilter]:
        """The person's filters for a list, by name."""
        if not self._file.exists():
            return []
        with self._open() as base:
            found = base.execute(
                "SELECT id, list, name, query FROM filters WHERE person = ? AND list = ? ORDER BY name COLLATE NOCASE",
                (person, of_list),
            )
            return [SavedFilter(*row) for row in found]

    def one(self, person: str, number: int) -> SavedFilter | None:
        """The person's filter of this number; None where it has none."""
        with self._open() as base:
            found = base.execute(
                "SELECT id, list, name, query FROM filters WHERE id = ? AND person = ?", (number, person)
            ).fetchone()
        return None if found is None else SavedFilter(*found)

    def save(self, person: str, of_list: str, name: str, query: str) -> None:
        """Keeps it, in the place of the one with this name. Raises TooMany."""
        with self._open() as base:
            [[others]] = base.execute(
                "SELECT count(*) FROM filters WHERE person = ? AND list = ? AND name <> ?", (person, of_list, name)
            ).fetchall()
            if others >= MOST:
                raise TooMany
            base.execute(
                "INSERT INTO filters (person, list, name, query) VALUES (?, ?, ?, ?)"
                " ON CONFLICT DO UPDATE SET query = excluded.query", (person, of_list, name, query),
            )

    def rename(self, person: str, number: int, name: str) -> SavedFilter | None:
        """The filter with its new name; None where the person has none of this number. Raises Taken."""
        with self._open() as base:
            try:
                found = base.execute(
                    "UPDATE filters SET name = ? WHERE id = ? AND person = ? RETURNING id, list, name, query",
                    (name, number, person),
                ).fetchone()
            except sqlite3.IntegrityError as error:
                raise Taken from error
        return None if found is None else SavedFilter(*found)

    def delete(self, person: str, number: int) -> SavedFilter | None:
        """The filter that was deleted; None where the person has none of this number."""
        with self._open() as base:
            found = base.execute(
                "DELETE FROM filters WHERE id = ? AND person = ? RETURNING id, list, name, query", (number, person)
            ).fetchone()
        return None if found is None else SavedFilter(*found)

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection with a transaction that is kept where nothing is raised."""
        try:
            if not self._file.exists():
                self._file.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
                self._file.touch(0o600)
            with closing(sqlite3.connect(self._file, timeout=BUSY_SECONDS)) as base, base:
                base.execute("BEGIN IMMEDIATE")
                base.execute(_TABLE)
                yield base
        except (sqlite3.Error, OSError) as error:
            raise Transient(f"{self._file} cannot be used: {error}") from error
