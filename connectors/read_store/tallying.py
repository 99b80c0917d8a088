"""Keeps the sums of what is counted of shipments, while rows are written."""

from __future__ import annotations

import sqlite3
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager

from msgspec import json

from connectors.read_store.shipment_rows import ShipmentRows
from streams.read_model import rows
from streams.read_model.rows import Change, Put, Remove
from streams.read_model.tallies import (
    EventFacts,
    PostingFacts,
    ShipmentFacts,
    Tally,
    is_plain,
    of_event,
    of_whole,
    tallies,
)

MOST_HELD = 10_000
"""Shipments of which the facts are remembered as they were counted last."""
_POINTING = {
    rows.Alert: ("alerts", "alert_id = ?"), rows.ManualDecision: ("manual_decisions", "kind = ? AND subject = ?"),
}
"""Tables whose rows name a shipment, may name another when written again, or go without naming it."""
_EVENTS = (
    f"SELECT shipment, {', '.join(EventFacts._fields)} FROM events"
    " WHERE shipment IN (SELECT value FROM json_each(?))"
)
_POSTINGS = f"SELECT {', '.join(PostingFacts._fields)} FROM postings WHERE shipment = ?"
_TOUCHED = (
    "SELECT EXISTS (SELECT 1 FROM alerts WHERE shipment = ?1 AND hands > 0)"
    " OR EXISTS (SELECT 1 FROM manual_decisions WHERE shipment = ?1 AND shipment <> '')"
)
Sums = dict[tuple[str, Tally], int]
_EventKey = tuple[int, str, str]


class _Facts:
    """One shipment, as far as it is counted."""

    __slots__ = ("carrier", "events", "shipment")

    def __init__(self, found: tuple[str, ShipmentFacts] | None, events: dict[_EventKey, EventFacts]) -> None:
        self.carrier = "" if found is None else found[0]
        self.shipment = None if found is None else found[1]
        self.events = events


