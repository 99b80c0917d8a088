"""Reads what a carrier estimates of the delivery: the newest statement, and the window that it states."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from connectors.mapping.declared.schema import Time
from connectors.mapping.documents.paths import Row, Texts
from connectors.mapping.values.event_times import TimeReader, ZoneOf, end_of_day, time_reader
from connectors.mapping.values.times import Moment
from streams.contracts.model import CarrierEvent
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import Precision

_DAY_MS = 86_400_000


class _Way(NamedTuple):
    """One entry of ``eta``. ``date``: the path of its date, where its clock stands beside it; else empty."""

    read: TimeReader
    read_beginning: TimeReader | None
    date: str


class Estimates:
    """The compiled ``eta`` of a document."""

    def __init__(self, spec: Sequence[Time], texts: Texts, zone_of: ZoneOf) -> None:
        self._ways = [
            _Way(
                time_reader([one], texts, zone_of),
                None if one.begins is None else time_reader([one.begins], texts, zone_of),
                one.local[0] if one.local is not None and len(one.local) > 1 else "",
            )
            for one in spec
        ]

    def set_on(self, event: CarrierEvent, row: Row) -> None:
        """Set the first estimate that can be read (ms UTC; a date without a time is its end), and the beginning of its
        window where that is before its end. An unreadable one costs the estimate, not the scan that came with it."""
        chosen = self._chosen(row)
        if chosen is None:
            return
        way, until = chosen
        event.estimated_delivery_at = end_of_day(until)
        begins = None if way.read_beginning is None else _read(way.read_beginning, row)
        if begins is None or begins.at_ms >= event.estimated_delivery_at:
            return
        if _has_time(begins) or event.estimated_delivery_at - begins.at_ms >= _DAY_MS:
            event.estimated_delivery_from = begins.at_ms

    def _chosen(self, row: Row) -> tuple[_Way, Moment] | None:
        """Return the first entry that can be read. A date whose clock is missing gives way to a clock that a later
        entry has for the same date."""
        chosen: tuple[_Way, Moment] | None = None
        for way in self._ways:
            if chosen is not None and way.date != chosen[0].date:
                continue
            until = _read(way.read, row)
            if until is not None and (chosen is None or _has_time(until)):
                chosen = way, until
                if _has_time(until) or not way.date:
                    return chosen
        return chosen


def _has_time(moment: Moment) -> bool:
    return moment.precision is not Precision.DATE_ONLY


def _read(read: TimeReader, row: Row) -> Moment | None:
    try:
        return read(row)
    except Reject:
        return None
