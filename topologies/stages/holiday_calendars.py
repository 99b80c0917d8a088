"""``config/holidays.yaml`` and a company's own file: calendars by name, read and checked, and the pauses they make."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec
import yaml
from msgspec import Struct

from connectors.formats.prepared_types import prepared
from streams.feeds.cadence import Pause
from streams.kernel.errors import Fatal

PACKAGED = Path(__file__).parents[2] / "config" / "holidays.yaml"
CHECKED_YEAR = 2024
"""A leap year; calendars are tried on it."""
_DAY = re.compile(r"(?:(\d{4})-)?(\d\d)-(\d\d)")
LANGUAGE = "en_US"
"""Sets the language of the holidays' names; a country without a translation has its own. Else they would depend on the
machine's."""


class Calendar(Struct, frozen=True, forbid_unknown_fields=True):
    """One calendar, as the file has it: the holidays of a country, and a company's own days (name -> day)."""

    zone: str
    country: str | None = None
    subdivision: str | None = None
    categories: tuple[str, ...] = ()
    days: dict[str, str] = {}


def load(path: Path | None = None) -> dict[str, Calendar]:
    """The packaged calendars, with those of a file beside them, or in their place where the name is the same.

    Raises Fatal naming file, calendar and field.
    """
    return {**_read(PACKAGED), **({} if path is None else _read(path))}


def _read(path: Path) -> dict[str, Calendar]:
    try:
        calendars = msgspec.convert(yaml.safe_load(path.read_text("utf-8")), prepared(dict[str, Calendar]))
    except (OSError, UnicodeDecodeError, yaml.YAMLError, msgspec.ValidationError) as error:
        raise Fatal(f"{path}: {error}") from error
    for name, calendar in calendars.items():
        _check(path, name, calendar)
    return calendars


def _check(path: Path, name: str, calendar: Calendar) -> None:
    try:
        ZoneInfo(calendar.zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise Fatal(f"{path}: {name}.zone: {calendar.zone!r} is no IANA time zone") from error
    try:
        _of_the_country(calendar, CHECKED_YEAR)
    except (NotImplementedError, ValueError) as error:
        raise Fatal(f"{path}: {name}: {error}; the library holidays lists what there is") from error
    for day, text in calendar.days.items():
        try:
            _on(text, CHECKED_YEAR)
        except ValueError as error:
            raise Fatal(f"{path}: {name}.days.{day}: {text!r} is no day: write 12-24 or 2026-12-24") from error


def followed(calendars: Mapping[str, Calendar], name: str | None, feed: str) -> Calendar | None:
    """The calendar a feed follows, None where it follows none. Raises Fatal where there is no such one."""
    if name is None or name in calendars:
        return None if name is None else calendars[name]
    raise Fatal(f"feed {feed} follows the calendar {name!r}; there is {', '.join(sorted(calendars))}")


def pauses(calendar: Calendar, year: int) -> tuple[Pause, ...]:
    """The holidays of a year and of its neighbours, in order of time."""
    zone = ZoneInfo(calendar.zone)
    found = []
    for one in (year - 1, year, year + 1):
        own = {day: name for name, text in calendar.days.items() if (day := _on(text, one)) is not None}
        for day, name in {**_of_the_country(calendar, one), **own}.items():
            next_day = day + timedelta(days=1)
            begins = datetime(day.year, day.month, day.day, tzinfo=zone)
            ends = datetime(next_day.year, next_day.month, next_day.day, tzinfo=zone)
            found.append(Pause(_ms(begins), _ms(ends), name))
    return tuple(sorted(found, key=lambda pause: pause.begins))


def _of_the_country(calendar: Calendar, year: int) -> dict[date, str]:
    """The holidays of one year. Raises NotImplementedError or ValueError for a country, a part or a kind of day that
    the library does not have."""
    if calendar.country is None:
        return {}
    from holidays import country_holidays  # a third of a second: only the feeds stage needs it

    found = country_holidays(
        calendar.country, calendar.subdivision, years=year, expand=False, language=LANGUAGE,
        categories=calendar.categories or None,
    )
    return {day: name for day, name in found.items() if day.year == year}


def _on(text: str, year: int) -> date | None:
    """The day in that year; None for one of another year. Raises ValueError where it is none."""
    match = _DAY.fullmatch(text)
    if match is None:
        raise ValueError(text)
    day = date(int(match[1] or CHECKED_YEAR), int(match[2]), int(match[3]))
    if match[1]:
        return day if day.year == year else None
    try:
        return day.replace(year=year)
    except ValueError:
        return None  # 29 February


def year_of(at_ms: int) -> int:
    """The year, UTC."""
    return datetime.fromtimestamp(at_ms / 1000, UTC).year


def _ms(at: datetime) -> int:
    return round(at.timestamp() * 1000)