class Tallying:
    """The sums in one file, which this process alone writes."""

    def __init__(self, base: sqlite3.Connection, shipments: ShipmentRows) -> None:
        self._base, self._shipments = base, shipments
        self._held: dict[str, _Facts] = {}

    @contextmanager
    def counting(self, changes: Sequence[Change]) -> Iterator[None]:
        """Changes the sums by these changes, which are written within. Raises sqlite3.Error."""
        others = self._touched(changes)
        plain: dict[str, list[rows.Shipment | rows.Event]] = {}
        for change in changes:
            if isinstance(change, Put) and isinstance(change.row, rows.Shipment | rows.Event):
                key = change.row[0]
                if key not in others:
                    plain.setdefault(key, []).append(change.row)
        self._read_ahead(list(plain))
        sums: Sums = {}
        for key, written in plain.items():
            if self._is_moved(key, written):
                others.add(key)
            else:
                self._add_rows(key, written, sums)
        with self.counting_anew(others, sums):
            yield

    @contextmanager
    def counting_anew(self, keys: AbstractSet[str], sums: Sums | None = None) -> Iterator[None]:
        """Changes the sums, beside those that are given, by whatever is written within about these shipments. Raises
        sqlite3.Error."""
        sums = {} if sums is None else sums
        for key in keys:
            self._put(self._facts(key), self._all(key), -1, sums)
            del self._held[key]
        yield
        for key in keys:
            self._put(self._facts(key), self._all(key), 1, sums)
        self._write(sums)

    def forget_held(self) -> None:
        """To be called where a transaction was rolled back."""
        self._held.clear()

    def _touched(self, changes: Iterable[Change]) -> set[str]:
        """The keys of the shipments whose numbers may change by something else than a state or an event, as long as
        nothing is written yet."""
        found: set[str] = set()
        for change in changes:
            table = change.table if isinstance(change, Remove) else type(change.row)
            if table in _POINTING:
                name, where = _POINTING[table]
                key = change.key if isinstance(change, Remove) else change.row[:rows.KEYS[table]]
                found.update(one for [one] in self._base.execute(f"SELECT shipment FROM {name} WHERE {where}", key))
            if isinstance(change, Remove):
                if table is rows.Shipment:
                    found.add(change.key[0])
            elif isinstance(change.row, rows.Posting | rows.Alert | rows.ManualDecision):
                found.add(change.row.shipment)
        found.discard("")
        return found

    def _read_ahead(self, keys: Sequence[str]) -> None:
        if len(self._held) >= MOST_HELD:
            self._held.clear()
        wanted = [key for key in keys if key not in self._held]
        self._shipments.read_ahead(wanted)
        self._look_up(wanted)

    def _facts(self, key: str) -> _Facts:
        if key not in self._held:
            self._look_up([key])
        return self._held[key]

    def _look_up(self, keys: Sequence[str]) -> None:
        found: dict[str, dict[_EventKey, EventFacts]] = {key: {} for key in keys}
        for key, *row in self._base.execute(_EVENTS, (json.encode(keys),)):
            event = EventFacts(*row)
            found[key][_key_of(event)] = event
        self._held.update((key, _Facts(self._shipments.facts(key), events)) for key, events in found.items())

    def _all(self, key: str) -> Counter[Tally]:
        facts = self._facts(key)
        if facts.shipment is None:
            return Counter()
        return tallies(facts.shipment, [*facts.events.values()], *self._beside(key, facts.shipment))

    def _of_whole(self, key: str, facts: _Facts) -> Counter[Tally]:
        if facts.shipment is None or is_plain(facts.shipment, facts.events.values()):
            return Counter()
        return of_whole(facts.shipment, [*facts.events.values()], *self._beside(key, facts.shipment))

    def _beside(self, key: str, shipment: ShipmentFacts) -> tuple[list[PostingFacts], bool]:
        """The postings of a shipment that is delivered, and whether a person did something about it."""
        if not shipment.is_delivered:
            return [], False
        [touched] = self._base.execute(_TOUCHED, (key,)).fetchone()
        return [PostingFacts(*row) for row in self._base.execute(_POSTINGS, (key,))], bool(touched)

    def _is_moved(self, key: str, written: Iterable[rows.Shipment | rows.Event]) -> bool:
        """Whether another carrier's name stands in the state of a shipment."""
        facts = self._facts(key)
        return facts.shipment is not None and any(
            isinstance(one, rows.Shipment) and one.carrier != facts.carrier for one in written
        )

    def _add_rows(self, key: str, written: Iterable[rows.Shipment | rows.Event], sums: Sums) -> None:
        """Changes the sums by rows of one shipment that are put into the place of others with their keys."""
        facts = self._facts(key)
        was_known, before = facts.shipment is not None, self._of_whole(key, facts)
        if was_known:
            self._put(facts, before, -1, sums)
        changed: dict[_EventKey, EventFacts | None] = {}
        for row in written:
            if isinstance(row, rows.Shipment):
                facts.carrier = row.carrier
                facts.shipment = ShipmentFacts(row.status, row.punctuality, row.delivered_at, row.archived)
            else:
                event = _facts_of(row)
                earlier = facts.events.get(place := _key_of(event))
                changed.setdefault(place, earlier)
                if earlier is not None and earlier.told_at < event.told_at:
                    event = event._replace(told_at=earlier.told_at)
                facts.events[place] = event
        if facts.shipment is None:
            return
        self._put(facts, self._of_whole(key, facts), 1, sums)
        for place in changed if was_known else facts.events:
            self._put(facts, of_event(facts.events[place]), 1, sums)
            if was_known and (former := changed[place]) is not None:
                self._put(facts, of_event(former), -1, sums)

    @staticmethod
    def _put(facts: _Facts, numbers: Counter[Tally] | list[Tally], sign: int, sums: Sums) -> None:
        for tally, number in numbers.items() if isinstance(numbers, Counter) else ((one, 1) for one in numbers):
            place = facts.carrier, tally
            sums[place] = sums.get(place, 0) + sign * number

    def _write(self, sums: Sums) -> None:
        changed = [
            (one.measure, one.day, carrier, one.bucket, by) for (carrier, one), by in sums.items() if by
        ]
        self._base.executemany(
            "INSERT INTO tallies VALUES (?, ?, ?, ?, ?) ON CONFLICT DO UPDATE SET number = number + excluded.number",
            changed,
        )
        self._base.executemany(
            "DELETE FROM tallies WHERE measure = ? AND day = ? AND carrier = ? AND bucket = ? AND number = 0",
            [one[:4] for one in changed if one[4] < 0],
        )


def _key_of(event: EventFacts) -> _EventKey:
    return event.occurred_at, event.event_id, event.correction


def _facts_of(row: rows.Event) -> EventFacts:
    return EventFacts(
        row.event_id, row.correction, row.feed, row.milestone, row.occurred_at, row.received_at, row.told_at,
        row.corrects, row.origin, row.exact, row.unmapped, row.proof, row.promised_at,
    )
