"""Parses carriers' dates and times to ms UTC, and keeps their offset and precision.

Days and offsets repeat, so that bounded caches hold them; a text seen before needs no ``datetime`` object.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from zoneinfo import ZoneInfo

from msgspec import Struct

from streams.kernel.memo import is_short
from streams.kernel.vocabulary import Precision

DAY_MS = 86_400_000
HOUR_MS = 3_600_000
MINUTE_MS = 60_000
INSTANT, DATE_ONLY, LOCAL_NO_ZONE = Precision.INSTANT, Precision.DATE_ONLY, Precision.LOCAL_NO_ZONE
_EPOCH_DAY = date(1970, 1, 1).toordinal()
_MAX_CACHED_DAYS = 20_000
_MAX_CACHED_OFFSETS = 20_000
_FIRST_YEAR, _LAST_YEAR = 1900, 9998
_FIRST_MS, _LAST_MS = ((date(year, 1, 1).toordinal() - _EPOCH_DAY) * DAY_MS for year in (_FIRST_YEAR, _LAST_YEAR + 1))
_UTC_ALONE = frozenset({"Z", "z", "-00:00", "UTC"})
"""Offsets that give UTC but not the offset of the place (RFC 9557, section 2.2)."""
_UTC_NAMES = {"Z": 0, "z": 0, "UTC": 0, "GMT": 0, "": None}


class Moment(Struct, frozen=True, gc=False):
    """A time that a carrier stated. ``at_ms``: ms UTC; ``offset_minutes``: of the place, minutes east of UTC, None if
    unknown; ``assumed``: the carrier stated neither offset nor zone; ``fallback``: an earlier way to read it was
    unreadable."""

    at_ms: int
    offset_minutes: int | None
    assumed: bool
    precision: Precision
    fallback: bool = False


MISSING_TIME = Moment(0, None, True, INSTANT)
"""The Moment of a scan without a time."""
UNREADABLE_TIME = Moment(0, None, True, INSTANT, True)
"""The Moment of a scan whose time cannot be read."""


class Unreadable(ValueError):
    """The text is no date, time or offset."""


_MINUTES = {
    f"{hours:02}{colon}{minutes:02}": hours * HOUR_MS + minutes * MINUTE_MS
    for colon in ("", ":") for hours in range(24) for minutes in range(60)
}
_SECONDS = {f"{seconds:02}": seconds * 1000 for seconds in range(61)}
_CLOCK = re.compile(r"(\d{1,2}):(\d{1,2})(?::(\d{1,2})(?:[.,](\d+))?)?", re.ASCII)
_OFFSET = re.compile(r"(?:GMT|UTC)?([+-])(\d{1,2})(?::?(\d{2}))?(?::00)?", re.ASCII)
_STAMP = re.compile(
    r"(\d{4})-?(\d{1,2})-?(\d{1,2})(?:(?:[Tt]| +)(\d[\d:.,]*(?: ?[AaPp][Mm])?)|(\d{4,6})) *([^\d\s].*)?", re.ASCII
)
_days: dict[str, int] = {}
_offsets: dict[tuple[str, int], int] = {}
_stated_offsets: dict[str, int | None] = dict(_UTC_NAMES)


def day_ms(text: str, pattern: str | None = None) -> int:
    """Return midnight of ``20240423``, ``2024-04-23`` or a date in ``pattern`` (strptime), in ms since 1970.

    Raises Unreadable, also for years before 1900 and after 9998.
    """
    key = text if pattern is None else f"{pattern} {text}"
    cached = _days.get(key)
    if cached is not None:
        return cached
    try:
        found = _parse_day(text, pattern)
        if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
            raise Unreadable(text)
    except ValueError as error:
        raise Unreadable(text) from error
    if len(_days) >= _MAX_CACHED_DAYS:
        _days.clear()
    result = (found.toordinal() - _EPOCH_DAY) * DAY_MS
    if is_short(key):
        _days[key] = result
    return result


def _parse_day(text: str, pattern: str | None) -> date:
    if pattern is not None:
        return datetime.strptime(" ".join(text.split()), pattern).replace(tzinfo=UTC).date()
    if len(text) == 8 and is_digits(text):
        return date(int(text[:4]), int(text[4:6]), int(text[6:]))
    if len(text) == 10 and text[4] == text[7] == "-" and is_digits(text[:4] + text[5:7] + text[8:]):
        return date(int(text[:4]), int(text[5:7]), int(text[8:]))
    raise Unreadable(text)


def clock_ms(text: str, digits: int = 0) -> int:
    """Return ms since midnight of ``1530``, ``153059``, ``15:30``, ``15:30:59.5`` or ``3:30 pm``, and of forms that
    lost leading zeros: ``9:47:1``, ``94700``.

    ``digits``: 4 or 6, how many digits the carrier writes where it writes no colons; without it a number of up to four
    digits is hours and minutes if it can be, else minutes and seconds. Raises Unreadable.
    """
    try:
        if len(text) == 6:
            return _MINUTES[text[:4]] + _SECONDS[text[4:]]
        if len(text) == 8 and text[2] == text[5] == ":":
            return _MINUTES[text[:5]] + _SECONDS[text[6:]]
    except KeyError:
        pass
    if text[-1:] in "mM" and text:
        return _half_day_ms(text)
    if is_digits(text):
        return _digits_ms(text, digits)
    found = _CLOCK.fullmatch(text)
    if found is None:
        raise Unreadable(text)
    return _day_part_ms(found[1], found[2], found[3] or "0", found[4] or "", text)


def _digits_ms(text: str, digits: int) -> int:
    """Read a clock without colons; 7 and 8 digits hold tenths and hundredths of a second (X12 data element 337)."""
    if len(text) > 8 or (not digits and len(text) < 3):
        raise Unreadable(text)
    if len(text) <= 4 and digits != 6:
        full = text.rjust(4, "0")
        if digits or int(full[:2]) < 24:
            return _day_part_ms(full[:2], full[2:], "0", "", text)
    full = text.rjust(6, "0")
    return _day_part_ms(full[:2], full[2:4], full[4:6], full[6:], text)


def _day_part_ms(hours: str, minutes: str, seconds: str, fraction: str, text: str) -> int:
    hour, minute, second = int(hours), int(minutes), int(seconds)
    if hour > 23 or minute > 59 or second > 60:
        raise Unreadable(text)
    return ((hour * 60 + minute) * 60 + second) * 1000 + int(fraction[:3].ljust(3, "0"))


def _half_day_ms(text: str) -> int:
    """Return the ms since midnight of ``9 pm``, ``9:24 pm`` or ``12:05:09 AM``. Raises Unreadable."""
    digits, half = text[:-2].strip(), text[-2:].lower()
    hours, _, rest = digits.partition(":")
    if half not in ("am", "pm") or not is_digits(hours) or not 1 <= int(hours) <= 12:
        raise Unreadable(text)
    return clock_ms(f"{int(hours) % 12 + (12 if half == 'pm' else 0):02}:{rest or '00'}")


def is_digits(text: str) -> bool:
    """Return True for the digits 0 to 9 alone; ``str.isdigit`` accepts ² and ٣ as well."""
    return text.isascii() and text.isdigit()


def stated_offset(text: str) -> int | None:
    """Return the minutes east of UTC of ``-05:00``, ``-5:00``, ``+0100``, ``+1``, ``Z``, ``GMT-08:00``; None for an
    empty text. Raises Unreadable, also beyond 14 hours."""
    if text in _stated_offsets:
        return _stated_offsets[text]
    found = _OFFSET.fullmatch(text.strip())
    if found is None:
        raise Unreadable(text)
    minutes = int(found[2] or 0) * 60 + int(found[3] or 0)
    if minutes > 14 * 60 or int(found[3] or 0) > 59:
        raise Unreadable(text)
    minutes = -minutes if found[1] == "-" else minutes
    if len(_stated_offsets) < _MAX_CACHED_OFFSETS and is_short(text):
        _stated_offsets[text] = minutes
    return minutes


@cache
def zone(name: str) -> ZoneInfo:
    """Return the IANA zone of this name. Raises ZoneInfoNotFoundError."""
    return ZoneInfo(name)


def offset_in(zone_name: str, local_ms: int) -> int:
    """Return the minutes east of UTC of a zone at local time ``local_ms``; the earlier of two (fold=0)."""
    key = (zone_name, local_ms // HOUR_MS)
    cached = _offsets.get(key)
    if cached is not None:
        return cached
    local = datetime.fromtimestamp(local_ms / 1000, UTC).replace(tzinfo=zone(zone_name))
    delta = local.utcoffset()
    result = 0 if delta is None else round(delta.total_seconds() / 60)
    if len(_offsets) >= _MAX_CACHED_OFFSETS:
        _offsets.clear()
    _offsets[key] = result
    return result


def local_moment(local_ms: int, zone_name: str, precision: Precision) -> Moment:
    """Return the Moment of local time ``local_ms`` (ms since 1970) in an assumed zone."""
    offset = offset_in(zone_name, local_ms)
    return Moment(local_ms - offset * MINUTE_MS, offset, True, precision)


class Midnight(StrEnum):
    """The meaning of 00:00:00 in a stamp: the time; the date if no offset is given; or always the date."""

    TIME = "time"
    BARE_DATE = "bare_date"
    DATE = "date"


def stamp_moment(text: str, zone_of: Callable[[], str], midnight: Midnight = Midnight.TIME, digits: int = 0) -> Moment:
    """Parse ISO 8601 and similar forms: ``2024-08-20T12:41:57-04:00``, ``...Z``, ``2024-08-20 12:41:57``, a date, the
    basic form ``20240820T124157Z``, and what Java and .NET write: no seconds, nine digits of them, a zone in brackets.

    A date, and a time without an offset, are in the zone ``zone_of()``; ``digits``: as in :func:`clock_ms`. Raises
    Unreadable.
    """
    try:
        local, offset_text = _iso_parts(text)
        offset = None if offset_text is None else stated_offset(offset_text)
    except Unreadable:
        local, offset_text = _other_parts(text, digits)
        offset = None if offset_text is None else stated_offset(offset_text)
    if offset_text is None:
        return local_moment(local, zone_of(), DATE_ONLY)
    if not local % DAY_MS and (midnight is Midnight.DATE or (offset is None and midnight is Midnight.BARE_DATE)):
        return local_moment(local, zone_of(), DATE_ONLY)
    if offset is not None:
        place_offset = None if offset_text in _UTC_ALONE else offset
        return Moment(local - offset * MINUTE_MS, place_offset, False, INSTANT)
    return local_moment(local, zone_of(), LOCAL_NO_ZONE)


def _iso_parts(text: str) -> tuple[int, str | None]:
    """Return local time and offset of the usual form; without an offset, it is empty, without a clock None."""
    local, rest = day_ms(text[:10]), text[10:]
    if not rest:
        return local, None
    if rest[0] not in "T t":
        raise Unreadable(text)
    clock, offset_text = _clock_and_offset(rest[1:])
    return local + clock_ms(clock), _without_zone_name(offset_text)


def _other_parts(text: str, digits: int) -> tuple[int, str | None]:
    """Return the parts of a form that lacks zeros or separators."""
    if len(text) == 8 and is_digits(text):
        return day_ms(text), None
    found = _STAMP.fullmatch(text)
    if found is None:
        raise Unreadable(text)
    clock = found[4] or found[5]
    offset_text = _without_zone_name((found[6] or "").strip())
    return day_ms(f"{found[1]}-{found[2]:0>2}-{found[3]:0>2}") + clock_ms(clock, digits), offset_text


def _without_zone_name(offset_text: str) -> str:
    """Return the offset without the zone's name that Java adds: ``+01:00[Europe/Berlin]``."""
    return offset_text.partition("[")[0] if offset_text.endswith("]") else offset_text


