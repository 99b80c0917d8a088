"""The days of a year on which a rule of ``config/holidays.yaml`` falls.

``2026-12-24`` is one day, ``12-25`` one of each year, ``third monday of 01``, ``last monday of 05``, ``monday before
05-25``, ``saturday after 06-19`` and ``easter -2`` are found. ``01-01 or monday if weekend`` is also the next Monday,
where it falls on a Saturday or a Sunday.
"""

from __future__ import annotations

import re
from datetime import date, timedelta

_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_ORDINALS = {"first": 1, "second": 2, "third": 3, "fourth": 4}
_DAY = f"({'|'.join(_WEEKDAYS)})"
_ONE_DATE = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_EACH_YEAR = re.compile(r"(\d\d)-(\d\d)")
_NTH = re.compile(rf"({'|'.join(_ORDINALS)}|last) {_DAY} of (\d\d)")
_BESIDE = re.compile(rf"{_DAY} (before|after) (\d\d)-(\d\d)")
_EASTER = re.compile(r"easter(?: ([+-]\d+))?")
_ALSO = re.compile(rf" or {_DAY} if ({'|'.join(_WEEKDAYS)}|weekend)")


def days_of(rule: str, year: int) -> list[date]:
    """The days of ``year`` the rule names, in order. Raises ValueError where it is no rule."""
    base = _ALSO.sub("", rule)
    day = _base_day(base, year)
    if day is None or day.year != year:
        return []
    found = {day}
    for weekday, falls_on in _ALSO.findall(rule):
        if day.weekday() >= 5 if falls_on == "weekend" else _WEEKDAYS[day.weekday()] == falls_on:
            found.add(_next(day, _WEEKDAYS.index(weekday)))
    return sorted(found)


def _base_day(rule: str, year: int) -> date | None:
    if match := _ONE_DATE.fullmatch(rule):
        return date(*map(int, match.groups()))
    if match := _EACH_YEAR.fullmatch(rule):
        return _in_year(year, *map(int, match.groups()))
    if match := _EASTER.fullmatch(rule):
        return easter(year) + timedelta(days=int(match[1] or 0))
    if match := _NTH.fullmatch(rule):
        return _nth(match[1], _WEEKDAYS.index(match[2]), int(match[3]), year)
    if match := _BESIDE.fullmatch(rule):
        day, weekday = date(year, int(match[3]), int(match[4])), _WEEKDAYS.index(match[1])
        return _next(day, weekday) if match[2] == "after" else _next(day - timedelta(days=8), weekday)
    raise ValueError(
        f"{rule!r} is no day: write 12-25, 2026-12-24, third monday of 01, monday before 05-25 or easter -2"
    )


def _in_year(year: int, month: int, day: int) -> date | None:
    """The day; None for 29 February of another year."""
    if (month, day) == (2, 29) and (year % 4 or (not year % 100 and year % 400)):
        return None
    return date(year, month, day)


def _nth(ordinal: str, weekday: int, month: int, year: int) -> date:
    if ordinal == "last":
        return _next(date(year + month // 12, month % 12 + 1, 1) - timedelta(days=8), weekday)
    return _next(date(year, month, 1) - timedelta(days=1), weekday) + timedelta(weeks=_ORDINALS[ordinal] - 1)


def _next(day: date, weekday: int) -> date:
    """The first such weekday after ``day``."""
    return day + timedelta(days=(weekday - day.weekday() - 1) % 7 + 1)


def easter(year: int) -> date:
    """Easter Sunday of the Gregorian calendar (Meeus, Jones and Butcher)."""
    golden, century, rest = year % 19, year // 100, year % 100
    skipped, leap = century // 4, century % 4
    moon = (century + 8) // 25
    epact = (19 * golden + century - skipped - (century - moon + 1) // 3 + 15) % 30
    letter = (32 + 2 * leap + 2 * (rest // 4) - epact - rest % 4) % 7
    late = (golden + 11 * epact + 22 * letter) // 451
    month, day = divmod(epact + letter - 7 * late + 114, 31)
    return date(year, month, day + 1)
