"""Reads a warehouse's table of picks and packings: each row confirms one line of one ERP delivery.

A file may be cut anywhere, so each row is a confirmation of its own, NUMBER/LINE; one that comes again takes the place
of the earlier one.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice
from math import isfinite
from typing import Any

from connectors.formats.room import LINE_BYTES, Room
from connectors.mapping.declared.refusals import MergedRejects
from connectors.mapping.declared.schema import Picks
from connectors.mapping.documents.adapter import LOOKED_AT, DecodeRows
from connectors.mapping.values.times import Unreadable, stamp_moment
from streams.contracts.warehouse import WmsConfirmation, WmsLine, WmsParcel
from streams.intake.adapter import Parsed, RawContext
from streams.intake.payload_shape import SAMPLED, shape
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

KINDS = ("picked", "packed", "shipped", "short")


class PicksAdapter:
    """Maps the rows of one warehouse's files. ``zone``: of times without an offset."""

    def __init__(self, feed: str, picks: Picks, read: DecodeRows, zone: str) -> None:
        self.feed = feed
        self._picks, self._read, self._zone = picks, read, zone

    def parse(self, body: bytes, context: RawContext) -> Parsed:
        """Every row as a confirmation; one that cannot be used adds a reject with its line number. Raises Reject
        ``empty`` if every line is blank, ``malformed`` for more lines than have room in the body."""
        parsed, rejects, number = Parsed([], []), MergedRejects(), 0
        room = Room(len(body), LINE_BYTES, "lines")
        for number, row in self._read(body):
            room.take()
            try:
                if isinstance(row, Reject):
                    raise row
                parsed.confirmations.append(self._confirmation(row, context))
            except Reject as reject:
                rejects.add(reject.as_value(), f"line {number}: ")
        if not number:
            raise Reject(RejectReason.EMPTY, "no line with anything in it")
        parsed.rejects = rejects.merged()
        return parsed

    def shape(self, body: bytes) -> set[str]:
        """Return the columns of the first lines. Raises Reject if the table cannot be decoded."""
        first = (row for _, row in islice(self._read(body), LOOKED_AT) if not isinstance(row, Reject))
        return {part for row in islice(first, SAMPLED) for part in shape(row)}

    def _confirmation(self, row: Mapping[str, Any], context: RawContext) -> WmsConfirmation:
        """The confirmation of one row. Raises Reject that names the column."""
        picks = self._picks
        delivery, line = _due(row, picks.delivery), _due(row, picks.line)
        number, kind = _due(row, picks.number), (_text(row, picks.kind) or "packed").lower()
        if kind not in KINDS:
            raise Reject(RejectReason.CONTRACT_BROKEN, f"{kind!r} is none of {', '.join(KINDS)}", picks.kind)
        parcel, weight = _text(row, picks.parcel), _number(row, picks.weight_kg)
        return WmsConfirmation(
            f"{number}/{line}", delivery, _text(row, picks.order) or None, picks.warehouse, kind,
            self._at(row, context), None, [],
            [WmsLine(
                line, _text(row, picks.sku), _number(row, picks.ordered), _number(row, picks.quantity) or 0.0,
                _text(row, picks.unit) or None, None,
            )],
            [WmsParcel(parcel, weight)] if parcel and weight is not None else [],
        )

    def _at(self, row: Mapping[str, Any], context: RawContext) -> int:
        text = _text(row, self._picks.at)
        if not text:
            return context.received_at
        try:
            return stamp_moment(text, lambda: self._zone).at_ms
        except Unreadable as error:
            raise Reject(RejectReason.INVALID_TIME, f"{text!r} is no time", self._picks.at) from error


def _text(row: Mapping[str, Any], column: str) -> str:
    return str(row.get(column) or "").strip() if column else ""


def _due(row: Mapping[str, Any], column: str) -> str:
    found = _text(row, column)
    if not found:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{column} is empty, or there is no such column", column)
    return found


def _number(row: Mapping[str, Any], column: str) -> float | None:
    text = _text(row, column)
    if not text:
        return None
    try:
        found = float(text)
    except ValueError:
        found = -1.0
    if not isfinite(found) or found < 0:
        raise Reject(RejectReason.CONTRACT_BROKEN, f"{text!r} is no quantity; write it as 12 or 12.5", column)
    return found
