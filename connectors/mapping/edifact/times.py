"""Parses EDIFACT dates and times (DTM, format code of data element 2379)."""

from __future__ import annotations

from connectors.formats.edifact import Segment, at
from connectors.mapping.values.event_times import unreadable
from connectors.mapping.values.times import (
    DATE_ONLY,
    INSTANT,
    LOCAL_NO_ZONE,
    MINUTE_MS,
    Moment,
    Unreadable,
    clock_ms,
    day_ms,
    is_digits,
    local_moment,
    offset_in,
)
from streams.kernel.errors import Reject
from streams.kernel.vocabulary import RejectReason

_SHORT_YEAR = {"101": "date", "201": "minute", "202": "second"}
_LONG = {"102": 8, "203": 12, "204": 14, "205": 12, "208": 14, "303": 12, "304": 14}
_ZONES = {"UTC": 0, "GMT": 0, "CET": 60, "MEZ": 60, "CES": 120, "MES": 120, "EET": 120, "BST": 60, "WET": 0,
          "EST": -300, "EDT": -240, "CST": -360, "CDT": -300, "MST": -420, "MDT": -360, "PST": -480, "PDT": -420}


def moment_of(dtm: Segment, zone: str) -> Moment:
    """Return the Moment of a DTM; a time without an offset is in ``zone``.

    Raises Reject ``invalid_time``, and ``contract_broken`` if the DTM has no date.
    """
    text, form = at(dtm, 1, 1), at(dtm, 1, 2)
    if not text:
        raise Reject(RejectReason.CONTRACT_BROKEN, "a DTM without a date", "DTM-02")
    try:
        return _moment(text, form or {8: "102", 12: "203", 14: "204"}.get(len(text), ""), zone)
    except Unreadable as error:
        raise unreadable("DTM-02", text) from error


def _moment(text: str, form: str, zone: str) -> Moment:
    if form in _SHORT_YEAR:
        text, form = f"20{text}", {"101": "102", "201": "203", "202": "204"}[form]
    digits = _LONG.get(form)
    if digits is None or len(text) < digits or not is_digits(text[:digits]):
        raise Unreadable(text)
    local = day_ms(text[:8])
    if digits == 8:
        return local_moment(local, zone, DATE_ONLY)
    local += clock_ms(text[8:digits])
    offset = _offset(text[digits:].strip(), zone, local)
    if offset is None:
        return local_moment(local, zone, LOCAL_NO_ZONE)
    return Moment(local - offset * MINUTE_MS, offset, False, INSTANT)


def _offset(text: str, zone: str, local: int) -> int | None:
    """Return the minutes east of UTC of ``+0100``, ``-05``, ``UTC``; None for an empty text and unknown names."""
    if not text:
        return None
    sign, rest = text[:1], text[1:].replace(":", "")
    if sign in "+-" and is_digits(rest) and len(rest) in (2, 4):
        minutes = int(rest[:2]) * 60 + int(rest[2:] or 0)
        return -minutes if sign == "-" else minutes
    if text == "LOC":
        return offset_in(zone, local)
    return _ZONES.get(text.upper())