def _clock_and_offset(text: str) -> tuple[str, str]:
    if text[8:9] in ("", "Z", "+", "-") and text[2:3] == text[5:6] == ":":
        return text[:8], text[8:]
    for index in range(1, len(text)):
        if text[index] in "Zz+-GU[ ":
            return text[:index], text[index:].strip()
    return text, ""


def patterned_moment(text: str, pattern: str, zone_of: Callable[[], str]) -> Moment:
    """Parse a stamp in ``pattern`` (strptime). Without an offset it is in the zone ``zone_of()``; without an hour it is
    a date. Raises Unreadable.
    """
    try:
        found = datetime.strptime(" ".join(text.split()), pattern)  # noqa: DTZ007
    except ValueError as error:
        raise Unreadable(text) from error
    if not _FIRST_YEAR <= found.year <= _LAST_YEAR:
        raise Unreadable(text)
    local = (found.toordinal() - _EPOCH_DAY) * DAY_MS
    local += ((found.hour * 60 + found.minute) * 60 + found.second) * 1000 + found.microsecond // 1000
    offset = found.utcoffset()
    if offset is not None:
        minutes = round(offset.total_seconds() / 60)
        return Moment(local - minutes * MINUTE_MS, minutes, False, INSTANT)
    clock = "%H" in pattern or "%I" in pattern
    return local_moment(local, zone_of(), LOCAL_NO_ZONE if clock else DATE_ONLY)


