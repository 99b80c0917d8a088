"""Tells until when a recipient is not to be disturbed. Times are UTC ms."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from streams.contracts.recipients import Recipient

MINUTE_MS = 60_000
DAY_MINUTES = 24 * 60


def zone_of(name: str) -> tzinfo:
    """The time zone of this IANA name; UTC for a name that nobody knows."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return UTC


def quiet_until(recipient: Recipient | None, now_ms: int) -> int | None:
    """The end of the quiet hours that it is in now; None: it may be told."""
    if recipient is None or recipient.quiet_from is None or recipient.quiet_until is None:
        return None
    begins, ends = recipient.quiet_from % DAY_MINUTES, recipient.quiet_until % DAY_MINUTES
    zone = zone_of(recipient.time_zone)
    local = (datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=now_ms)).astimezone(zone)
    minute = local.hour * 60 + local.minute
    over_midnight = begins > ends
    inside = minute >= begins or minute < ends if over_midnight else begins <= minute < ends
    if not inside:
        return None
    day = local.date() + timedelta(days=over_midnight and minute >= begins)
    end = datetime.combine(day, time(ends // 60, ends % 60), zone)
    # Where the clock is put back, the hour may come twice: look again in a minute.
    return max(round(end.timestamp() * 1000), now_ms + MINUTE_MS)
