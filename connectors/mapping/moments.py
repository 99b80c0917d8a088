"""The times a document declares, compiled: from the levels of a scan to a moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from connectors.mapping.paths import Levels, Text, text_getter
from connectors.mapping.specification import Time
from connectors.mapping.times import (
    DAY_MS,
    MINUTE_MS,
    Moment,
    Unreadable,
    clock_ms,
    day_ms,
    local_moment,
    stamp_moment,
    stated_offset,
)
from streams.errors import Reject
from streams.vocabulary import Precision, RejectReason

When = Callable[[Levels], Moment | None]
ZoneOf = Callable[[Levels], str]
_LONGEST_SHOWN = 80


def unreadable(path: str, text: str) -> Reject:
    """The time in this field cannot be read."""
    shown = text if len(text) <= _LONGEST_SHOWN else text[:_LONGEST_SHOWN] + "..."
    return Reject(RejectReason.INVALID_TIME, f"{path}: {shown!r} is no time", path)


def teller(specs: Sequence[Time], levels: Sequence[str], zone_of: ZoneOf) -> When:
    """The first way of telling that the scan uses; None where it uses none.

    The getter raises Reject ``invalid_time`` naming the field and its value.
    """
    ways = [_way(spec, levels, zone_of) for spec in specs]
    if len(ways) == 1:
        return ways[0]

    def tell(at: Levels) -> Moment | None:
        for way in ways:
            moment = way(at)
            if moment is not None:
                return moment
        return None

    return tell


def _way(spec: Time, levels: Sequence[str], zone_of: ZoneOf) -> When:
    if spec.stamp is not None:
        return _stamp(spec.stamp, levels, zone_of, spec.bare_midnight == "date")
    if spec.utc is not None:
        return _utc(spec.utc, spec.local, levels)
    return _local(spec, spec.local or [], levels, zone_of)


def _stamp(path: str, levels: Sequence[str], zone_of: ZoneOf, midnight_is_date: bool) -> When:
    text_at = text_getter(path, levels)

    def tell(at: Levels) -> Moment | None:
        text = text_at(at)
        if text is None:
            return None
        try:
            return stamp_moment(text, lambda: zone_of(at), midnight_is_date)
        except Unreadable as error:
            raise unreadable(path, text) from error

    return tell


def _pair(paths: Sequence[str], levels: Sequence[str]) -> Callable[[Levels], int | None]:
    """Milliseconds of a date field and a time field as one clock shows them; None where one is empty."""
    date_path, clock_path = paths
    date_at, clock_at = text_getter(date_path, levels), text_getter(clock_path, levels)

    def read(at: Levels) -> int | None:
        date, clock = date_at(at), clock_at(at)
        if date is None or clock is None:
            return None
        try:
            day = day_ms(date)
        except Unreadable as error:
            raise unreadable(date_path, date) from error
        try:
            return day + clock_ms(clock)
        except Unreadable as error:
            raise unreadable(clock_path, clock) from error

    return read


def _utc(paths: Sequence[str], local: Sequence[str] | None, levels: Sequence[str]) -> When:
    utc_at = _pair(paths, levels)
    local_at = _pair(local, levels) if local else None

    def tell(at: Levels) -> Moment | None:
        utc = utc_at(at)
        if utc is None:
            return None
        shown = local_at(at) if local_at is not None else None
        offset = None if shown is None else (shown - utc) // MINUTE_MS
        if offset is not None and not -14 * 60 <= offset <= 14 * 60:
            offset = None
        return Moment(utc, offset, False, Precision.INSTANT)

    return tell


def _local(spec: Time, paths: Sequence[str], levels: Sequence[str], zone_of: ZoneOf) -> When:
    date_path = paths[0]
    clock_path = paths[1] if len(paths) > 1 else None
    date_at = text_getter(date_path, levels)
    clock_at = text_getter(clock_path, levels) if clock_path else None
    offset_at = text_getter(spec.offset, levels) if spec.offset else None
    midnight_is_date = spec.bare_midnight == "date"

    def tell(at: Levels) -> Moment | None:
        date = date_at(at)
        if date is None:
            return None
        clock = clock_at(at) if clock_at is not None else None
        offset = _read_offset(offset_at, spec.offset or "", at)
        try:
            local = day_ms(date, spec.pattern)
        except Unreadable as error:
            raise unreadable(date_path, date) from error
        if clock is None:
            return local_moment(local, zone_of(at), Precision.DATE_ONLY)
        try:
            local += clock_ms(clock)
        except Unreadable as error:
            raise unreadable(clock_path or date_path, clock) from error
        if offset is not None:
            return Moment(local - offset * MINUTE_MS, offset, False, Precision.INSTANT)
        date_only = midnight_is_date and not local % DAY_MS
        return local_moment(local, zone_of(at), Precision.DATE_ONLY if date_only else Precision.LOCAL_NO_ZONE)

    return tell


def _read_offset(offset_at: Text | None, path: str, at: Levels) -> int | None:
    if offset_at is None:
        return None
    text = offset_at(at)
    if text is None:
        return None
    try:
        return stated_offset(text)
    except Unreadable as error:
        raise unreadable(path, text) from error


def end_of_day(moment: Moment) -> int:
    """UTC ms of an estimate: one given as a date means until the end of that day."""
    return moment.at_ms + DAY_MS - 1000 if moment.precision is Precision.DATE_ONLY else moment.at_ms
