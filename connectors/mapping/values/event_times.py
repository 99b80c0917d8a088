"""Compiles ``time`` and ``eta`` of a document to functions from a row to a Moment."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from msgspec.structs import replace

from connectors.mapping.declared.schema import Time
from connectors.mapping.documents.paths import Row, Texts
from connectors.mapping.values.times import (
    DATE_ONLY,
    DAY_MS,
    INSTANT,
    LOCAL_NO_ZONE,
    MINUTE_MS,
    MISSING_TIME,
    Midnight,
    Moment,
    Unreadable,
    clock_ms,
    day_ms,
    epoch_moment,
    local_moment,
    patterned_moment,
    stamp_moment,
    stated_offset,
)
from streams.kernel.errors import Reject
from streams.kernel.memo import is_short
from streams.kernel.vocabulary import RejectReason

TimeReader = Callable[[Row], Moment | None]
ZoneOf = Callable[[Row], str]
ISO = "iso"
_MAX_SHOWN = 80
_MAX_CACHED_DAYS = 5_000


def unreadable(path: str, text: str) -> Reject:
    """Return a Reject ``invalid_time`` that names the field and shows its text."""
    shown = text if len(text) <= _MAX_SHOWN else text[:_MAX_SHOWN] + "..."
    return Reject(RejectReason.INVALID_TIME, f"{path}: {shown!r} is no time", path)


def time_reader(specs: Sequence[Time], texts: Texts, zone_of: ZoneOf) -> TimeReader:
    """Compile the entries of ``time`` or ``eta``. The function returns the first Moment found, None if all are missing.

    An unreadable way gives way to the next, and the Moment says so. If no other is there, the function raises Reject
    ``invalid_time`` that names the field and its value.
    """
    readers = [_single_reader(spec, texts, zone_of) for spec in specs]
    if len(readers) == 1:
        return readers[0]

    def read(row: Row) -> Moment | None:
        unread: Reject | None = None
        for read_one in readers:
            try:
                moment = read_one(row)
            except Reject as reject:
                unread = unread or reject
                continue
            if moment is not None:
                return moment if unread is None else replace(moment, fallback=True)
        if unread is not None:
            raise unread
        return None

    return read


def _single_reader(spec: Time, texts: Texts, zone_of: ZoneOf) -> TimeReader:
    if spec.zone is not None:
        return _stated_zone(replace(spec, zone=None), spec.zone, texts)
    patterns = [spec.pattern] if isinstance(spec.pattern, str) else spec.pattern or []
    if spec.stamp is not None:
        digits = _digits_of(spec)
        if patterns:
            read = _patterned(spec.stamp, patterns, texts, zone_of, digits)
        else:
            read = _stamp(spec.stamp, texts, zone_of, _midnight_of(spec), digits)
        return read if spec.offset is None else _with_offset(read, spec.offset, texts)
    if spec.received:
        return lambda _: MISSING_TIME
    if spec.epoch is not None:
        return _epoch(spec.epoch, texts)
    if spec.utc is not None:
        return _utc(spec, spec.utc, texts)
    return _local(spec, spec.local or [], patterns, texts, zone_of)


def _digits_of(spec: Time) -> int:
    return 0 if spec.clock is None else len(spec.clock)


def _midnight_of(spec: Time) -> Midnight:
    if spec.midnight == "date":
        return Midnight.DATE
    return Midnight.BARE_DATE if spec.bare_midnight == "date" else Midnight.TIME


def _patterned(path: str, patterns: Sequence[str], texts: Texts, zone_of: ZoneOf, digits: int) -> TimeReader:
    slot = texts.slot(path)

    def read(row: Row) -> Moment | None:
        text = row[slot]
        if text is None:
            return None
        for pattern in patterns:
            try:
                if pattern == ISO:
                    return stamp_moment(text, lambda: zone_of(row), digits=digits)
                return patterned_moment(text, pattern, lambda: zone_of(row))
            except Unreadable:
                continue
        raise unreadable(path, text)

    return read


def _stated_zone(spec: Time, zone_name: str, texts: Texts) -> TimeReader:
    """Read a time in the zone that ``carrier.yaml`` states, not as assumed; UTC gives no offset of the place."""
    read = _single_reader(spec, texts, lambda _: zone_name)

    def read_adjusted(row: Row) -> Moment | None:
        moment = read(row)
        if moment is None or not moment.assumed:
            return moment
        precision = INSTANT if moment.precision is LOCAL_NO_ZONE else moment.precision
        return Moment(moment.at_ms, None if zone_name == "UTC" else moment.offset_minutes, False, precision)

    return read_adjusted


def _with_offset(read: TimeReader, path: str, texts: Texts) -> TimeReader:
    """Apply the offset in a second field: to a local time without one, or as the offset of the place to a UTC time."""
    slot = texts.slot(path)

    def read_adjusted(row: Row) -> Moment | None:
        moment = read(row)
        offset = _read_offset(row[slot], path)
        if moment is None or offset is None or (moment.offset_minutes is not None and not moment.assumed):
            return moment
        if not moment.assumed:
            return Moment(moment.at_ms, offset, False, INSTANT)
        clock = moment.at_ms + (moment.offset_minutes or 0) * MINUTE_MS
        return Moment(clock - offset * MINUTE_MS, offset, False, INSTANT)

    return read_adjusted


def _epoch(path: str, texts: Texts) -> TimeReader:
    slot = texts.slot(path)

    def read(row: Row) -> Moment | None:
        text = row[slot]
        if text is None:
            return None
        try:
            return epoch_moment(text)
        except Unreadable as error:
            raise unreadable(path, text) from error

    return read


def _stamp(path: str, texts: Texts, zone_of: ZoneOf, midnight: Midnight, digits: int) -> TimeReader:
    slot = texts.slot(path)

    def read(row: Row) -> Moment | None:
        text = row[slot]
        if text is None:
            return None
        try:
            return stamp_moment(text, lambda: zone_of(row), midnight, digits)
        except Unreadable as error:
            raise unreadable(path, text) from error

    return read


def _day_reader(patterns: Sequence[str]) -> Callable[[str], int]:
    """Return a function from a date to its midnight in ms; without patterns it reads ISO 8601."""
    if not patterns:
        return day_ms
    known = [None if pattern == ISO else pattern for pattern in patterns]

    def read_day(date: str) -> int:
        for pattern in known[:-1]:
            try:
                return day_ms(date, pattern)
            except Unreadable:
                continue
        return day_ms(date, known[-1])

    return read_day


def _date_and_clock(
    date: str, clock: str, paths: Sequence[str], digits: int = 0, read_day: Callable[[str], int] = day_ms
) -> int:
    try:
        day = read_day(date)
    except Unreadable as error:
        raise unreadable(paths[0], date) from error
    try:
        return day + clock_ms(clock, digits)
    except Unreadable as error:
        raise unreadable(paths[1], clock) from error


def _utc(spec: Time, paths: Sequence[str], texts: Texts) -> TimeReader:
    local, digits = spec.local, _digits_of(spec)
    date_slot, clock_slot = texts.slot(paths[0]), texts.slot(paths[1])
    local_date_slot, local_clock_slot = texts.slots(local) or (date_slot, clock_slot)
    local_paths = local or paths
    offset_slot = texts.slot(spec.offset) if spec.offset else None

    def read(row: Row) -> Moment | None:
        date, clock = row[date_slot], row[clock_slot]
        if date is None or clock is None:
            return None
        utc = _date_and_clock(date, clock, paths, digits)
        stated = None if offset_slot is None else _readable_offset(row[offset_slot])
        if stated is not None:
            return Moment(utc, stated, False, INSTANT)
        date, clock = row[local_date_slot], row[local_clock_slot]
        if local is None or date is None or clock is None:
            return Moment(utc, None, False, INSTANT)
        try:
            difference = _date_and_clock(date, clock, local_paths, digits) - utc
        except Reject:
            # The local time gives no more than the offset of the place.
            return Moment(utc, None, False, INSTANT)
        offset = round(difference / MINUTE_MS)
        return Moment(utc, offset if -840 <= offset <= 840 else None, False, INSTANT)

    return read


def _readable_offset(text: str | None) -> int | None:
    try:
        return None if text is None else stated_offset(text)
    except Unreadable:
        return None


def _local(spec: Time, paths: Sequence[str], patterns: Sequence[str], texts: Texts, zone_of: ZoneOf) -> TimeReader:
    date_slot = texts.slot(paths[0])
    clock_slot = texts.slot(paths[1]) if len(paths) > 1 else None
    offset_slot = texts.slot(spec.offset) if spec.offset else None
    midnight_is_date = _midnight_of(spec) is not Midnight.TIME
    read_day, digits = _day_reader(patterns), _digits_of(spec)
    days: dict[tuple[str, str], Moment] = {}

    def read(row: Row) -> Moment | None:
        date = row[date_slot]
        if date is None:
            return None
        clock = None if clock_slot is None else row[clock_slot]
        if clock is None:
            key = (date, zone_of(row))
            return days.get(key) or whole_day(*key)
        local = _date_and_clock(date, clock, paths, digits, read_day)
        offset = None if offset_slot is None else _read_offset(row[offset_slot], spec.offset or "")
        if offset is not None:
            return Moment(local - offset * MINUTE_MS, offset, False, INSTANT)
        date_only = midnight_is_date and not local % DAY_MS
        return local_moment(local, zone_of(row), DATE_ONLY if date_only else LOCAL_NO_ZONE)

    def whole_day(date: str, zone: str) -> Moment:
        try:
            moment = local_moment(read_day(date), zone, DATE_ONLY)
        except Unreadable as error:
            raise unreadable(paths[0], date) from error
        if len(days) < _MAX_CACHED_DAYS and is_short(date):
            days[date, zone] = moment
        return moment

    return read


def _read_offset(text: str | None, path: str) -> int | None:
    if text is None:
        return None
    try:
        return stated_offset(text)
    except Unreadable as error:
        raise unreadable(path, text) from error


def end_of_day(moment: Moment) -> int:
    """Return an estimate in ms UTC; a date without a time is its last second."""
    return moment.at_ms + DAY_MS - 1000 if moment.precision is DATE_ONLY else moment.at_ms
