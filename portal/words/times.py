"""Times as pages and the API show them. All are UTC milliseconds; None stands for a time nobody has stated."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

SECOND, MINUTE, HOUR, DAY = 1_000, 60_000, 3_600_000, 86_400_000
_FIRST, _LATEST = -62_135_596_800_000, 253_402_300_799_999
"""The years 1 to 9999: RFC 3339 has no others."""


def rfc_3339(at_ms: int) -> str:
    """``2026-09-21T14:13:20.000Z`` of UTC milliseconds; the first or last instant of the calendar beyond it."""
    seconds, milliseconds = divmod(min(max(at_ms, _FIRST), _LATEST), 1000)
    at = datetime.fromtimestamp(seconds, UTC).replace(microsecond=milliseconds * 1000)
    return at.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(at: int, offset_minutes: int = 0) -> datetime | None:
    """The time in a zone so far from UTC; None where no calendar has it."""
    if not 0 <= at + offset_minutes * MINUTE <= _LATEST:
        return None
    return datetime.fromtimestamp(at // 1000, UTC).astimezone(timezone(timedelta(minutes=offset_minutes)))


def iso(at: int | None) -> str:
    """``2026-09-21T14:13:20Z``; empty for None."""
    found = None if at is None else moment(at)
    return "" if found is None else f"{found:%Y-%m-%dT%H:%M:%S}Z"


def utc(at: int | None) -> str:
    """``Mon 21 Sep 2026, 14:13 UTC``; "not known" for None."""
    found = None if at is None else moment(at)
    return "not known" if found is None else f"{found:%a} {found.day} {found:%b %Y, %H:%M} UTC"


def clock(at: int, now: int) -> str:
    """``14:13 UTC`` where that is the UTC day of ``now``, else ``21 Sep 14:13 UTC``."""
    found, today = moment(at), moment(now)
    if found is None:
        return "not known"
    day = "" if today is not None and found.date() == today.date() else f"{found.day} {found:%b} "
    return f"{day}{found:%H:%M} UTC"


def local(at: int, offset_minutes: int | None) -> str:
    """``16:13 +02:00`` at the place of the event, with the day where it is another than in UTC; "zone not known" where
    the offset is None."""
    if offset_minutes is None or abs(offset_minutes) >= 24 * 60:
        return "zone not known"
    found, there = moment(at), moment(at, offset_minutes)
    if found is None or there is None:
        return "not known"
    sign, size = "-" if offset_minutes < 0 else "+", abs(offset_minutes)
    day = f"{there:%a} {there.day}, " if there.date() != found.date() else ""
    return f"{day}{there:%H:%M} {sign}{size // 60:02}:{size % 60:02}"


def span(length: int) -> str:
    """A length of time in its largest unit: ``5 min``, ``3 h``, ``2 d``."""
    size = abs(length)
    if size < MINUTE:
        return f"{size // SECOND} s"
    if size < HOUR:
        return f"{size // MINUTE} min"
    if size < 2 * DAY:
        return f"{size // HOUR} h"
    return f"{size // DAY} d"


def ago(at: int | None, now: int) -> str:
    """``3 h ago``, ``in 2 d``; "never" for None."""
    if at is None:
        return "never"
    return f"in {span(at - now)}" if at > now else f"{span(now - at)} ago"
