"""Reads dead letters from the read model, and which of them people have replayed."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from msgspec import msgpack

from connectors.formats.prepared_types import prepared
from connectors.read_store.connections import Connections
from connectors.read_store.pages import Page, cursor_of, position_of
from streams.contracts.audit import AuditAction
from streams.contracts.model import DeadLetter
from streams.kernel.audit_vocabulary import ActionOutcome, SubjectKind

_PLACE = ("step", "origin_topic", "origin_partition", "origin_offset")
_BY = ("failed_at", *_PLACE)


class LetterFilter(NamedTuple):
    """Which dead letters a list shows; None: all."""

    feed: str | None = None
    step: str | None = None
    reason: str | None = None


class LetterReads(Connections):
    """The dead letters."""

    def dead_letters(self, limit: int, cursor: str | None = None, wanted: LetterFilter = LetterFilter()) -> Page[
        DeadLetter
    ]:
        """The newest first. Raises WrongCursor, and Transient where there is no file that can be read."""
        where = [f"{name} = ?" for name, value in wanted._asdict().items() if value is not None]
        given: list[object] = [value for value in wanted if value is not None]
        if cursor is not None:
            where.append(f"({', '.join(_BY)}) < (?, ?, ?, ?, ?)")
            given += position_of(cursor, (int, str, str, int, int))
        which = f" WHERE {' AND '.join(where)}" if where else ""
        rows = self._rows(
            f"SELECT {', '.join(_BY)}, doc FROM dead_letters{which}"
            f" ORDER BY {', '.join(f'{one} DESC' for one in _BY)} LIMIT ?", *given, limit + 1,
        )
        found = [msgpack.decode(row[-1], type=prepared(DeadLetter)) for row in rows[:limit]]
        return Page(found, cursor_of(tuple(rows[limit - 1][:-1])) if len(rows) > limit else None)

    def dead_letter(self, place: str) -> DeadLetter | None:
        """The letter named ``STEP/TOPIC/PARTITION/OFFSET``; None where there is none."""
        parts = place.rsplit("/", len(_PLACE) - 1)
        if len(parts) != len(_PLACE) or not all(one.isascii() and one.isdigit() for one in parts[2:]):
            return None
        rows = self._rows(
            f"SELECT doc FROM dead_letters WHERE {' AND '.join(f'{one} = ?' for one in _PLACE)}",
            parts[0], parts[1], int(parts[2][:18]), int(parts[3][:18]),
        )
        return msgpack.decode(rows[0][0], type=prepared(DeadLetter)) if rows else None

    def kinds_of_letters(self) -> list[tuple[str, str]]:
        """Every step and reason there are letters of."""
        return [(step, reason) for step, reason in self._rows(
            "SELECT DISTINCT step, reason FROM dead_letters ORDER BY step, reason"
        )]

    def replays(self, letters: Iterable[DeadLetter]) -> dict[str, AuditAction]:
        """The last replay of each letter that was replayed, by its place; those that failed count as none."""
        places = list(dict.fromkeys(one.place for one in letters))
        rows = self._rows(
            f"SELECT doc FROM actions WHERE subject IN ({', '.join('?' * len(places))}) AND subject_kind = ?"
            " ORDER BY at, action_id", *places, SubjectKind.DEAD_LETTER.value,
        )
        actions = (msgpack.decode(doc, type=prepared(AuditAction)) for [doc] in rows)
        return {one.subject: one for one in actions if one.outcome is ActionOutcome.TAKEN}