_NET_TICKS_1970 = 621_355_968_000_000_000
_NET_DATE = re.compile(r"/Date\((-?\d{1,17})([+-]\d{4})?\)/")


def epoch_moment(text: str) -> Moment:
    """Parse s, ms or us since 1970, .NET ticks (100 ns since the year 1), chosen by magnitude, or ``/Date(ms+hhmm)/``.

    Raises Unreadable.
    """
    net = _NET_DATE.fullmatch(text)
    if net is not None:
        return _epoch_ms_moment(int(net[1]), stated_offset(net[2]) if net[2] else None, text)
    whole, _, fraction = text.partition(".")
    if not is_digits(whole) or (fraction and not is_digits(fraction)) or len(whole) > 18:
        raise Unreadable(text)
    number = int(whole)
    if number < 100_000_000_000:
        return _epoch_ms_moment(number * 1000 + int(fraction[:3].ljust(3, "0") or 0), None, text)
    if number < 100_000_000_000_000:
        return _epoch_ms_moment(number, None, text)
    if number < 100_000_000_000_000_000:
        return _epoch_ms_moment(number // 1000, None, text)
    return _epoch_ms_moment((number - _NET_TICKS_1970) // 10_000, None, text)


def _epoch_ms_moment(at_ms: int, offset: int | None, text: str) -> Moment:
    if not _FIRST_MS <= at_ms <= _LAST_MS:
        raise Unreadable(text)
    return Moment(at_ms, offset, False, INSTANT)
