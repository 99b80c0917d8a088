"""``config/holidays.yaml``: calendars by name, read and checked, and the pauses they make."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml
from msgspec import Struct

from streams.feeds.cadence import Pause
from streams.feeds.holidays import days_of
from streams.kernel.errors import Fatal

PACKAGED = Path(__file__).parents[2] / "config" / "holidays.yaml"
CHECKED_YEAR = 2024
"""A leap year; rules are tried on it."""


class Calendar(Struct, frozen=True, forbid_unknown_fields=True):
    """One calendar, as the file has it. ``days``: name -> rule."""

    zone: str
    source: str
    days: dict[str, str]


def load(path: Path | None = None) -> dict[str, Calendar]:
    """The calendars of a file, the packaged one by default. Raises Fatal naming file, calendar and day."""
    path = path or PACKAGED
    try:
        calendars = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), dict[str, Calendar])
    except (OSError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise Fatal(f"{path}: {error}") from error
    for name, calendar in calendars.items():
        _check(path, name, calendar)
    return calendars


def _check(path: Path, name: str, calendar: Calendar) -> None:
    try:
        ZoneInfo(calendar.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Fatal(f"{path}: {name}.zone: {calendar.zone!r} is no IANA time zone") from error
    for day, rule in calendar.days.items():
        try:
            days_of(rule, CHECKED_YEAR)
        except ValueError as error:
            raise Fatal(f"{path}: {name}.days.{day}: {error}") from error


def followed(calendars: Mapping[str, Calendar], name: str | None, feed: str) -> Calendar | None:
    """The calendar a feed follows, None where it follows none. Raises Fatal where there is no such one."""
    if name is None or name in calendars:
        return None if name is None else calendars[name]
    raise Fatal(f"feed {feed} follows the calendar {name!r}; the holidays file has {', '.join(sorted(calendars))}")


def pauses(calendar: Calendar, year: int) -> tuple[Pause, ...]:
    """The holidays of a year and of its neighbours, in order of time."""
    zone = ZoneInfo(calendar.zone)
    found = []
    for name, rule in calendar.days.items():
        for one in (year - 1, year, year + 1):
            for day in days_of(rule, one):
                begins = datetime(day.year, day.month, day.day, tzinfo=zone)
                next_day = day + timedelta(days=1)
                ends = datetime(next_day.year, next_day.month, next_day.day, tzinfo=zone)
                found.append(Pause(_ms(begins), _ms(ends), name))
    return tuple(sorted(found, key=lambda pause: pause.begins))


def year_of(at_ms: int) -> int:
    """The year, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).year


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
